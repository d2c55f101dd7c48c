"""The check of schools' orders: a poll per account. What no webhook brought is stored as if one had (S4.1).

A row that says something new becomes a delivery of its source, whose body is the row by the format's own names, so
that a person can read it, and run it again, like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import orjson

from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.connect.poll.loop import Page, PollLoop
from libs.common.connect.poll.store import Cursor, Leased
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.worker import Watch
from services.intake.context import Context
from services.intake.deliveries.batch import store_rows
from services.intake.deliveries.convert import Delivery, DeliveryRow, notes_json, parse_delivery
from services.intake.deliveries.same_number import Named, known_by, lock_names, remember
from services.intake.deliveries.store import QUARANTINE
from services.intake.formats.getcourse import GetCourse
from services.intake.formats.getcourse_api import api_of, ask_export, listed, start_export
from services.intake.formats.rules import Fact, ParsedOrder, RawRequest, Unreadable
from services.intake.orders.rules import NUMBER
from services.intake.placements.store import seen
from services.intake.schools import store
from services.intake.schools.rules import (
    NEW,
    Check,
    Exported,
    answered,
    begun,
    is_forgotten,
    is_news,
    known_already,
)
from services.intake.sources.rules import Source

LOOK = timedelta(seconds=5)  # between two looks at the clock: business time may have moved
LEASE = timedelta(seconds=60)  # longer than a request may take, or a portion
PORTION = 50  # rows that one transaction compares and stores
_COLUMNS: Mapping[str, str] = {"status": "status", "amount": "cost_value", "paid": "payed_money", "phone": "phone"}

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """Rows of a list, and when it was begun."""

    rows: Sequence[Mapping[str, str]]
    began_at: datetime


def portions(rows: Sequence[Mapping[str, str]], began_at: datetime) -> list[Found]:
    """Return a list in portions, each for a transaction; at least one.

    What a kill leaves is asked for and compared again: a row that is stored says nothing new.
    """
    return [Found(rows[n : n + PORTION], began_at) for n in range(0, max(len(rows), 1), PORTION)]


@dataclass(frozen=True)
class Round:
    """One question of a school's check; `check` None: it is too soon."""

    check: Check | None
    source: Source
    api: str
    key: str
    now: datetime
    between: timedelta
    every: timedelta = LOOK

    def requests(self, cursor: Cursor) -> Sequence[HttpRequest]:
        del cursor
        check = self.check
        if check is None:
            return []
        if check.export_id is not None:
            return [ask_export(self.key, self.api, check.export_id)]
        since, until = check.days(self.source.zone)
        return [start_export(self.key, self.api, check.step.value, since, until)]

    def read(self, replies: Sequence[Reply], cursor: Cursor) -> Page[Found]:
        check = self.check or Check.read(cursor)
        said = listed(replies[0])
        after, code = answered(check, said, self.now, self.between)
        facts = portions(said.rows, check.began_at or self.now) if isinstance(said, Exported) else []
        return Page(facts, after.kept(), code, under_way=not facts, apart=True)


class Checks:
    """What the checks ask, and what they do with the answers."""

    kinds = (store.KIND,)

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def open(self, leased: Leased) -> Round | None:
        core, now = self._ctx.core, self._ctx.core.clock.now()
        row = await core.db.pool.fetchrow(store.SCHOOL, UUID(leased.name))
        source = await self._source(row)
        if row is None or source is None or not row["active"]:
            return None
        lacking = await core.db.pool.fetchval(store.LACKING, source.desk, source.id, now - NEW)
        key = core.keys.open(row["api_key"], store.place_of(row["id"]))
        return Round(
            begun(Check.read(leased.cursor), now, lacking=lacking), source,
            api_of(row["name"], self._ctx.settings.standins), key, now, timedelta(minutes=row["check_minutes"]),
        )  # fmt: skip

    async def apply(self, tx: Transaction, leased: Leased, facts: Sequence[Found]) -> None:
        """Store what is new of a portion."""
        row = await tx.conn.fetchrow(store.SCHOOL, UUID(leased.name)) if facts else None
        source = await self._source(row)
        if source is None:
            return
        for found in facts:
            await _mirror(tx, source, found, self._ctx.core.clock.now())

    async def _source(self, row: asyncpg.Record | None) -> Source | None:
        known = None if row is None else await self._ctx.sources.get(row["source_key"])
        usable = known is not None and known.source.active and isinstance(known.source.format, GetCourse)
        return known.source if known is not None and usable else None


