"""An erasure over HTTP, and what intake itself does of it."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common.contracts.erasures import CustomerErased, TasksScrubbed
from libs.common.platform.ids import uuid7
from services.intake.contacts.worker import trimming_loop
from services.intake.erasures.actions import eraser, keeper
from tests.intake.api import Api, lead_of, order
from tests.intake.test_consents import blocked, dial, exchange
from tests.intake.test_payment_imports import LIST, ROW, ordered
from tests.intake.test_refunds import refund
from tests.support.patience import eventually

pytestmark = pytest.mark.req("P.7")

Json = dict[str, Any]


async def a_customer(api: Api, leads: int = 1) -> str:
    """A customer with some leads; return their id."""
    url = await api.source()
    found = [lead_of(await api.deliver(url, order(f"lp-{n}"))) for n in range(leads)]
    return str((await api.ok("GET", f"/leads/{found[0]}"))["customer_id"])


async def asked(api: Api, customer_id: str) -> Json:
    return await api.ok("POST", f"/customers/{customer_id}/erasure", {"reason": "request"})


async def emptied(api: Api, made: Json, *, at_once: int = 1) -> Json:
    """Let workers empty intake once all events have left; return what intake says of it."""
    await api.ctx.core.db.pool.execute("DELETE FROM outbox")

    async def look() -> Json:
        await asyncio.gather(*(eraser(api.ctx).round() for _ in range(at_once)))
        return own_part(await api.ok("GET", f"/erasures/{made['id']}"))

    return await eventually(look, lambda part: part["state"] == "done")  # others' transactions may be in the way


def own_part(view: Json) -> Json:
    part: Json = view["services"][0]
    return part


async def test_who_is_asked_for_twice_is_erased_once_and_all_services_hear_of_it_once(api: Api) -> None:
    customer_id = await a_customer(api, 2)
    first, second = await asked(api, customer_id), await asked(api, customer_id)
    (said,) = await api.said(CustomerErased)
    assert (first["id"], str(said.erasure_id), str(said.customer_id)) == (second["id"], first["id"], customer_id)
    assert (len(said.lead_ids), said.person.identities[0].value) == (2, "+79161234567")


async def test_nothing_goes_before_its_events_have_left(api: Api) -> None:
    made = await asked(api, await a_customer(api))
    await eraser(api.ctx).round()
    assert own_part(await api.ok("GET", f"/erasures/{made['id']}"))["state"] == "under_way"


async def test_two_workers_empty_every_lead_and_the_ledger_counts_each_once(api: Api) -> None:
    made = await asked(api, await a_customer(api, 3))
    counts = (await emptied(api, made, at_once=2))["counts"]
    assert (counts["customer"], counts["lead"], counts["delivery"]) == (1, 3, 3)


async def test_the_ledger_is_done_once_every_service_has_said_so(api: Api) -> None:
    made = await asked(api, await a_customer(api))
    done = TasksScrubbed(erasure_id=UUID(made["id"]), customer_id=UUID(made["customer_id"]))
    await api.hear(done, done)
    view = await api.ok("GET", f"/erasures/{made['id']}")
    assert [(each["service"], each["state"]) for each in view["services"]] == [  # type: ignore[attr-defined] # a list
        ("intake", "under_way"), ("tasks", "done"), ("assignment", "under_way"), ("notifications", "under_way"),
    ]  # fmt: skip
    assert (view["state"], view["requested_by"]) == ("under_way", "ann")


async def test_who_is_erased_is_not_changed_or_merged_any_more(api: Api) -> None:
    customer_id = await a_customer(api)
    await asked(api, customer_id)
    given = {"kind": "phone", "value": "+79035550101", "reason": "вспомнили"}
    attached = await api.call("POST", f"/customers/{customer_id}/identities", given)
    other = {"winner": customer_id, "losers": [str(uuid7())]}
    body = {"desk": "demo", "kind": "customer", "merges": [other], "reason": "один человек"}
    merged = await api.call("POST", "/merges", body)
    assert (attached.status_code, merged.status_code) == (404, 422)


async def test_an_administrator_of_another_desk_erases_and_exports_no_one(api: Api) -> None:
    customer_id = await a_customer(api)
    path = f"/customers/{customer_id}"
    erased = await api.call("POST", f"{path}/erasure", {"reason": "request"}, desks=["other"])
    exported = await api.call("GET", f"{path}/export", desks=["other"])
    assert (erased.status_code, exported.status_code) == (404, 404)


async def test_an_export_has_all_that_is_kept_and_is_logged(api: Api) -> None:
    customer_id = await a_customer(api)
    tables = {
        each["table"]: each["rows"] for each in (await api.call("GET", f"/customers/{customer_id}/export")).json()
    }
    assert tables["lead"][0]["phone"] == "+79161234567"
    assert "8 916 123-45-67" in tables["delivery"][0]["body"]
    (row,) = await api.ctx.core.db.pool.fetch(
        "SELECT operation, whose FROM audit WHERE operation = 'export_customer'"
    )
    assert row["whose"] == [f"customer:{customer_id}"]


async def test_an_export_has_what_was_paid_back_but_no_sealed_details(api: Api) -> None:
    _, view = await refund(api, "details_wanted", "details_given", "confirmed")
    made = (await api.call("GET", f"/customers/{view['customer_id']}/export")).json()
    tables = {each["table"]: each["rows"] for each in made}
    assert [len(tables[name]) for name in ("payment", "refund", "access", "placement")] == [1, 1, 1, 0]
    assert (tables["refund"][0]["phone"], "details" in tables["refund"][0]) == ("+79161234567", False)


async def test_a_payment_that_may_be_theirs_names_no_payer_any_more(api: Api) -> None:
    first, _ = await ordered(api, "Анна Иванова", "Иванова Анна")
    rows = [ROW, {**ROW, "external_id": "p-2", "name": "Олег Петров"}]
    await api.ok("POST", "/imported-payments", {**LIST, "rows": rows})
    lead = await api.ok("GET", f"/leads/{first['lead_id']}")
    part = await emptied(api, await asked(api, str(lead["customer_id"])))
    stored = await api.ctx.core.db.pool.fetch("SELECT name, external_id FROM imported_payment ORDER BY name")
    assert [tuple(row) for row in stored] == [("erased", None), ("Олег Петров", "p-2")]
    assert part["state"] == "done"


BODIES = "SELECT convert_from(body, 'UTF8') FROM delivery ORDER BY id"


async def test_a_desk_that_sets_no_days_keeps_all_and_one_that_does_keeps_what_is_younger(api: Api) -> None:
    await a_customer(api)
    api.clock.advance(timedelta(days=31))
    url = str((await api.ok("GET", "/sources"))["items"][0]["hook"])  # type: ignore[index] # a list
    await api.deliver(url, order("lp-2"))
    await keeper(api.ctx).round()
    kept = [row[0] for row in await api.ctx.core.db.pool.fetch(BODIES)]
    await api.ok("PUT", "/retention?desk=demo", {"deliveries": 30})
    await keeper(api.ctx).round()
    left = [row[0] for row in await api.ctx.core.db.pool.fetch(BODIES)]
    assert (len(kept[0]) > 0, left) == (True, ["", kept[1]])


async def test_a_customer_whose_leads_have_long_ended_is_erased_when_the_desk_says_so(api: Api) -> None:
    customer_id = await a_customer(api)
    await api.ok("PUT", "/retention?desk=demo", {"customers": 365})
    api.clock.advance(timedelta(days=400))
    await keeper(api.ctx).round()
    before = await api.said(CustomerErased)
    await api.ctx.core.db.pool.execute("UPDATE lead SET stage = 'won'")
    await keeper(api.ctx).round()
    erasures: list[Json] = (await api.call("GET", "/erasures")).json()["items"]
    found = [(one["customer_id"], one["requested_by"]) for one in erasures]
    assert (before, found) == ([], [(customer_id, "retention")])


OF_NUMBER = "SELECT customer_id, phone FROM lead"


async def test_an_order_that_comes_while_its_customer_is_erased_is_erased_or_of_a_new_customer(api: Api) -> None:
    customer_id = await a_customer(api)
    url = str((await api.call("GET", "/sources")).json()["items"][0]["hook"])
    orders = (api.deliver(url, order(f"race-{n}")) for n in range(4))
    made, *_ = await asyncio.gather(asked(api, customer_id), *orders)
    await emptied(api, made)
    leads = await api.ctx.core.db.pool.fetch(OF_NUMBER)
    of_erased = [row["phone"] for row in leads if str(row["customer_id"]) == customer_id]
    of_new = [row["phone"] for row in leads if str(row["customer_id"]) != customer_id]
    assert (set(of_erased), set(of_new) <= {"+79161234567"}, len(leads)) == ({None}, True, 5)


PARKED = """
INSERT INTO parked (topic, partition, "offset", event_id, type, key, sequence, desk, time, headers, body, error,
                    attempts, state)
