"""Use cases of desks: administrators create and change them; `desk.changed` publishes each change."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.desks import DeskChanged, DeskDay, DeskHolidays
from libs.common.contracts.shared import CallingHours, Language, Text
from libs.common.domain.workdays import NO_HOLIDAYS, Holidays
from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.desks.convert import as_json, holidays_of
from services.tasks.errors import AlreadyExistsError, NotFoundError

INSERT = """
INSERT INTO desk (desk, title_ru, title_en, zone, languages, calendar, holidays, version, created_at,
                  announced_version, announced_whole)
VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, 1, 1) ON CONFLICT (desk) DO NOTHING RETURNING version
"""
LOCK = "SELECT * FROM desk WHERE desk = $1 FOR UPDATE"
UPDATE = """
UPDATE desk SET title_ru = $2, title_en = $3, zone = $4, languages = $5, calendar = $6, holidays = $7,
    version = version + 1,
    announced_version = version + 1, announced_whole = version + 1
WHERE desk = $1
"""
ANNOUNCE = """
UPDATE desk SET announced_version = version, announced_whole = version
WHERE desk IN (SELECT desk FROM desk WHERE announced_whole IS DISTINCT FROM version ORDER BY desk FOR UPDATE)
RETURNING *
"""


@dataclass(frozen=True, slots=True)
class DeskSpec:
    """The fields of a desk; no calendar = open round the clock, on holidays too."""

    code: str
    title: Text
    zone: str
    languages: tuple[Language, ...]
    calendar: tuple[CallingHours, ...]
    holidays: Holidays = NO_HOLIDAYS

    def row(self) -> tuple[object, ...]:
        """Return the values of the columns that can change."""
        hours = [part.model_dump() for part in self.calendar]
        return self.code, self.title.ru, self.title.en, self.zone, [*self.languages], hours, as_json(self.holidays)


@dataclass(frozen=True, slots=True)
class DeskChange:
    """A change of a desk; None leaves a field as it is."""

    title: Text | None = None
    zone: str | None = None
    languages: tuple[Language, ...] | None = None
    calendar: tuple[CallingHours, ...] | None = None
    holidays: Holidays | None = None

    def of(self, spec: DeskSpec) -> DeskSpec:
        return DeskSpec(
            spec.code,
            self.title or spec.title,
            self.zone or spec.zone,
            spec.languages if self.languages is None else self.languages,
            spec.calendar if self.calendar is None else self.calendar,
            spec.holidays if self.holidays is None else self.holidays,
        )


@dataclass(frozen=True, slots=True)
class DeskView:
    """A stored desk."""

    spec: DeskSpec
    version: int
    created_at: datetime


class StaleDeskError(Exception):
    """The desk has another version than the caller sent; `current` is the desk now."""

    def __init__(self, current: DeskView) -> None:
        super().__init__()
        self.current = current


def known_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return True


async def create_desk(ctx: Context, spec: DeskSpec, cause: Cause) -> DeskView:
    """Create a desk. Raises AlreadyExistsError."""
    async with ctx.db.begin() as tx:
        view = await add_desk(ctx, tx, spec, cause)
        await tx.commit()
        return view


async def add_desk(ctx: Context, tx: Transaction, spec: DeskSpec, cause: Cause) -> DeskView:
    """Create a desk in the caller's transaction. Raises AlreadyExistsError."""
    now = ctx.now()
    if await tx.conn.fetchval(INSERT, *spec.row(), now) is None:
        raise AlreadyExistsError(spec.code)
    await _publish(ctx, tx, spec, cause)
    return DeskView(spec, 1, now)


async def announce_desks(ctx: Context) -> int:
    """Publish every desk whose version has not been published with its holidays; returns how many.

    Those are the ones that an earlier release made, changed or published.
    """
    async with ctx.db.begin() as tx:
        rows = await tx.conn.fetch(ANNOUNCE)
        for row in rows:
            await _publish(ctx, tx, read_view(row).spec, Cause.fresh())
        await tx.commit()
        return len(rows)


async def change_desk(ctx: Context, code: str, seen: int, change: DeskChange, cause: Cause) -> DeskView:
    """Change the fields that are given. Raises NotFoundError, StaleDeskError."""
    async with ctx.db.begin() as tx:
        row = await tx.conn.fetchrow(LOCK, code)
        if row is None:
            raise NotFoundError
        current = read_view(row)
        if current.version != seen:
            raise StaleDeskError(current)
        spec = change.of(current.spec)
        await update_desk(ctx, tx, spec, cause)
        await tx.commit()
        return DeskView(spec, seen + 1, current.created_at)


async def update_desk(ctx: Context, tx: Transaction, spec: DeskSpec, cause: Cause) -> None:
    """Write a desk that exists, in the caller's transaction."""
    await tx.conn.execute(UPDATE, *spec.row())
    await _publish(ctx, tx, spec, cause)


def read_view(row: asyncpg.Record) -> DeskView:
    """Return a stored desk."""
    hours: Sequence[dict[str, object]] = row["calendar"]
    spec = DeskSpec(
        row["desk"],
        Text(ru=row["title_ru"], en=row["title_en"]),
        row["zone"],
        tuple(Language(code) for code in row["languages"]),
        tuple(CallingHours.model_validate(part) for part in hours),
        holidays_of(row["holidays"]),
    )
    return DeskView(spec, row["version"], row["created_at"])


async def _publish(ctx: Context, tx: Transaction, spec: DeskSpec, cause: Cause) -> None:
    days = tuple(DeskDay(day=each.day, kind=each.kind) for each in spec.holidays.days)
    data = DeskChanged(
        code=spec.code,
        title=spec.title,
        zone=spec.zone,
        languages=spec.languages,
        calendar=spec.calendar,
        holidays=DeskHolidays(country=spec.holidays.country, region=spec.holidays.region, days=days),
    )
    await outbox.add(tx, [Outgoing(f"desk:{spec.code}", spec.code, ctx.now(), data, cause)])
