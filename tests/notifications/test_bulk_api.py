"""Messages that have not left are withdrawn together, over HTTP: planned, applied, taken back whole (P.15)."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts.notifications import (
    MessageFailed,
    MessageStep,
)
from libs.common.platform import stages
from libs.common.platform.db import Database
from services.notifications.bulk.actions import continue_bulk_action
from tests.notifications.api import Api, running_api
from tests.notifications.support import Desk, claim, open_desk, requested, withdrawn, worker

Json = dict[str, Any]  # answers are read as they are
ROUNDS = 12
ENDS = """
SELECT m.state, a.state AS attempt, b.state AS member
FROM message m JOIN attempt a ON a.message_id = m.id JOIN bulk_member b ON b.message_id = m.id
"""


@pytest_asyncio.fixture
async def desk(notifications_db: Database) -> AsyncIterator[Desk]:
    async with open_desk(notifications_db) as opened:
        yield opened


@pytest_asyncio.fixture
async def api(desk: Desk) -> AsyncIterator[Api]:
    async with running_api(desk.db, desk.url) as running:
        yield running


async def planned(api: Api, **wanted: object) -> Json:
    body = {"desk": "demo", "action": "withdraw", "filter": wanted, "comment": "ошибка в рассылке"}
    answer = await api.call("POST", "/bulk-actions", body, role="supervisor")
    assert answer.status_code == 201, answer.text
    plan: Json = answer.json()
    return plan


async def goes_on(api: Api, plan: Json, step: str) -> Json:
    """Apply or undo a bulk action, and return it."""
    path, tag = f"/bulk-actions/{plan['id']}/{step}", f'"{plan["version"]}"'
    done: Json = (await api.call("POST", path, role="supervisor", if_match=tag)).json()
    return done


async def members(api: Api, plan: Json) -> list[tuple[str, str | None]]:
    found = await api.call("GET", f"/bulk-actions/{plan['id']}/members", role="supervisor")
    return [(each["state"], each["note"]) for each in found.json()["items"]]


async def messages(desk: Desk, count: int, **changes: object) -> list[UUID]:
    made = [requested(**changes) for _ in range(count)]
    await desk.request(*made)
    return [each.message_id for each in made]


async def failures(desk: Desk) -> list[str]:
    return [one.code for one in await desk.events() if isinstance(one, MessageFailed)]


@pytest.mark.req("P.15")
async def test_messages_are_withdrawn_together_and_taken_back_whole(desk: Desk, api: Api) -> None:
    ids = await messages(desk, 3)
    done = await goes_on(api, await planned(api, purpose="acknowledgement"), "apply")
    assert (done["state"], done["members"], await failures(desk)) == ("applied", {"done": 3}, ["withdrawn"] * 3)
    undone = await goes_on(api, done, "undo")
    assert (undone["state"], undone["members"]) == ("undone", {"taken_back": 3})
    assert await desk.states() == dict.fromkeys(ids, "pending")


@pytest.mark.req("P.15")
async def test_what_was_taken_back_leaves_once_and_tells_its_steps(desk: Desk, api: Api) -> None:
    await messages(desk, 1)
    done = await goes_on(api, await planned(api), "apply")
    await goes_on(api, done, "undo")
    async with worker(desk.context()):
        await desk.until("read")
    steps = [type(one) for one in await desk.events() if isinstance(one, MessageStep)]
    names = [one.__name__ for one in steps]
    assert (names, await desk.accepted()) == (
        ["MessageFailed", "MessageSent", "MessageDelivered", "MessageRead"],
        1,
    )


@pytest.mark.req("P.15")
async def test_what_was_withdrawn_does_not_leave(desk: Desk, api: Api) -> None:
    (wanted,) = await messages(desk, 1)
    await goes_on(api, await planned(api, ids=[str(wanted)]), "apply")
    (other,) = await messages(desk, 1)
    async with worker(desk.context()):
        await desk.until("read", "failed")
    assert (await desk.states(), await desk.accepted()) == ({wanted: "failed", other: "read"}, 1)


async def test_a_plan_does_nothing(desk: Desk, api: Api) -> None:
    ids = await messages(desk, 2)
    plan = await planned(api)
    assert (plan["state"], plan["members"], plan["notes"]) == ("planned", {"planned": 2}, {})
    assert (await desk.states(), await desk.events()) == (dict.fromkeys(ids, "pending"), [])


@pytest.mark.req("P.15")
async def test_a_plan_names_what_cannot_be_taken_back(desk: Desk, api: Api) -> None:
    for state in ("accepted", "failed", "unknown"):
        await messages(desk, 1)
        await desk.db.pool.execute("UPDATE message SET state = $1, code = 'x' WHERE state = 'pending'", state)
    await messages(desk, 1)
    assert len(await claim(desk.db)) > 0
    await messages(desk, 1)
    plan = await planned(api)
    said = [
        ("stays", "sent"),
        ("stays", "ended"),
        ("stays", "doubtful"),
        ("stays", "on_its_way"),
        ("planned", None),
    ]
    assert (await members(api, plan), plan["members"]) == (said, {"stays": 4, "planned": 1})


async def test_what_has_left_since_the_plan_stays_and_says_so(desk: Desk, api: Api) -> None:
    await messages(desk, 1)
    plan = await planned(api)
    await claim(desk.db)
    await messages(desk, 1)
    done = await goes_on(api, plan, "apply")
    assert (await members(api, plan), done["notes"]) == ([("changed", "on_its_way")], {"on_its_way": 1})


@pytest.mark.req("P.15")
async def test_what_is_of_no_use_any_more_is_not_taken_back(desk: Desk, api: Api) -> None:
    late, unwanted = requested(), requested()
    await desk.request(late, unwanted)
    done = await goes_on(api, await planned(api), "apply")
    await desk.db.pool.execute("UPDATE message SET deadline = now() WHERE id = $1", late.message_id)
    await desk.request(withdrawn(unwanted))
    await goes_on(api, done, "undo")
    assert await members(api, done) == [("kept", "deadline_passed"), ("kept", "unwanted")]
    assert set((await desk.states()).values()) == {"failed"}


async def test_who_wants_no_messages_any_more_gets_none_back(desk: Desk, api: Api) -> None:
    await messages(desk, 1)
    done = await goes_on(api, await planned(api), "apply")
    await desk.db.pool.execute(
        "INSERT INTO address (desk, kind, address, opted_out, opted_out_of_marketing, code, changed_at)"
        " SELECT desk, channel, address, true, false, 'STOP', now() FROM message"
    )
    await goes_on(api, done, "undo")
    assert await members(api, done) == [("kept", "opted_out")]


async def test_what_is_taken_back_in_the_night_waits_for_the_morning(desk: Desk, api: Api) -> None:
    await messages(desk, 1)
    done = await goes_on(api, await planned(api), "apply")
    always = {"starts": "00:00", "ends": "00:00", "zone": "UTC"}
    await desk.db.pool.execute("UPDATE message SET night = $1", always)
    await goes_on(api, done, "undo")
    assert await desk.attempts() == ["refused", "held"]


@pytest.mark.parametrize(
    "wanted",
    [{"purpose": "other"}, {"template": "late"}, {"channel": "sms"}, {"state": "failed"}, {"ids": []},
     {"requested_to": "2020-01-01T00:00:00Z"}, {"lead_id": "00000000-0000-0000-0000-000000000000"}],
)  # fmt: skip
async def test_the_filter_is_that_of_the_list(desk: Desk, api: Api, wanted: Json) -> None:
    await messages(desk, 1)
    listed = await api.http.get(
        "/notifications/v1/messages", params=wanted or None, headers=api.headers("supervisor")
    )
    found = listed.json()["items"] if wanted != {"ids": []} else []
    assert ((await planned(api, **wanted))["members"], found) == ({}, [])


async def test_many_are_withdrawn_by_and_by(desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await messages(desk, 5)
    monkeypatch.setattr(stages, "MOST", 2)
    begun = await goes_on(api, await planned(api), "apply")
    while await continue_bulk_action(desk.context()):
        pass
    assert (begun["state"], begun["members"]) == ("applying", {"done": 2, "planned": 3})
    assert await failures(desk) == ["withdrawn"] * 5


async def test_the_worker_goes_on(desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    await messages(desk, 2)
    monkeypatch.setattr(stages, "MOST", 0)
    await goes_on(api, await planned(api), "apply")
    monkeypatch.setattr(stages, "MOST", 100)
    await desk.db.pool.execute("UPDATE channel SET active = false")
    async with worker(desk.context()):
        await desk.until("failed")
    assert await failures(desk) == ["withdrawn"] * 2


@pytest.mark.req("P.15")
async def test_a_withdrawal_and_the_senders_claim_at_once_either_stop_or_send(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(ROUNDS):
        ids, barrier = await messages(desk, 1), asyncio.Barrier(2)
        monkeypatch.setattr(stages, "MOST", 0)
        await goes_on(api, await planned(api, ids=[str(ids[0])]), "apply")
        monkeypatch.setattr(stages, "MOST", 100)

        async def withdraw(barrier: asyncio.Barrier = barrier) -> None:
            await barrier.wait()
            await continue_bulk_action(desk.context())

        async def lease(barrier: asyncio.Barrier = barrier) -> None:
            await barrier.wait()
            await claim(desk.db)

        await asyncio.gather(withdraw(), lease())
    ends = {tuple(row) for row in await desk.rows(ENDS)}
    assert ends <= {("failed", "refused", "done"), ("pending", "sending", "changed")}


async def test_what_was_applied_is_not_applied_again(desk: Desk, api: Api) -> None:
    done = await goes_on(api, await planned(api), "apply")
    refused = await goes_on(api, done, "apply")
    assert (refused["code"], refused["state"]) == ("bulk_action_state", "applied")


async def test_the_receipts_are_listed_and_another_desk_s_are_not_seen(desk: Desk, api: Api) -> None:
    plan = await planned(api)
    listed = (await api.call("GET", "/bulk-actions", role="supervisor")).json()["items"]
    other = await api.call("GET", f"/bulk-actions/{plan['id']}", role="supervisor", desk="cars")
    assert ([each["id"] for each in listed], other.status_code) == ([plan["id"]], 404)


async def test_the_message_says_who_withdrew_it(desk: Desk, api: Api) -> None:
    (message_id,) = await messages(desk, 1)
    await goes_on(api, await planned(api), "apply")
    shown = (await api.call("GET", f"/messages/{message_id}")).json()
    assert (shown["code"], shown["withdrawn_by"]) == ("withdrawn", "supervisor")


async def test_a_filter_of_too_many_is_refused(desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.notifications.bulk.actions.LARGEST", 1)
    await messages(desk, 2)
    body = {"desk": "demo", "action": "withdraw", "filter": {}, "comment": "все"}
    refused = await api.call("POST", "/bulk-actions", body, role="supervisor")
    assert (refused.status_code, refused.json()["code"], refused.json()["most"]) == (422, "too_many_messages", 1)