SELECT 't', 0, n, uuidv7(), 'x', 'contact:1', n, desk, now(), '[]',
       '{"phone": "+7 916 123-45-67"}', 'no', 1, 'failed'
FROM unnest(ARRAY['demo', 'other']) WITH ORDINALITY AS d(desk, n)
"""


async def test_parked_events_of_another_desk_that_name_the_person_stay(api: Api) -> None:
    made = await asked(api, await a_customer(api))
    await api.ctx.core.db.pool.execute(PARKED)
    await emptied(api, made)
    states = await api.ctx.core.db.pool.fetch("SELECT desk, state FROM parked ORDER BY desk")
    assert [tuple(row) for row in states] == [("demo", "discarded"), ("other", "failed")]


async def test_a_call_by_number_is_given_out_stopped_at_once_and_emptied(api: Api) -> None:
    customer_id = await a_customer(api)
    await exchange(api)
    call = (await dial(api, phone="+79161234567")).json()
    tables = {
        each["table"]: each["rows"] for each in (await api.call("GET", f"/customers/{customer_id}/export")).json()
    }
    made = await asked(api, customer_id)
    stopped = await api.ok("GET", f"/calls/{call['id']}")
    await emptied(api, made)
    left = await api.ctx.core.db.pool.fetchval("SELECT to_number FROM call")
    assert [row["to_number"] for row in tables["call"]] == ["+79161234567"]
    assert (stopped["state"], left) == ("refused", f"erased {call['id']}")


async def test_who_is_merged_while_an_erasure_waits_is_erased_with_the_winner(api: Api) -> None:
    loser = await a_customer(api)
    url = str((await api.ok("GET", "/sources"))["items"][0]["hook"])  # type: ignore[index] # a list
    other = lead_of(await api.deliver(url, order("lp-other", "8 903 555-01-01")))
    winner = str((await api.ok("GET", f"/leads/{other}"))["customer_id"])
    async with api.ctx.core.db.begin() as tx:
        await tx.conn.execute("UPDATE customer SET merged_into = $2 WHERE id = $1", UUID(loser), UUID(winner))
        waiting = asyncio.create_task(asked(api, loser))
        await eventually(lambda: api.ctx.core.db.pool.fetchval(WAITS), bool)
        await tx.commit()
    made = await waiting
    assert (made["customer_id"], (await asked(api, winner))["id"]) == (winner, made["id"])


WAITS = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')
"""


