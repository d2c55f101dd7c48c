"""Customers and leads who are merged are one in all that is said with them, and two again when parted (P.15)."""

import asyncio
from uuid import UUID

import pytest

from libs.common.contracts.notices import WorkMerged
from libs.common.contracts.notifications import MessageFailed
from services.notifications.conversations.store import LOCK, Thread, make_up, refresh
from tests.notifications.api import Api
from tests.notifications.support import Desk, requested
from tests.notifications.test_conversations import ago, api, desk, hear, listed, resolve, timeline
from tests.notifications.test_received import CUSTOMER, LEAD, merge, owned, said
from tests.support.patience import eventually

__all__ = ["api", "desk"]
FIRST, WINNER, LAST = UUID(int=1), UUID(int=77), UUID(int=78)
BEHIND = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE $1 = ANY (pg_blocking_pids(pid)))"

pytestmark = pytest.mark.req("P.15")


async def waiting(desk: Desk) -> None:
    """The loser waits for an answer; the winner has never written."""
    await hear(desk, said("1", dateTime=ago(9)))
    await resolve(desk)


async def whose(api: Api, query: str = "") -> list[tuple[str, int, bool]]:
    found = await listed(api, query)
    return [
        (one["id"], len(await timeline(api, UUID(one["id"]))), one["unanswered_since"] is not None) for one in found
    ]


async def test_the_losers_thread_is_the_winners_until_that_is_taken_back(desk: Desk, api: Api) -> None:
    await waiting(desk)
    before = await listed(api)
    await merge(desk.db, CUSTOMER, WINNER)
    await merge(desk.db, WINNER, LAST)
    [merged] = await listed(api, "unanswered=true")
    kept = ("unanswered_since", "ways", "last_message", "lead_id")
    assert [merged[name] for name in kept] == [before[0][name] for name in kept]
    assert merged["customer"]["name"] == before[0]["customer"]["name"]
    assert (merged["id"], await whose(api)) == (str(LAST), [(str(LAST), 1, True)])
    assert await whose(api, f"customer_id={CUSTOMER}") == await whose(api, f"customer_id={LAST}") != []
    for loser, winner in ((WINNER, LAST), (CUSTOMER, WINNER)):
        await merge(desk.db, loser, winner, undone=True)
    assert await whose(api) == [(str(CUSTOMER), 1, True)]


async def test_an_answer_to_the_loser_is_the_winners(desk: Desk, api: Api) -> None:
    await waiting(desk)
    await merge(desk.db, CUSTOMER, WINNER)
    answer = await api.call("POST", f"/conversations/{CUSTOMER}/messages", {"text": "Да"}, role="supervisor")
    assert (answer.status_code, await whose(api)) == (201, [(str(WINNER), 2, False)])
    await merge(desk.db, CUSTOMER, WINNER, undone=True)
    assert await whose(api) == [(str(WINNER), 1, False), (str(CUSTOMER), 1, True)]


async def test_threads_that_the_release_before_left_apart_are_joined_once(desk: Desk, api: Api) -> None:
    await waiting(desk)
    insert = "INSERT INTO merged_customer (loser_id, winner_id, desk) VALUES ($1, $2, 'demo')"
    await desk.rows(insert, CUSTOMER, WINNER)
    assert await whose(api) == []
    await make_up(desk.db)
    assert await whose(api) == [(str(WINNER), 1, True)]


async def test_the_losers_thread_and_the_winners_are_locked_in_one_order(desk: Desk) -> None:
    await waiting(desk)
    await merge(desk.db, CUSTOMER, FIRST)

    async def write() -> None:
        async with desk.db.begin() as tx:
            await refresh(tx, [Thread(CUSTOMER, "demo", CUSTOMER)])

    async with desk.db.begin() as merging, asyncio.TaskGroup() as tasks:
        await merging.conn.execute(LOCK, [FIRST])
        own = await merging.conn.fetchval("SELECT pg_backend_pid()")
        tasks.create_task(write())
        await eventually(lambda: desk.db.pool.fetchval(BEHIND, own), bool)
        await merging.conn.execute(f"{LOCK} NOWAIT", [CUSTOMER])
        await merging.commit()


def work(loser: UUID, winner: UUID, *, undone: bool = False) -> WorkMerged:
    return WorkMerged(lead_id=loser, winner_id=winner, undone=undone, actor="ann")


async def of_lead(api: Api, lead_id: UUID) -> list[tuple[str, str]]:
    """Return what was sent and received of a lead."""
    found = []
    for what in ("messages", "received-messages"):
        items = (await api.call("GET", f"/{what}?lead_id={lead_id}", role="supervisor")).json()["items"]
        found += [(what, one["lead_id"]) for one in items]
    return found


async def test_what_was_said_of_a_merged_lead_is_the_winners_too(desk: Desk, api: Api) -> None:
    await waiting(desk)
    await desk.request(requested(lead_id=LEAD), requested(lead_id=WINNER))
    await desk.request(work(LEAD, WINNER), work(WINNER, LAST))
    theirs = [("messages", str(WINNER)), ("messages", str(LEAD)), ("received-messages", str(LEAD))]
    assert await of_lead(api, LAST) == await of_lead(api, LEAD) == theirs
    await desk.request(work(LEAD, WINNER, undone=True))
    assert (await of_lead(api, LAST), await of_lead(api, LEAD)) == (theirs[:1], theirs[1:])


async def test_what_a_merged_lead_has_requested_and_has_not_left_is_stopped_for_good(desk: Desk) -> None:
    lost, kept = requested(lead_id=LEAD), requested(lead_id=WINNER)
    await desk.request(lost, kept)
    await desk.request(work(LEAD, WINNER))
    await desk.request(work(LEAD, WINNER, undone=True))
    failed = [(one.message_id, one.code) for one in await desk.events() if isinstance(one, MessageFailed)]
    [row] = await desk.rows("SELECT withdrawn_by FROM message WHERE withdrawn_at IS NOT NULL")
    assert (failed, row[0]) == ([(lost.message_id, "withdrawn")], "ann")
    assert (await desk.states())[kept.message_id] == "pending"


async def test_who_works_the_winner_sees_what_was_said_of_the_loser(desk: Desk, api: Api) -> None:
    await owned(desk.db)
    await hear(desk, said("1", dateTime=ago(9)))
    await resolve(desk, lead_id=WINNER)
    before = await api.call("GET", "/received-messages", role="operator")
    await desk.request(work(WINNER, LEAD))
    after = await api.call("GET", "/received-messages", role="operator")
    assert [len(answer.json()["items"]) for answer in (before, after)] == [0, 1]