async def _mirror(tx: Transaction, source: Source, found: Found, now: datetime) -> None:
    read, other = await _known(tx, source, found)
    orders = [fact for _, fact in read if isinstance(fact, ParsedOrder)]
    ids = [each.external_id for each in orders if each.external_id]
    names = [*ids, *(f"{NUMBER}{each.external_number}" for each in orders if each.external_number)]
    known, gone = await store.mirrored(tx, source.id, ids), await store.forgotten(tx, source.id, names)
    for row, fact in read:
        mirrored = known.get(fact.external_id or "") if isinstance(fact, ParsedOrder) else None
        if isinstance(fact, ParsedOrder) and mirrored is None and is_forgotten(fact, gone):
            continue
        if isinstance(fact, ParsedOrder) and mirrored is not None:
            if not is_news(fact, mirrored, found.began_at):
                continue
            old = {_COLUMNS[name] for name in known_already(fact, mirrored)} - {"phone"}
            news = {name: value for name, value in row.items() if name not in old}
        else:
            news = dict(row)
        await _deliver(tx, Delivery(uuid7(), source, now, _raw(news, found.began_at), None))
    numbers = [number for row in found.rows if (number := row.get("number"))]
    await seen(tx, source, numbers, now)
    await remember(tx.conn, other)


async def _known(
    tx: Transaction, source: Source, found: Found
) -> tuple[Sequence[tuple[Mapping[str, str], Fact]], Mapping[Named, str]]:
    """Return the rows and what is read of them, each by what its order is known by, and where that is another name.

    Until the transaction ends no call stores an order of the list, whichever of its names it says.
    """
    read = [(row, source.format.read(_raw(row, found.began_at))[0]) for row in found.rows]
    named = [_named(source, fact) for _, fact in read]
    asked = [each for each in named if each is not None]
    await lock_names(tx.conn, asked)
    known = await known_by(tx.conn, asked)
    for n, ((row, _), each) in enumerate(zip(read, named, strict=True)):
        if each is not None and each in known:
            own = {**row, "deal_id": known[each]}
            read[n] = (own, source.format.read(_raw(own, found.began_at))[0])
    return read, known


def _named(source: Source, fact: Fact) -> Named | None:
    if not isinstance(fact, ParsedOrder) or fact.external_id is None:
        return None
    return Named(source.id, fact.external_number, fact.external_id)


async def _deliver(tx: Transaction, delivery: Delivery) -> None:
    """Store one row, or let a person look at it; one that is in another's way is found again by the next check."""
    parsed = parse_delivery(delivery, delivery.received_at)
    try:
        async with tx.conn.transaction():
            if isinstance(parsed, DeliveryRow):
                await store_rows(tx.conn, [parsed])
            elif isinstance(parsed, Unreadable):
                await _quarantine(tx, delivery, parsed)
    except asyncpg.PostgresError as error:
        log.warning("row not stored", source=delivery.source.code, error_type=type(error).__name__)


async def _quarantine(tx: Transaction, delivery: Delivery, why: Unreadable) -> None:
    source, raw = delivery.source, delivery.raw
    if not await store.is_quarantined(tx, source.desk, source.id, raw):
        await tx.conn.execute(
            QUARANTINE, delivery.id, source.desk, source.id, delivery.received_at, raw.method,
            delivery.kept_query(), delivery.headers_json(), delivery.kept_body(), why.reason.value,
            notes_json(why.notes),
        )  # fmt: skip


def _raw(row: Mapping[str, str], began_at: datetime) -> RawRequest:
    """Return a row as a request: what it says is as old as the list."""
    query = urlencode({"updated_at": began_at.isoformat()}).encode()
    return RawRequest(
        "POST", query, {"content-type": "application/json", "x-found-by": "export"}, orjson.dumps(row)
    )


def checks(ctx: Context, watch: Watch) -> PollLoop[Found]:
    """Return the loop of checks."""
    return PollLoop(ctx.core.db, ctx.core.clock, ctx.exports, Checks(ctx), LEASE, watch)
