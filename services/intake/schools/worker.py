"""The check of schools' orders: a poll per account. What no webhook brought is stored as if one had (S4.1).

A row that says something new becomes a delivery of its source, whose body is the row by the format's own names, so
that a person can read it, and run it again, like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias
from urllib.parse import urlencode
from uuid import UUID

import asyncpg
import orjson

from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.connect.poll.loop import Page, PollLoop
from libs.common.connect.poll.store import Cursor, Leased
from libs.common.contracts.shared import OrderStatus
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.worker import Watch
from services.intake.context import Context
from services.intake.deliveries.batch import store_rows
from services.intake.deliveries.convert import Delivery, DeliveryRow, notes_json, parse_delivery
from services.intake.deliveries.same_number import Named, known_by, lock_names, remember, unremembered
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
    Mirrored,
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

Read: TypeAlias = tuple[Mapping[str, str], Fact]

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
    """Store the rows that say something new, and remember the names that were not said before.

    Calls wait for the names of those rows alone, which are looked at again once they are locked.
    """
    read = [(row, source.format.read(_raw(row, found.began_at))[0]) for row in found.rows]
    known = await known_by(tx.conn, _asked(source, read))
    lacking = await unremembered(tx.conn, known)
    news = await _news(tx, source, found, read, known)
    said = [
        each for each, new in zip(read, news, strict=True) if new is not None or _named(source, each[1]) in lacking
    ]
    if said:
        await lock_names(tx.conn, _asked(source, said))
        known = await known_by(tx.conn, _asked(source, said))
        for new in await _news(tx, source, found, said, known):
            if new is not None:
                await _deliver(tx, Delivery(uuid7(), source, now, _raw(new, found.began_at), None))
        await remember(tx.conn, known)
    numbers = [number for row in found.rows if (number := row.get("number"))]
    await seen(tx, source, numbers, now)


async def _news(
    tx: Transaction, source: Source, found: Found, read: Sequence[Read], other: Mapping[Named, str]
) -> Sequence[Mapping[str, str] | None]:
    """Return of each row what it says that is new, by what its order is known by; None: nothing."""
    rows = [_as_known(source, found, each, other) for each in read]
    orders = [fact for _, fact in rows if isinstance(fact, ParsedOrder)]
    ids = [each.external_id for each in orders if each.external_id]
    names = [*ids, *(f"{NUMBER}{each.external_number}" for each in orders if each.external_number)]
    known, gone = await store.mirrored(tx, source.id, ids), await store.forgotten(tx, source.id, names)
    return [_new(row, fact, known, gone, found.began_at) for row, fact in rows]


def _new(
    row: Mapping[str, str], fact: Fact, known: Mapping[str, Mirrored],
    gone: Mapping[str, frozenset[OrderStatus]], began_at: datetime,
) -> Mapping[str, str] | None:  # fmt: skip
    if not isinstance(fact, ParsedOrder):
        return row
    mirrored = known.get(fact.external_id or "")
    if mirrored is None:
        return None if is_forgotten(fact, gone) else row
    if not is_news(fact, mirrored, began_at):
        return None
    old = {_COLUMNS[name] for name in known_already(fact, mirrored)} - {"phone"}
    return {name: value for name, value in row.items() if name not in old}


def _as_known(source: Source, found: Found, read: Read, known: Mapping[Named, str]) -> Read:
    """Return a row and what is read of it, by what its order is known by."""
    row, fact = read
    named = _named(source, fact)
    if named is None or named not in known:
        return read
    own = {**row, "deal_id": known[named]}
    return own, source.format.read(_raw(own, found.began_at))[0]


def _asked(source: Source, read: Sequence[Read]) -> list[Named]:
    return [named for _, fact in read if (named := _named(source, fact)) is not None]


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
