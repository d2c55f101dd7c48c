"""Who calls and who should ring: one look at what tasks knows already (S0.4)."""

from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts.notices import CallRinging
from libs.common.contracts.shared import CallsGoTo, ContactKind, Customer, Presence
from libs.common.platform.ids import uuid7
from services.tasks.calls.queries import CALLER
from services.tasks.calls.rules import LONGEST_TALK
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, contact, lead_v2, operator, proposal
from tests.tasks.support import START
from tests.tasks.visits import PARTNER_ID, partner

NUMBER, LINE = "+79990000001", "74955550101"
LINKS = {
    "card_link": "https://salons.example/rose",
    "cabinet_link": "https://cabinet.example/rose",
    "site": "https://rose.example",
}


@pytest.fixture
async def staffed(desk: Desk) -> Desk:
    """Anna at 101, Boris at 102, and a partner whose line is known."""
    await desk.receive(operator(ANNA_ID, "anna", extension="101"), operator(BORIS_ID, "boris", extension="102"))
    await desk.receive(partner(lines=(LINE,), **LINKS))
    return desk


async def asked(api: Api, number: str = NUMBER, line: str | None = None, role: str = "service") -> Json:
    params = {"desk": "demo", "number": number, **({"line": line} if line else {})}
    answer = await api.call("GET", "/callers", role=role, params=params)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


def rung(found: Json) -> list[tuple[str, str]]:
    return [(each["extension"] or each["phone"], each["reason"]) for each in found["rings"]]


async def owned(desk: Desk, **changes: object) -> UUID:
    """A lead that Boris owns, and has the task of."""
    lead = lead_v2("callback", **changes)
    await desk.receive(lead)
    [task] = await desk.tasks()
    await desk.receive(proposal(task.task_id, lead.lead_id, operator_id=BORIS_ID))
    return lead.lead_id


@pytest.mark.req("S0.4")
async def test_whoever_is_called_gets_the_partner_the_customer_their_lead_and_task(staffed: Desk, api: Api) -> None:
    lead_id = await owned(staffed, partner_id=PARTNER_ID)
    found = await asked(api, "8 999 000 00 01")
    assert {name: found["partner"][name] for name in LINKS} == LINKS
    assert (found["partner"]["title"], found["customer"]["phone"]) == ("Роза", NUMBER)
    assert (found["lead"]["id"], found["task"]["operator_id"]) == (str(lead_id), str(BORIS_ID))
    assert rung(found) == [("102", "owner"), ("101", "pool")]


@pytest.mark.req("S0.4")
async def test_a_stranger_is_of_the_line_s_partner_and_of_all_who_are_there(staffed: Desk, api: Api) -> None:
    await staffed.receive(contact(operator_id=ANNA_ID, kind=ContactKind.CALL_OUT, duration=9))
    found = await asked(api, "+79991112233", f"+{LINE}")
    assert (found["partner"]["code"], found["customer"], found["lead"], found["task"]) == ("rose", None, None, None)
    assert rung(found) == [("102", "pool"), ("101", "pool")]  # Anna has had a call already


@pytest.mark.req("S0.4")
async def test_calls_go_to_the_partner_whose_operators_take_none(staffed: Desk, api: Api) -> None:
    await staffed.receive(partner(lines=(LINE,), calls_go_to=CallsGoTo.PARTNER, version=2))
    assert rung(await asked(api, "+79991112233", LINE)) == [("+79990000077", "partner")]
    nowhere = partner(lines=(LINE,), calls_go_to=CallsGoTo.PARTNER, version=3, person=Customer(name="Роза"))
    await staffed.receive(nowhere)
    assert len(rung(await asked(api, "+79991112233", LINE))) == 2


@pytest.mark.req("S0.4")
@pytest.mark.parametrize(
    "absent", [{"presence": Presence.CHECKED_OUT}, {"presence": Presence.PAUSED}, {"away": True}]
)
async def test_an_owner_who_is_not_there_is_not_rung(staffed: Desk, api: Api, absent: dict[str, object]) -> None:
    await owned(staffed)
    await staffed.receive(operator(BORIS_ID, "boris", extension="102", **absent))
    assert rung(await asked(api)) == [("101", "pool")]


async def test_who_speaks_comes_last(staffed: Desk, api: Api) -> None:
    await owned(staffed)
    talk = contact(operator_id=BORIS_ID, kind=ContactKind.CALL_IN)
    await staffed.receive(talk)
    busy = rung(await asked(api))
    await staffed.receive(talk.model_copy(update={"duration": 30}))
    assert (busy[0][0], rung(await asked(api))[0][0]) == ("101", "102")


@pytest.mark.req("P.6", "S0.4")
async def test_an_operator_sees_a_colleague_s_customer_only_while_their_own_telephone_rings(
    staffed: Desk, api: Api
) -> None:
    lead_id = await owned(staffed)
    hidden = await asked(api, role="operator")
    ring = contact(kind=ContactKind.CALL_IN, lead_id=lead_id, extension="101", at=START)
    await staffed.receive(ring)
    shown = await asked(api, role="operator")
    await staffed.receive(ring.model_copy(update={"duration": 30}))
    assert [each["customer"] is not None for each in (hidden, shown, await asked(api, role="operator"))] == [
        False, True, False,
    ]  # fmt: skip


@pytest.mark.req("P.6")
async def test_another_desk_is_not_found(staffed: Desk, api: Api) -> None:
    params = {"desk": "other", "number": NUMBER}
    assert (await api.call("GET", "/callers", role="service", params=params)).status_code == 404


