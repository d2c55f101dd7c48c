"""Use case of the consumer: what tasks asks to be changed is applied and answered, once (docs/adr/0007)."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeAlias, assert_never, cast

import asyncpg

from libs.common.contracts import EventData, Outgoing, Received
from libs.common.contracts.shared import ChangeTarget, OrderStatus
from libs.common.contracts.tasks import ChangeRequested
from libs.common.messaging.inbox import UseCase
from libs.common.messaging.outbox import add
from libs.common.platform.clock import Clock
from libs.common.platform.db import Transaction
from services.intake.accesses.actions import answer_access
from services.intake.appointments.actions import answer_step
from services.intake.changes import store
from services.intake.changes.convert import (
    asked_of,
    changed_lead,
    changed_order,
    changed_person,
    fields_of,
    named,
    refused,
    shown,
)
from services.intake.changes.rules import (
    Code,
    PersonChange,
    Problems,
    Refused,
    fenced,
    read_change,
    read_comment,
    read_fields,
    read_status,
)
from services.intake.changes.store import Line
from services.intake.customers.store import By, known_by
from services.intake.holds.rules import hold_problems
from services.intake.holds.store import starts_at
from services.intake.payments.actions import answer_payment
from services.intake.refunds.actions import answer_refund

Request: TypeAlias = Received[ChangeRequested]
Answer: TypeAlias = Callable[[Transaction, Request, datetime], Awaitable[list[Outgoing]]]


def change_requests(clock: Clock) -> UseCase:
    """Return the use case of `change.requested`."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        now = clock.now()
        asked = [cast("Request", event) for event in events if isinstance(event.data, ChangeRequested)]
        new = await store.claim(tx, asked, now)
        for event in asked:
            if event.data.request_id in new:
                new.discard(event.data.request_id)  # the second of two in one batch is a repeat
                await add(tx, await _answer_to(event.data.target)(tx, event, now))

    return apply


def _answer_to(target: ChangeTarget) -> Answer:
    match target:
        case ChangeTarget.ORDER_STATUS:
            return _order_status
        case ChangeTarget.ORDER_FIELDS:
            return _order_fields
        case ChangeTarget.PINNED_COMMENT:
            return _pinned_comment
        case ChangeTarget.CUSTOMER_FIELDS:
            return _customer_fields
        case ChangeTarget.APPOINTMENT:
            return answer_step
        case ChangeTarget.PAYMENT:
            return answer_payment
        case ChangeTarget.REFUND:
            return answer_refund
        case ChangeTarget.ACCESS:
            return answer_access
        case ChangeTarget.DOCUMENT_LINK | ChangeTarget.PARTNER_CHARGE:
            return _unknown
        case _:
            assert_never(target)


async def _order_status(tx: Transaction, event: Request, now: datetime) -> list[Outgoing]:
    order = await _target(tx, store.ORDER, event)
    if isinstance(order, Refused):
        return [refused(event, order, now)]
    status, before = read_status(event.data.values), OrderStatus(order["status"])
    if isinstance(status, tuple):
        return [refused(event, _invalid(order, status), now)]
    if status is not before:
        order = await store.set_status(tx, order, status)
        await store.log(tx, event, Line("order_status", order["lead_id"], before, status, order["id"]), now)
    return [changed_order(event, order, before, now)]


async def _order_fields(tx: Transaction, event: Request, now: datetime) -> list[Outgoing]:
    order = await _target(tx, store.ORDER, event)
    if isinstance(order, Refused):
        return [refused(event, order, now)]
    known, status = fields_of(order), OrderStatus(order["status"])
    to = read_fields(event.data.values, known)
    if isinstance(to, tuple):
        return [refused(event, _invalid(order, to), now)]
    if to.held_until != known.held_until:
        starts = await starts_at(tx.conn, event.desk, order["items"])
        if problems := hold_problems(to.held_until, status, starts, now):
            return [refused(event, _invalid(order, problems), now)]
    if to != known:
        order = await store.set_fields(tx, order, to)
        line = Line("order_fields", order["lead_id"], shown(known, to), shown(to, known), order["id"])
        await store.log(tx, event, line, now)
    return [changed_order(event, order, status, now)]


async def _pinned_comment(tx: Transaction, event: Request, now: datetime) -> list[Outgoing]:
    lead = await _target(tx, store.LEAD, event)
    if isinstance(lead, Refused):
        return [refused(event, lead, now)]
    comment, before = read_comment(event.data.values), lead["pinned_comment"]
    if isinstance(comment, tuple):
        return [refused(event, _invalid(lead, comment), now)]
    if comment != (before or ""):
        lead = await store.set_comment(tx, lead, comment, now)
        await store.log(tx, event, Line("pinned_comment", lead["id"], before, comment or None), now)
    return [changed_lead(event, lead, now, request_id=event.data.request_id)]


async def _customer_fields(tx: Transaction, event: Request, now: datetime) -> list[Outgoing]:
    """Change a customer, and the person of their leads under way."""
    change = read_change(asked_of(event.data.person), event.data.values)
    # Identities are locked before the customer, as everywhere.
    taken = isinstance(change, PersonChange) and await store.taken(tx, event.desk, event.data.target_id, change)
    customer = await _target(tx, store.CUSTOMER, event)
    if isinstance(customer, Refused):
        return [refused(event, customer, now)]
    if not isinstance(change, PersonChange):
        return [refused(event, _invalid(customer, change), now)]
    if taken:
        return [refused(event, Refused(Code.IDENTITY_TAKEN, customer["version"]), now)]
    by = By(event.data.actor, event.data.reason, event.event_id)
    customer = await store.set_customer(tx, customer, change, by, now)
    leads = await store.set_persons(tx, customer, change, now)
    for lead in leads:
        await store.log(tx, event, Line("lead_person", lead["id"], None, named(change)), now)
    known = await known_by(tx, customer["id"])
    changed = changed_person(event, customer, change, known, now)
    return [changed, *(changed_lead(event, lead, now, known_by=known) for lead in leads)]


async def _unknown(tx: Transaction, event: Request, now: datetime) -> list[Outgoing]:
    """Refuse what intake does not have yet."""
    return [refused(event, Refused(Code.UNKNOWN_TARGET), now)]


async def _target(tx: Transaction, statement: str, event: Request) -> asyncpg.Record | Refused:
    """Lock and return the target as the caller saw it, or the refusal."""
    row = await tx.conn.fetchrow(statement, event.data.target_id, event.desk)
    refusal = fenced(row["version"] if row else None, event.data.expected_version)
    return refusal or row or Refused(Code.NOT_FOUND)


def _invalid(target: asyncpg.Record, problems: Problems) -> Refused:
    return Refused(Code.INVALID_VALUES, target["version"], problems)
