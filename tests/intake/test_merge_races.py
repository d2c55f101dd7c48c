"""Merges, deliveries and messages at once: two connections, the second of which waits for the first (P.13)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from uuid import UUID

import pytest

from libs.common.contracts import Cause
from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated
from libs.common.contracts.shared import Identity, IdentityKind
from libs.common.testkit.database import BLOCKED
from services.intake.merges.actions import apply_merge, undo_merge
from tests.intake.api import Api
from tests.intake.test_accept_races import delivery_row, store
from tests.intake.test_identities import customer_of, written
from tests.intake.test_merges import SECOND, got, merged, plan, two
from tests.intake.test_messages import apply, message
from tests.support.patience import PATIENCE


async def waiting(api: Api, sessions: int) -> None:
    """Return when so many sessions wait for locks."""
    async with asyncio.timeout(PATIENCE):
        while await api.ctx.core.db.pool.fetchval(BLOCKED) < sessions:
            await asyncio.sleep(0.01)


@asynccontextmanager
async def held(api: Api, table: str, one: object) -> AsyncIterator[None]:
    """Hold the row of a customer or lead until the block is over."""
    async with api.ctx.core.db.pool.acquire() as conn, conn.transaction():
        await conn.execute(f"SELECT FROM {table} WHERE id = $1 FOR UPDATE", UUID(str(one)))
        yield


async def planned(api: Api, winner: object, loser: object) -> UUID:
    return UUID((await plan(api, "customer", (winner, loser))).json()["id"])


def applied(api: Api, merge_id: UUID) -> Awaitable[None]:
    return apply_merge(api.ctx, merge_id, 1, "ann", Cause.fresh())


async def of_one(api: Api) -> int:
    """Return how many customers all leads are of, as they are read."""
    return len({lead["customer_id"] for lead in (await got(api, "/leads"))["items"]})


@pytest.mark.req("P.13", "P.15")
async def test_a_delivery_that_waits_for_a_merge_is_of_the_winner(api: Api) -> None:
    winner, loser = await two(api)
    merge_id = await planned(api, winner, loser)
    _, lead = await api.said(LeadReceivedV2)
    async with held(api, "lead", lead.lead_id):
        merging = asyncio.ensure_future(applied(api, merge_id))
        await waiting(api, 1)
        delivered = asyncio.create_task(api.ctx.acceptance.accept(delivery_row("3", SECOND)))
        await waiting(api, 2)
    await asyncio.gather(merging, delivered)
    assert (str((await api.said(LeadReceivedV2))[-1].customer_id), await of_one(api)) == (winner, 1)


@pytest.mark.req("P.13", "P.15", "S4.2")
async def test_an_order_that_a_merge_waits_for_is_judged_by_it(api: Api) -> None:
    for number, phone in (("1", "8 916 123-45-67"), ("2", SECOND)):
        await api.ctx.acceptance.accept(delivery_row(number, phone, status="new" if number == "1" else "paid"))
    merge_id = await planned(api, *(lead.customer_id for lead in await api.said(LeadReceivedV2)))
    async with api.ctx.core.db.pool.acquire() as conn:
        await conn.execute("BEGIN")
        await store(conn, delivery_row("3", SECOND))
        merging = asyncio.ensure_future(applied(api, merge_id))
        await waiting(api, 1)
        await conn.execute("COMMIT")
        await merging
    newest = (await api.said(LeadReceivedV2))[-1]
    marked = [event.lead_id for event in await api.said(LeadUpdated) if "second_unpaid_order" in event.signals]
    assert (await of_one(api), marked) == (1, [newest.lead_id])


@pytest.mark.req("P.13", "P.15")
@pytest.mark.parametrize("first", ["merge", "message"])
async def test_a_message_and_a_merge_at_once_end_with_the_winner(api: Api, first: str) -> None:
    account = Identity(kind=IdentityKind.TELEGRAM, value="55501")
    winner = await customer_of(api)
    lead_id = await written(api, account)
    loser = (await api.said(LeadReceivedV2))[-1].customer_id
    merge_id = await planned(api, winner, loser)
    async with api.ctx.core.db.begin() as tx:
        if first == "message":
            await apply(api, message(account, name=None), tx)
            merging = asyncio.ensure_future(applied(api, merge_id))
            await waiting(api, 1)
        else:
            async with held(api, "lead", lead_id):
                merging = asyncio.ensure_future(applied(api, merge_id))
                await waiting(api, 1)
                writing = asyncio.create_task(apply(api, message(account, name=None), tx))
                await waiting(api, 2)
            await writing
        await tx.commit()
    await merging
    contacts = (await got(api, f"/contacts?customer_id={winner}"))["items"]
    assert (await of_one(api), len(contacts)) == (1, 2)


@pytest.mark.req("P.13", "P.15")
async def test_merges_in_opposite_directions_neither_lock_nor_run_in_circles(api: Api) -> None:
    one, other = await two(api)
    plans = [await planned(api, one, other), await planned(api, other, one)]
    async with held(api, "customer", one):
        both = asyncio.gather(*(applied(api, merge_id) for merge_id in plans))
        await waiting(api, 2)
    await both
    states = sorted(str(merge["members"]) for merge in (await got(api, "/merges"))["items"])
    assert states == ["{'changed': 1}", "{'done': 1}"]
    assert len((await got(api, "/customers"))["items"]) == 1


@pytest.mark.req("P.13", "P.15")
async def test_a_merge_of_a_merge_s_winner_at_once_leads_to_the_last_one(api: Api) -> None:
    one, other = await two(api)
    third = await customer_of(api, "8 903 555-01-03")
    plans = [await planned(api, other, third), await planned(api, one, other)]
    async with held(api, "customer", other):
        both = asyncio.gather(*(applied(api, merge_id) for merge_id in plans))
        await waiting(api, 2)
    await both
    members = [merge["members"] for merge in (await got(api, "/merges"))["items"]]
    shown = (await got(api, "/customers"))["items"]
    assert len(shown) == 3 - members.count({"done": 1})
    assert {"done": 1} in members


@pytest.mark.req("P.13", "P.15")
async def test_an_undo_and_a_delivery_at_once_leave_each_customer_their_own(api: Api) -> None:
    winner, loser = await two(api)
    receipt = await merged(api, "customer", (winner, loser))
    async with held(api, "customer", winner):
        undoing = asyncio.create_task(undo_merge(api.ctx, UUID(receipt["id"]), 2, "ann", Cause.fresh()))
        await waiting(api, 1)
        delivered = asyncio.create_task(api.ctx.acceptance.accept(delivery_row("3", SECOND)))
        await waiting(api, 2)
    await asyncio.gather(undoing, delivered)
    born = (await api.said(LeadReceivedV2))[-1]
    assert (str(born.customer_id), await of_one(api)) == (loser, 2)
