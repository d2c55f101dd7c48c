"""Use cases of plans of months: proposed, edited, published as planned shifts, or discarded."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from asyncpg import Record

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.versions import StaleVersionError
from services.assignment.context import Context
from services.assignment.errors import (
    AlreadyExistsError,
    DeskNotHeardOfError,
    MonthRefusedError,
    NotFoundError,
    PlanOverError,
)
from services.assignment.plans import store
from services.assignment.plans.rules import Place, PlaceFault, faults, propose
from services.assignment.plans.store import Material, material
from services.assignment.schedule.rules import Planned, hours
from services.assignment.schedule.store import ZONE, add

DRAFT = "draft"


async def propose_plan(ctx: Context, caller: Principal, desk: str, month: date) -> UUID:
    """Propose who works when in what is to come of a month, and return the plan's id.

    Raises NotFoundError, DeskNotHeardOfError, AlreadyExistsError if there is a draft of that month.
    """
    if not caller.may_see(desk):
        raise NotFoundError
    now = ctx.now()
    async with ctx.db.begin() as tx:
        zone = await zone_of(tx, desk)
        found = await material(tx.conn, desk, zone, month)
    slots = [slot if slot.starts_at > now else replace(slot, needed=0) for slot in found.slots]
    # A large desk's plan takes a while: others are served meanwhile.
    places = await asyncio.to_thread(propose, slots, found.people, found.rest)
    async with ctx.db.begin() as tx:
        written = store.as_json(places), now, caller.sub
        plan_id = await tx.conn.fetchval(store.ADD, uuid7(), desk, month, *written)
        if plan_id is None:
            raise AlreadyExistsError(await tx.conn.fetchval(store.DRAFT, desk, month))
        await tx.commit()
    return UUID(str(plan_id))


async def edit_plan(ctx: Context, caller: Principal, plan_id: UUID, seen: int, places: Sequence[Place]) -> None:
    """Say all places of a draft anew: a supervisor may break wishes and rest, nothing else.

    Raises NotFoundError, StaleVersionError, PlanOverError, MonthRefusedError with every fault.
    """
    async with ctx.db.begin() as tx:
        row = await _draft(tx, caller, plan_id, seen)
        await _checked(tx, row, places, ctx.now())
        await tx.conn.execute(store.EDIT, plan_id, store.as_json(places))
        await tx.commit()


async def publish_plan(ctx: Context, caller: Principal, plan_id: UUID, seen: int) -> None:
    """Make planned shifts of a draft, all of them or, with every fault, none.

    Raises NotFoundError, StaleVersionError, PlanOverError, MonthRefusedError.
    """
    async with ctx.db.begin() as tx:
        row = await _draft(tx, caller, plan_id, seen)
        places = store.places_of(row["places"])
        await tx.conn.fetch(store.LOCK, sorted({place.operator_id for place in places}))
        found, zone = await _checked(tx, row, places, ctx.now())
        planned = [_planned(found, place, ZoneInfo(zone)) for place in places]
        made = await add(tx.conn, row["desk"], planned, weekly=False)
        if len(made) != len(planned):
            raise MonthRefusedError([PlaceFault(len(made), "operator_id", "overlaps")])
        await tx.conn.execute(store.PUBLISH, plan_id, ctx.now(), caller.sub)
        await tx.commit()


async def discard_plan(ctx: Context, caller: Principal, plan_id: UUID, seen: int) -> None:
    """Discard a draft; the month can be proposed anew. Raises NotFoundError, StaleVersionError, PlanOverError."""
    async with ctx.db.begin() as tx:
        await _draft(tx, caller, plan_id, seen)
        await tx.conn.execute(store.DISCARD, plan_id)
        await tx.commit()


async def zone_of(tx: Transaction, desk: str) -> str:
    """Return the zone of a desk. Raises DeskNotHeardOfError."""
    zone = await tx.conn.fetchval(ZONE, desk)
    if zone is None:
        raise DeskNotHeardOfError
    return str(zone)


async def _draft(tx: Transaction, caller: Principal, plan_id: UUID, seen: int) -> Record:
    row = await tx.conn.fetchrow(store.OWN, plan_id)
    if row is None or not caller.may_see(row["desk"]):
        raise NotFoundError
    if row["version"] != seen:
        raise StaleVersionError
    if row["state"] != DRAFT:
        raise PlanOverError
    return row


async def _checked(tx: Transaction, row: Record, places: Sequence[Place], now: datetime) -> tuple[Material, str]:
    """Return what the plan is made of, and the desk's zone. Raises MonthRefusedError with every fault."""
    zone = await zone_of(tx, row["desk"])
    found = await material(tx.conn, row["desk"], zone, row["month"])
    if wrong := faults(found.slots, found.people, places, now):
        raise MonthRefusedError(wrong)
    return found, zone


def _planned(found: Material, place: Place, zone: ZoneInfo) -> Planned:
    kind = found.kinds[place.shift]
    when = hours(kind, place.day, zone)
    return Planned(found.subjects[place.operator_id], kind.code, *when, kind.late_after)