@pytest.mark.req("S0.4")
async def test_who_should_ring_is_one_statement_that_reads_no_table_through(staffed: Desk, api: Api) -> None:
    given = ("demo", NUMBER, LINE, START, LONGEST_TALK, "anna")
    async with staffed.ctx.db.begin() as tx:
        await tx.conn.execute("SET LOCAL enable_seqscan = off")
        plan = "\n".join(row[0] for row in await tx.conn.fetch(f"EXPLAIN {CALLER}", *given))
    assert "Seq Scan" not in plan
    assert {"ix_process_phone", "ix_partner_lines", "ix_operator_desks", "ix_call_operator_id"} <= set(
        plan.replace("(", " ").split()
    )


@pytest.mark.req("S0.12")
async def test_a_card_that_is_said_once_more_starts_nothing(desk: Desk) -> None:
    await desk.receive(partner(again=True, calls_go_to=CallsGoTo.PARTNER))
    row = await desk.ctx.db.pool.fetchrow("SELECT calls_go_to FROM partner")
    steps = await desk.ctx.db.pool.fetchval("SELECT count(*) FROM timeline_entry WHERE subject_kind = 'partner'")
    assert (row and row["calls_go_to"], steps) == ("partner", 0)


MISSED_AT = START + timedelta(minutes=1)


@pytest.mark.req("P.11")
async def test_missed_calls_are_counted_by_what_became_of_them(desk: Desk, api: Api) -> None:
    who = [uuid7() for _ in range(5)]
    minutes = {0: 5, 1: 40}  # the first is called back in time, the second late
    desk.clock.advance(timedelta(hours=1))
    await desk.receive(*(contact(customer_id=each, at=MISSED_AT) for each in who[:4]))
    await desk.receive(contact(customer_id=who[4], at=desk.clock.now()))
    back = [(who[n], ContactKind.CALL_OUT, MISSED_AT + timedelta(minutes=after)) for n, after in minutes.items()]
    back.append((who[2], ContactKind.CALL_IN, MISSED_AT + timedelta(minutes=2)))
    back.append((who[2], ContactKind.CALL_OUT, MISSED_AT + timedelta(minutes=3)))
    await desk.receive(*(contact(customer_id=one, kind=kind, at=at, duration=9) for one, kind, at in back))
    params = {"desk": "demo", "created_from": START.isoformat(), "created_to": "2026-03-03T00:00:00Z"}
    found = (await api.call("GET", "/reports/missed-calls", role="supervisor", params=params)).json()
    counts = {name: found[name] for name in ("total", "in_time", "late", "got_through", "waiting", "never")}
    assert counts == {"total": 5, "in_time": 1, "late": 1, "got_through": 1, "waiting": 1, "never": 1}


@pytest.mark.req("P.11")
async def test_in_time_is_by_when_the_playbook_s_task_was_due(desk: Desk, api: Api) -> None:
    lead = lead_v2("callback")
    await desk.receive(lead)  # due in five minutes
    known = {"lead_id": lead.lead_id, "customer_id": lead.customer_id}
    await desk.receive(contact(**known, at=START))
    await desk.receive(contact(**known, kind=ContactKind.CALL_OUT, at=START + timedelta(minutes=10), duration=0))
    params = {"desk": "demo", "created_from": START.isoformat(), "created_to": "2026-03-03T00:00:00Z"}
    found = (await api.call("GET", "/reports/missed-calls", role="supervisor", params=params)).json()
    assert (found["late"], found["total"]) == (1, 1)


@pytest.mark.req("S0.4")
async def test_who_is_called_hears_of_it_while_it_rings_and_once(staffed: Desk) -> None:
    lead_id = await owned(staffed)
    ring = contact(kind=ContactKind.CALL_IN, lead_id=lead_id, extension="102", at=staffed.clock.now())
    taken = ring.model_copy(update={"operator_id": BORIS_ID})
    await staffed.receive(ring)
    await staffed.receive(taken, taken.model_copy(update={"duration": 30}))
    [said] = await staffed.sent(CallRinging)
    assert (said.operator_id, said.lead_id, said.extension) == (BORIS_ID, lead_id, "102")
    assert (said.person and said.person.name, said.person and said.person.phone) == ("Иван", NUMBER)


@pytest.mark.parametrize(
    "changes",
    [
        {"extension": "999"},
        {"extension": None},
        {"kind": ContactKind.MISSED},
        {"at": START - timedelta(minutes=3)},
    ],
    ids=["nobody's", "not known where", "over", "long past"],
)
async def test_what_does_not_ring_with_anyone_is_not_said(staffed: Desk, changes: dict[str, object]) -> None:
    await staffed.receive(contact(**{"kind": ContactKind.CALL_IN, "extension": "101", "at": START, **changes}))
    assert await staffed.sent(CallRinging) == []


@pytest.mark.req("P.11")
async def test_where_a_recording_lies_stood_in_timelines_of_before_and_is_shown_no_more(
    desk: Desk, api: Api
) -> None:
    lead = lead_v2("callback")
    ours = "/intake/v1/contacts/1/recording"
    await desk.receive(lead)
    calls = [contact(lead_id=lead.lead_id, recording=one) for one in ("https://calls.example/1", ours, None)]
    await desk.receive(*calls)
    params = {"lead_id": str(lead.lead_id)}
    steps = (await api.call("GET", "/timeline", role="admin", params=params)).json()["items"]
    shown = [step["facts"]["recording"] for step in steps if "recording" in step["facts"]]
    assert sorted(shown, key=str) == [ours, None, None]
