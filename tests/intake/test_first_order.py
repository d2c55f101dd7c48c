"""The lean statement stores what the whole one would of a new order of a new person, and of others nothing."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg
import orjson
import pytest

from libs.common.platform.db import Database
from services.intake.context import Context
from services.intake.deliveries.convert import DeliveryRow
from services.intake.deliveries.first_order import FIRST_ORDER, values
from services.intake.deliveries.rules import Disposition
from services.intake.deliveries.store import ACCEPT, DELIVERIES
from tests.intake.api import Api
from tests.intake.test_accept_races import SOURCE, blocked, delivery_row

TABLES = ("customer", "customer_identity", "sales_order", "lead", "history", "delivery", "stream", "outbox")
# Ids and numbers are drawn anew; the event is compared as what it says.
DRAWN = {"id", "lead_id", "customer_id", "order_id", "order_number", "last_lead_id", "event_id", "key", "body"}
IN_EVENT = {"lead_id", "customer_id"}
KNOWN_PLAYBOOK = f"""
INSERT INTO active_playbook (desk, code, version, sequence, first_status, first_title, first_stage)
VALUES ('{SOURCE.desk}', '{SOURCE.playbook}', 1, 1, 'fresh', '{{"ru": "Свежая", "en": "Fresh"}}', 'working')
"""


def drawn_apart(row: asyncpg.Record) -> dict[str, object]:
    said = orjson.loads(row["body"]) if "type" in row else {}
    order = said.pop("order", {})
    kept = {name: value for name, value in row.items() if name not in DRAWN and name != "stored_at"}
    event = {name: value for name, value in said.items() if name not in IN_EVENT}
    return {**kept, "event": event, "order": {n: v for n, v in order.items() if n not in {"id", "number"}}}


async def stored(db: Database, statement: str, values: Sequence[object]) -> dict[str, list[dict[str, object]]]:
    """Run a statement and roll it back; return the rows that it left, without what is drawn anew."""
    async with db.begin() as tx:
        assert len(await tx.conn.fetch(statement, *values)) == 1
        rows = {table: await tx.conn.fetch(f"SELECT * FROM {table}") for table in TABLES}
    # A table has no order of its own: a plan may store an address before a phone.
    return {table: sorted((drawn_apart(row) for row in found), key=repr) for table, found in rows.items()}


@pytest.mark.parametrize("known_playbook", [False, True])
@pytest.mark.parametrize(
    "said",
    [
        {},
        {"email": "anna@example.com"},
        {"phone": "", "email": "anna@example.com"},
        {"phone": "972"},
        {"status": "paid", "amount": "1990.50", "currency": "RUB", "payment_link": "https://pay.example/1"},
        {"phone": "8 913 000 00 01 / 8 914 000 00 02", "total": "1990 или 2990"},
        {"name": "", "utm_source": "ads", "items": [{"title": "Курс", "quantity": 2, "price": "10"}]},
    ],
    ids=["phone", "both", "address", "test number", "paid", "doubts", "items"],
)
async def test_it_stores_what_the_whole_statement_would(
    api: Api, ctx: Context, said: dict[str, Any], known_playbook: bool
) -> None:
    if known_playbook:
        await ctx.core.db.pool.execute(KNOWN_PLAYBOOK)
    row = delivery_row("1", **said)
    lean = await stored(ctx.core.db, FIRST_ORDER, values(row))
    assert lean == await stored(ctx.core.db, ACCEPT, DELIVERIES.arrays([row]))


@pytest.mark.parametrize(
    ("known", "row"),
    [
        (delivery_row("1"), delivery_row("1", "+7 900 000-00-01")),
        (delivery_row("1"), delivery_row("2")),
        (delivery_row("1", "", email="a@b.ru"), delivery_row("2", email="a@b.ru")),
    ],
    ids=["order", "phone", "address"],
)
async def test_of_what_is_known_it_stores_nothing(
    api: Api, ctx: Context, known: DeliveryRow, row: DeliveryRow
) -> None:
    await ctx.acceptance.accept(known)
    before = await api.count("delivery")
    assert await ctx.core.db.pool.fetch(FIRST_ORDER, *values(row)) == []
    assert await api.count("delivery") == before


async def test_what_it_could_not_see_is_decided_by_the_whole_statement(api: Api, ctx: Context) -> None:
    db = ctx.core.db
    async with db.begin() as tx:
        await tx.conn.fetch(FIRST_ORDER, *values(delivery_row("1")))
        repeat = asyncio.create_task(ctx.acceptance.accept(delivery_row("1")))
        await blocked(db)
        await tx.commit()
    assert (await repeat).disposition is Disposition.REPEAT
    assert [await api.count(table) for table in ("lead", "customer", "delivery", "outbox")] == [1, 1, 2, 1]
