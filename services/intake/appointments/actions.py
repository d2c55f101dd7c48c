"""Use cases: a step of an appointment, asked for by tasks or taken by staff. The same rules, the same event."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Outgoing, Received
from libs.common.contracts.tasks import ChangeRequested
from libs.common.messaging.outbox import add
from libs.common.platform.db import Transaction
from libs.common.platform.versions import StaleVersionError
from services.intake.appointments import store
from services.intake.appointments.convert import changed_event, shown, state_of
from services.intake.appointments.rules import (
    Refusal,
    State,
    Wish,
    faults_of,
    is_new,
    read_step,
    read_wish,
    refusal_of,
)
from services.intake.appointments.schemas import AppointmentView
from services.intake.changes.convert import refused
from services.intake.changes.rules import Code, Problem, Problems, Refused
from services.intake.context import Context
from services.intake.errors import (
    AlreadyPlannedError,
    AppointmentOverError,
    NotFoundError,
    StepRefusedError,
)
from services.intake.partners.convert import hours_of

Request: TypeAlias = Received[ChangeRequested]


@dataclass(frozen=True, slots=True)
class By:
    """Who takes a step, and why; `request_id` names the request that it answers."""

    actor: str
    reason: str
    cause: Cause
    cause_id: UUID
    request_id: UUID | None = None


async def answer_step(tx: Transaction, event: Request, now: datetime) -> list[Outgoing]:
    """Take the step that tasks asks for, or say why not, in the caller's transaction."""
    data, refusal = event.data, Refused(Code.NOT_FOUND)
    lead = await store.locked_lead(tx, data.target_id, event.desk)
    if lead is None:
        return [refused(event, refusal, now)]
    known = await store.under_way(tx, lead["id"])
    state, step = state_of(known), read_step(data.values)
    version = state.version if state else None
    if step is None:
        problems: Problems = (Problem("step", "unknown_step"),)
        return [refused(event, Refused(Code.INVALID_VALUES, version, problems), now)]
    why = refusal_of(step, state, data.expected_version)
    if why is not None:
        return [refused(event, Refused(Code(why.value), version), now)]
    wish, problems = read_wish(step, data.values)
    problems = (*problems, *await _faults(tx, lead, wish, now))
    if problems:
        return [refused(event, Refused(Code.INVALID_VALUES, version, problems), now)]
    by = By(data.actor, data.reason, event.follow(), event.event_id, data.request_id)
    _, changed = await _taken(tx, lead, known, wish, by, now)
    return [changed]


async def plan(ctx: Context, lead_id: UUID, desk: str, wish: Wish, by: By) -> UUID:
    """Plan an appointment of a lead and return its id.

    Raises NotFoundError, AlreadyPlannedError, StepRefusedError.
    """
    return await _take(ctx, lead_id, desk, None, wish, None, by)


async def take_step(ctx: Context, seen: AppointmentView, version: int, wish: Wish, by: By) -> None:
    """Move, cancel, keep or miss an appointment.

    Raises AppointmentOverError, StaleVersionError, StepRefusedError.
    """
    await _take(ctx, seen.lead_id, seen.desk, seen.id, wish, version, by)


async def _take(
    ctx: Context, lead_id: UUID, desk: str, appointment_id: UUID | None, wish: Wish, version: int | None, by: By
) -> UUID:
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        lead = await store.locked_lead(tx, lead_id, desk)
        if lead is None:
            raise NotFoundError
        known = await store.under_way(tx, lead_id)
        state = state_of(known)
        if appointment_id is not None and (state is None or state.id != appointment_id):
            raise AppointmentOverError
        _check(refusal_of(wish.step, state, version), state)
        problems = await _faults(tx, lead, wish, now)
        if problems:
            raise StepRefusedError([(each.field, each.code) for each in problems])
        actor = await store.actor_of(tx, by.actor, desk)
        taken_id, event = await _taken(tx, lead, known, wish, By(actor, by.reason, by.cause, by.cause_id), now)
        await add(tx, [event])
        await tx.commit()
    return taken_id


def _check(refusal: Refusal | None, state: State) -> None:
    match refusal:
        case None:
            return
        case Refusal.ALREADY_PLANNED if state is not None:
            raise AlreadyPlannedError(state.id)
        case Refusal.ALREADY_PLANNED | Refusal.NOT_FOUND:
            raise AppointmentOverError
        case Refusal.STALE_VERSION:
            raise StaleVersionError
        case _:
            assert_never(refusal)


async def _faults(tx: Transaction, lead: asyncpg.Record, wish: Wish, now: datetime) -> Problems:
    partner = await store.partner_of(tx, lead)
    return faults_of(wish, now, hours_of(partner) if partner is not None else None)


async def _taken(
    tx: Transaction, lead: asyncpg.Record, known: asyncpg.Record | None, wish: Wish, by: By, now: datetime
) -> tuple[UUID, Outgoing]:
    """Write a step that fits, with its line of history; what is so already changes nothing.

    Return the appointment's id and the event.
    """
    before = state_of(known)
    if known is not None and not is_new(wish, before):
        return known["id"], changed_event(known, wish, before, now, by.cause, by.request_id)
    row = await store.write(tx, lead, known, wish, now)
    line = store.Line(
        by.actor, before.at.isoformat() if before else None, shown(wish, row["at"]), by.reason, by.cause_id
    )
    await store.log(tx, lead, line, now)
    return row["id"], changed_event(row, wish, before, now, by.cause, by.request_id)
