"""Two connections at once: the second one waits for the first one's commit, in a snapshot that does not see it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg
import orjson
import pytest

from libs.common.contracts.intake import LeadReceivedV2, LeadUpdated, OrderChanged
from libs.common.platform.db import Connection, Database
from libs.common.platform.ids import uuid7
from libs.common.testkit.database import BLOCKED
from services.intake.context import Context
from services.intake.deliveries.batch import Acceptance
from services.intake.deliveries.convert import Delivery, DeliveryRow, parse_delivery, with_sure_id
from services.intake.deliveries.store import ACCEPT, DELIVERIES
from services.intake.formats.config import Auth
from services.intake.formats.landing import Landing, LandingConfig
from services.intake.formats.rules import RawRequest
from services.intake.sources.rules import Source, SourceId
from tests.intake.api import NOW, Api, order, order_in
from tests.support.patience import PATIENCE

ZONE = ZoneInfo("Europe/Moscow")
SOURCE = Source(
    id=SourceId(UUID(int=1)), desk="demo", code="landing", key="k",
    format=Landing(LandingConfig(auth=Auth.NONE), ZONE), secrets=(), playbook="callback", language="ru",
    region="RU", test_prefixes=("972",), zone=ZONE, rate=1000, body_limit=10**6, active=True,
)  # fmt: skip


def delivery_row(external_id: str, phone: str = "8 916 123-45-67", **members: object) -> DeliveryRow:
    body = orjson.dumps(order(external_id, phone, **members))
    raw = RawRequest("POST", b"", {"content-type": "application/json"}, body)
    parsed = parse_delivery(Delivery(uuid7(), SOURCE, NOW, raw, None), NOW)
    assert isinstance(parsed, DeliveryRow)
    return parsed


async def store(conn: Connection, *rows: DeliveryRow) -> list[asyncpg.Record]:
    return await conn.fetch(ACCEPT, *DELIVERIES.arrays(rows))


@asynccontextmanager
async def uncommitted(db: Database, first: DeliveryRow) -> AsyncIterator[Connection]:
    """Hold a transaction that has stored `first`; the block commits or rolls it back."""
    async with db.pool.acquire() as conn:
        await conn.execute("BEGIN")
        await store(conn, first)
        yield conn


async def blocked(db: Database) -> None:
    """Return when a session waits for a lock; polled outside a transaction, which would repeat its first result."""
    async with asyncio.timeout(PATIENCE):
        while not await db.pool.fetchval(BLOCKED):
            await asyncio.sleep(0.01)


async def race(db: Database, first: DeliveryRow, second: DeliveryRow, end: str = "COMMIT") -> str:
    """Let `second` wait for the transaction of `first`, end that, and return the disposition of `second`.

    Its identifier is sure, so one statement decides it.
    """
    async with uncommitted(db, first) as conn, db.pool.acquire() as other:
        waiting = asyncio.create_task(store(other, with_sure_id(second)))
        await blocked(db)
        await conn.execute(end)
        [row] = await waiting
    disposition: str = row["disposition"]
    return disposition


@pytest.mark.req("P.2")
async def test_duplicates_of_two_connections_are_one_lead(api: Api, ctx: Context) -> None:
    assert await race(ctx.core.db, delivery_row("1"), delivery_row("1")) == "repeat"
    assert [await api.count(t) for t in ("lead", "customer", "sales_order", "outbox")] == [1, 1, 1, 1]
    assert len(await ctx.core.db.pool.fetch("SELECT DISTINCT lead_id FROM delivery")) == 1


async def test_what_was_rolled_back_leaves_the_lead_to_the_other(api: Api, ctx: Context) -> None:
    assert await race(ctx.core.db, delivery_row("1"), delivery_row("1"), "ROLLBACK") == "accepted"
    assert [await api.count(t) for t in ("lead", "customer", "outbox")] == [1, 1, 1]


async def test_a_change_that_overlaps_the_birth_is_a_change_of_that_lead(api: Api, ctx: Context) -> None:
    await race(ctx.core.db, delivery_row("1", status="new"), delivery_row("1", status="paid"))
    [born], [changed] = await api.said(LeadReceivedV2), await api.said(OrderChanged)
    assert (changed.lead_id, changed.from_status, changed.to_status) == (born.lead_id, "new", "paid")


async def test_silence_about_the_status_does_not_undo_one_that_overlaps(api: Api, ctx: Context) -> None:
    assert await race(ctx.core.db, delivery_row("1", status="paid"), delivery_row("1")) == "repeat"
    assert await api.said(OrderChanged) == []


@pytest.mark.req("S4.2")
async def test_two_orders_of_one_phone_at_once_are_one_customer_and_the_later_is_marked(
    api: Api, ctx: Context
) -> None:
    await race(ctx.core.db, delivery_row("1"), delivery_row("2"))
    first, second = await api.said(LeadReceivedV2)
    assert (first.signals, second.signals) == ((), ("second_unpaid_order",))
    assert (second.customer_id, second.earlier_lead_id) == (first.customer_id, first.lead_id)


async def test_a_paid_order_that_overlaps_is_no_reason_for_the_signal(api: Api, ctx: Context) -> None:
    await race(ctx.core.db, delivery_row("1", status="paid"), delivery_row("2"))
    assert [event.signals for event in await api.said(LeadReceivedV2)] == [(), ()]


@pytest.mark.parametrize(("first", "second"), [("", "a@b.ru"), ("a@b.ru", "a@b.ru")])
async def test_a_phone_and_an_address_at_once_find_one_customer(
    api: Api, ctx: Context, first: str, second: str
) -> None:
    await race(ctx.core.db, delivery_row("1", email=first), delivery_row("2", email=second))
    events = await api.said(LeadReceivedV2)
    assert len({event.customer_id for event in events}) == await api.count("customer") == 1


async def test_an_address_beside_a_phone_that_overlaps_finds_the_customer_of_the_phone(
    api: Api, ctx: Context
) -> None:
    async with uncommitted(ctx.core.db, delivery_row("1")) as conn:
        second = asyncio.create_task(ctx.acceptance.accept(delivery_row("2", email="a@b.ru")))
        await blocked(ctx.core.db)
        await conn.execute("COMMIT")
        await second
    await ctx.acceptance.accept(delivery_row("3", "", email="a@b.ru"))
    events = await api.said(LeadReceivedV2)
    assert (len(events), len({event.customer_id for event in events}), await api.count("customer")) == (3, 1, 1)


async def test_an_address_of_a_customer_that_is_stays_where_it_is(api: Api, ctx: Context) -> None:
    for each in (delivery_row("1"), delivery_row("2", "", email="a@b.ru"), delivery_row("3", email="a@b.ru")):
        await ctx.acceptance.accept(each)
    customers = [event.customer_id for event in await api.said(LeadReceivedV2)]
    owner = await ctx.core.db.pool.fetchval("SELECT customer_id FROM customer_identity WHERE kind = 'email'")
    assert (customers[0], owner) == (customers[2], customers[1])


async def test_a_person_that_overlaps_the_birth_of_the_lead_is_learned(api: Api, ctx: Context) -> None:
    async with uncommitted(ctx.core.db, delivery_row("1", "", email="a@b.ru")) as conn:
        second = asyncio.create_task(ctx.acceptance.accept(delivery_row("1", email="a@b.ru")))
        await blocked(ctx.core.db)
        await conn.execute("COMMIT")
        await second
    assert [event.person.phone for event in await api.said(LeadUpdated)] == ["+79161234567"]


async def test_batches_in_opposite_order_do_not_lock_each_other_up(api: Api, ctx: Context) -> None:
    async def one_side(round_: int, step: int) -> None:
        batch = [delivery_row(f"{round_}-{n}-{step}", f"8916{n:07}", email=f"u{40 - n}@b.ru") for n in range(40)]
        async with ctx.core.db.pool.acquire() as conn:
            await store(conn, *batch[::step])

    for number in range(5):
        await asyncio.gather(one_side(number, 1), one_side(number, -1))
    assert [await api.count("lead"), await api.count("customer")] == [400, 40]


async def test_two_identities_of_one_customer_in_a_batch_are_taken_one_by_one(api: Api, ctx: Context) -> None:
    async with ctx.core.db.pool.acquire() as conn:
        await store(conn, delivery_row("0", email="a@b.ru", status="paid"))
    acceptance = Acceptance(ctx.core.db)
    by_phone, by_address = delivery_row("1"), delivery_row("2", "8 916 000-00-00", email="a@b.ru")
    crowd = [delivery_row(f"n{n}", f"8917{n:07}") for n in range(6)]
    await asyncio.gather(*(acceptance.accept(each) for each in (*crowd, by_phone, by_address)))
    signals = {order_in(event).external_id: event.signals for event in await api.said(LeadReceivedV2)}
    assert sorted([signals["1"], signals["2"]]) == [(), ("second_unpaid_order",)]
