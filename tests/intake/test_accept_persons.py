"""One identifier, several customers: each has a lead, and a corrected number is recognised."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated, OrderChanged
from services.intake.context import Context
from services.intake.deliveries.batch import Acceptance, Accepted
from services.intake.deliveries.rules import Customer, is_another
from tests.intake.api import Api, lead_of, order, order_in
from tests.intake.payloads import sample
from tests.intake.test_accept_races import blocked, delivery_row, store, uncommitted
from tests.intake.test_authenticate import signed
from tests.intake.test_quarantine import MINUTE, mend, waiting

ONE, TWO = "+79000000001", "+79000000002"
SIGNAL = "other_contact"


def who(name: str = "", phone: str = "", email: str = "", *, valid: bool = True) -> Customer:
    return Customer(name or None, phone if valid and phone else None, phone or None, email or None, valid)


@pytest.mark.parametrize(("known", "said", "another"), [
    (who("First", ONE), who("Second", TWO), True),
    (who("First", ONE, "a@b.ru"), who("Second", TWO, "a@b.ru"), True),
    (who("First", ONE), who("Second", "12", valid=False), True),
    (who("First", ONE), who("Second", "", "c@d.ru"), True),
    (who("First", "", "a@b.ru"), who("Second", "", "c@d.ru"), True),
    (who("", ONE), who("", TWO), True),
    (who("", ONE), who("Second", TWO), True),
    (who("First", ONE), who("", TWO), True),
    (who("", "", "a@b.ru"), who("", "", "c@d.ru"), True),
    (who("Анна", ONE), who("анна  Иванова", TWO), False),
    (who("Алёна", ONE), who("АЛЕНА", "", "c@d.ru"), False),
    (who("First", ONE), who("Second", ONE), False),
    (who("First", "", "a@b.ru"), who("Second", TWO, "a@b.ru"), False),
    (who("", ONE, "a@b.ru"), who("", TWO, "a@b.ru"), False),
    (who("", ONE), who("", "", "c@d.ru"), False),
    (who("", ONE), who("", "12", valid=False), False),
    (who("First", "12", valid=False), who("Second", "1 2", valid=False), False),
])  # fmt: skip
def test_another_customer_is_recognised_by_name_and_contact(known: Customer, said: Customer, another: bool) -> None:
    assert is_another(known, said) is another


people = st.builds(
    who, st.sampled_from(["", "Анна", "Анна Иванова", "Second"]), st.sampled_from(["", ONE, TWO]),
    st.sampled_from(["", "a@b.ru", "c@d.ru"]), valid=st.booleans(),
)  # fmt: skip


@given(people)
def test_a_customer_is_not_another_than_themselves(customer: Customer) -> None:
    assert not is_another(customer, customer)


@given(people, people)
def test_who_has_the_same_number_is_never_another(one: Customer, other: Customer) -> None:
    assert not (one.phone_raw and one.phone_raw == other.phone_raw and is_another(one, other))


async def notes(api: Api) -> list[list[tuple[str, str, str]]]:
    rows = await api.ctx.core.db.pool.fetch("SELECT notes FROM delivery ORDER BY id")
    return [[(n["field"], n["code"], n["detail"]) for n in row["notes"]] for row in rows]


@pytest.mark.parametrize("given_id", ["callback-main", 20261128, 0, "null", "form1"])
async def test_two_people_under_one_identifier_are_two_leads(api: Api, given_id: object) -> None:
    url = await api.source()
    bodies = [{"order_id": given_id, "name": n, "phone": p} for n, p in (("First", ONE), ("Second", TWO))]
    answers = [await api.deliver(url, body) for body in bodies]
    events = await api.said(LeadReceivedV2)
    assert [(e.person.name, e.person.phone) for e in events] == [("First", ONE), ("Second", TWO)]
    assert [lead_of(answer) for answer in answers] == [event.lead_id for event in events]


async def test_an_identifier_of_another_customer_is_noted_and_left_out(api: Api) -> None:
    url = await api.source()
    for name, phone in (("First", ONE), ("Second", TWO)):
        await api.deliver(url, order("7", phone, name=name))
    first, second = [order_in(event).external_id for event in await api.said(LeadReceivedV2)]
    assert await notes(api) == [[], [("external_id", "of_another_person", "7")]]
    assert (first, second == "7") == ("7", False)


async def test_what_comes_again_finds_the_lead_of_its_own_person(api: Api) -> None:
    url = await api.source()
    answers = [await api.deliver(url, order("7", p, name=n)) for _ in "ab" for n, p in (("A", ONE), ("B", TWO))]
    assert [answer["disposition"] for answer in answers] == ["accepted", "accepted", "repeat", "repeat"]
    assert [a["lead_id"] for a in answers[:2]] == [a["lead_id"] for a in answers[2:]]


async def test_a_change_under_a_shared_identifier_is_of_its_own_person(api: Api) -> None:
    url = await api.source()
    leads = [lead_of(await api.deliver(url, order("7", p, name=n))) for n, p in (("A", ONE), ("B", TWO))]
    await api.deliver(url, order("7", TWO, name="B", status="paid"))
    assert [(c.lead_id, c.to_status) for c in await api.said(OrderChanged)] == [(leads[1], "paid")]


async def test_a_corrected_number_of_a_landing_page_is_a_signal_on_the_lead(api: Api) -> None:
    url = await api.source()
    first = await api.deliver(url, order("7", ONE))
    answers = [await api.deliver(url, order("7", TWO)) for _ in "ab"]
    lead = await api.ok("GET", f"/leads/{first['lead_id']}")
    assert [(a["disposition"], a["lead_id"]) for a in answers] == [
        (d, first["lead_id"]) for d in ("accepted", "repeat")
    ]
    assert (lead["signals"], lead["person"]["phone"]) == ([SIGNAL], ONE)  # type: ignore[index] # a JSON object
    assert await notes(api) == [[], *[[("phone", SIGNAL, TWO)]] * 2]


async def test_each_other_number_stands_once_in_the_history(api: Api) -> None:
    url = await api.source()
    first = await api.deliver(url, order("7", ONE))
    for phone in (TWO, TWO, "+79000000003", ONE, TWO):
        await api.deliver(url, order("7", phone))
    page = await api.ok("GET", f"/leads/{first['lead_id']}/history")
    lines = [(line["from_value"], line["to_value"]) for line in page["items"] if line["what"] == "lead_person"]  # type: ignore[attr-defined] # a JSON list
    assert lines == [(ONE, TWO), (ONE, "+79000000003")]
    assert [event.signals for event in await api.said(LeadUpdated)] == [(SIGNAL,)] * 2


async def test_a_getcourse_order_keeps_its_lead_and_notes_the_other_customer(api: Api) -> None:
    url = await api.source("school")
    said = [{"deal_id": "7", "name": "First", "phone": ONE}, {"deal_id": "7", "name": "Second", "phone": TWO}]
    answers = [
        await api.deliver(url, {**each, "status": s}) for each, s in zip(said, ("new", "payed"), strict=True)
    ]
    lead = await api.ok("GET", f"/leads/{answers[0]['lead_id']}")
    assert (answers[1]["lead_id"], lead["signals"], await api.count("lead")) == (
        answers[0]["lead_id"],
        [SIGNAL],
        1,
    )
    assert [c.to_status for c in await api.said(OrderChanged)] == ["paid"]
    assert await notes(api) == [[], [("phone", SIGNAL, TWO)]]


async def test_another_address_of_a_customer_without_a_number_is_noted(api: Api) -> None:
    url = await api.source("school")
    for email in ("a@b.ru", "c@d.ru"):
        await api.deliver(url, {"deal_id": "7", "email": email})
    assert await notes(api) == [[], [("email", SIGNAL, "c@d.ru")]]
    assert await api.ctx.core.db.pool.fetchval("SELECT signals FROM lead") == [SIGNAL]


async def test_the_same_number_spelled_otherwise_publishes_nothing(api: Api) -> None:
    url = await api.source()
    for phone in (ONE, "8 (900) 000-00-01", "79000000001"):
        await api.deliver(url, order("7", phone, name=None))
    assert (await api.count("outbox"), await notes(api)) == (1, [[], [], []])


@pytest.mark.parametrize(("second", "leads", "signals"), [
    (("Second", TWO), 2, [[], []]), (("Анна", TWO), 1, [[SIGNAL]]), (("Анна", ONE), 1, [[]]),
])  # fmt: skip
async def test_a_person_that_overlaps_the_first_is_judged_after_its_commit(
    api: Api, ctx: Context, second: tuple[str, str], leads: int, signals: list[list[str]]
) -> None:
    name, phone = second
    async with uncommitted(ctx.core.db, delivery_row("7", ONE)) as conn:
        other = asyncio.create_task(Acceptance(ctx.core.db).accept(delivery_row("7", phone, name=name)))
        await blocked(ctx.core.db)
        await conn.execute("COMMIT")
        await other
    rows = await ctx.core.db.pool.fetch("SELECT signals FROM lead ORDER BY id")
    assert ([row["signals"] for row in rows], await api.count("sales_order")) == (signals, leads)


async def test_an_order_of_its_own_that_overlaps_itself_is_one(api: Api, ctx: Context) -> None:
    await ctx.acceptance.accept(delivery_row("7", ONE, name="First"))
    twins = (Acceptance(ctx.core.db).accept(delivery_row("7", TWO, name="Second")) for _ in range(8))
    answers: list[Accepted] = await asyncio.gather(*twins)
    assert (len({answer.lead_id for answer in answers}), await api.count("lead")) == (1, 2)


async def test_one_number_of_two_deliveries_at_once_is_published_once(api: Api, ctx: Context) -> None:
    await ctx.acceptance.accept(delivery_row("7", ONE))
    await asyncio.gather(*(Acceptance(ctx.core.db).accept(delivery_row("7", TWO)) for _ in range(8)))
    assert [event.signals for event in await api.said(LeadUpdated)] == [(SIGNAL,)]


async def test_each_customer_in_a_crowd_under_one_identifier_has_a_lead(api: Api) -> None:
    url = await api.source(rate_per_second=10_000)
    crowd = [order("7", f"+7900000{n:04}", name=f"N{n}") for n in range(12)] * 3
    answers = await asyncio.gather(*(api.deliver(url, each) for each in crowd))
    by_phone = {event.person.phone: str(event.lead_id) for event in await api.said(LeadReceivedV2)}
    assert [by_phone[str(each["phone"])] for each in crowd] == [answer["lead_id"] for answer in answers]
    assert (len(by_phone), await api.count("lead"), await api.count("delivery")) == (12, 12, 36)


async def test_a_doubtful_delivery_fails_none_of_its_batch(api: Api, ctx: Context) -> None:
    async with ctx.core.db.pool.acquire() as conn:
        await store(conn, delivery_row("7", ONE, name="First"))
        batch = [
            delivery_row("8", "+79000000008"),
            delivery_row("7", TWO, name="Second"),
            delivery_row("9", "+79000000009"),
        ]
        rows = await store(conn, *batch)
    assert [row["n"] for row in rows] == [1, 3]
    assert [await api.count(table) for table in ("lead", "delivery", "outbox")] == [3, 3, 3]


@pytest.mark.parametrize(("name", "leads", "signals"), [("Second", 2, []), ("First", 1, [SIGNAL])])
async def test_who_waited_in_quarantine_is_not_lost_to_a_newer_one(
    api: Api, name: str, leads: int, signals: list[str]
) -> None:
    url = await api.source()
    await api.deliver(url, order("7", ONE, name="First", status="odd"))
    api.ctx.core.clock.advance(MINUTE)  # type: ignore[attr-defined] # the fixture's clock is a manual one
    newer = await api.deliver(url, order("7", TWO, name=name))
    [item] = await waiting(api)
    await mend(api, status_map={"odd": "new"})
    settled = await api.ok("POST", f"/deliveries/{item['id']}/rerun")
    lead = await api.ok("GET", f"/leads/{newer['lead_id']}")
    assert (settled["disposition"], await api.count("lead"), lead["signals"]) == ("accepted", leads, signals)


@pytest.mark.parametrize("members", [{"external_id": "7"}, {"external_id": None}])
@pytest.mark.parametrize("message", ["msg_1", "undefined"])
async def test_a_signed_message_of_another_person_is_no_repeat(
    api: Api, message: str, members: dict[str, object]
) -> None:
    secret = str(sample("landing/standard_webhook_order")["secret"]["whsec"])  # type: ignore[index] # one sample's shape
    url, answers = await api.source(auth="signature", secret=secret), list[dict[str, str]]()
    for name, phone in (("First", ONE), ("Second", TWO)) * 2:
        body = json.dumps({**order("", phone, name=name), **members}).encode()
        answer = await api.send("POST", url, content=body, headers=signed(secret, body, message))
        answers.append(answer.json())
    assert [e.person.name for e in await api.said(LeadReceivedV2)][:2] == ["First", "Second"]
    assert answers[0]["lead_id"] != answers[1]["lead_id"]