async def test_one_erasure_that_fails_keeps_no_other_waiting(api: Api) -> None:
    broken = await asked(api, await a_customer(api))
    url = str((await api.ok("GET", "/sources"))["items"][0]["hook"])  # type: ignore[index] # a list
    other = lead_of(await api.deliver(url, order("lp-other", "8 903 555-01-01")))
    made = await asked(api, str((await api.ok("GET", f"/leads/{other}"))["customer_id"]))
    await api.ctx.core.db.pool.execute("UPDATE erasure SET person = '[]' WHERE id = $1", UUID(broken["id"]))
    assert (await emptied(api, made))["state"] == "done"


async def test_who_is_on_the_black_list_does_not_go_with_age(api: Api) -> None:
    await a_customer(api)
    await blocked(api)
    await api.ok("PUT", "/retention?desk=demo", {"customers": 365})
    await api.ctx.core.db.pool.execute("UPDATE lead SET stage = 'won'")
    api.clock.advance(timedelta(days=400))
    await keeper(api.ctx).round()
    assert await api.said(CustomerErased) == []


async def test_an_entry_that_went_with_its_person_is_lifted_already(api: Api) -> None:
    entry = (await blocked(api)).json()
    customer_id = await api.ctx.core.db.pool.fetchval("SELECT id FROM customer")
    await emptied(api, await asked(api, str(customer_id)))
    lifted = await api.call("POST", f"/black-list/{entry['id']}/lift", {"reason": "ошибка"}, desks=["demo"])
    assert (lifted.status_code, await api.count("customer_identity")) == (200, 0)


async def test_a_delivery_that_a_person_has_yet_to_look_at_goes_once_they_have(api: Api) -> None:
    await api.send("POST", await api.source(), content=b'{"phone": "8 916 123-45-67')
    await api.ok("PUT", "/retention?desk=demo", {"deliveries": 30})
    api.clock.advance(timedelta(days=31))
    await keeper(api.ctx).round()
    kept = await api.ctx.core.db.pool.fetchval(BODIES)
    await api.ctx.core.db.pool.execute("UPDATE delivery SET disposition = 'noted', reason = NULL")
    await keeper(api.ctx).round()
    assert (len(kept) > 0, await api.ctx.core.db.pool.fetchval(BODIES)) == (True, "")


async def test_a_recording_whose_call_has_not_come_goes_if_its_address_names_the_person(api: Api) -> None:
    customer_id, pool = await a_customer(api), api.ctx.core.db.pool
    await pool.execute(EARLY, api.clock.now())
    await pool.execute(NAMED)
    await emptied(api, await asked(api, customer_id))
    assert [row[0] for row in await pool.fetch("SELECT external_id FROM early_recording")] == ["c-25"]


NAMED = "UPDATE early_recording SET recording = 'https://example.org/r/79161234567.mp3' WHERE external_id = 'c-23'"
EARLY = """
INSERT INTO early_recording (source_id, external_id, desk, recording, received_at)
SELECT uuidv7(), 'c-' || hours, 'demo', 'https://example.org/r', $1::timestamptz - hours * interval '1 hour'
FROM unnest(ARRAY[23, 25]) AS hours
"""


async def test_a_recording_whose_call_never_came_goes_after_a_day(api: Api) -> None:
    pool, stop = api.ctx.core.db.pool, asyncio.Event()
    await pool.execute(EARLY, api.clock.now())
    stop.set()
    await trimming_loop(api.ctx)(stop)
    assert [row[0] for row in await pool.fetch("SELECT external_id FROM early_recording")] == ["c-23"]
