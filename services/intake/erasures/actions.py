"""Use cases of erasures: a person asks for one, the other services answer (P.7, docs/adr/0022)."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from libs.common.contracts import Cause, EventData, Outgoing, Received
from libs.common.contracts.erasures import CustomerErased, Scrubbed
from libs.common.messaging.inbox import UseCase
from libs.common.messaging.outbox import add
from libs.common.platform.clock import Clock
from libs.common.platform.db import Transaction
from libs.common.platform.erasure.actions import Eraser
from libs.common.platform.erasure.retention import Keeper
from libs.common.platform.erasure.store import Erasure, note
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.logs import get_logger
from services.intake.calling.store import stop_calls
from services.intake.context import Context
from services.intake.erasures import store
from services.intake.erasures.convert import person_of
from services.intake.erasures.places import AGED, PLACES
from services.intake.erasures.rules import ErasureReason
from services.intake.errors import NotFoundError
from services.intake.merges.store import lock_identities

ERASED = "erased"

log = get_logger(__name__)


class Asked(NamedTuple):
    """An erasure that was asked for; `fresh`: not before."""

    id: UUID
    fresh: bool


async def erase(ctx: Context, customer_id: UUID, reason: ErasureReason, subject: str, cause: Cause) -> UUID:
    """Let nothing lead to a customer any more, and say to all services that they are erased.

    Returns the erasure; asked again, the first one. Raises NotFoundError.
    """
    return (await _erase(ctx, customer_id, reason, subject, cause)).id


async def _erase(ctx: Context, customer_id: UUID, reason: ErasureReason, subject: str, cause: Cause) -> Asked:
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        found = await store.lock_whole(tx.conn, customer_id)
        if found is None:
            raise NotFoundError
        root, desk, whole = found
        if (existing := await store.known(tx.conn, whole)) is not None:
            return Asked(existing, fresh=False)
        said = await _said(tx, desk, root, whole)
        event_id, key = uuid7(), f"customer:{root}"
        await tx.conn.execute(store.ADD, said.erasure_id, desk, root, reason.value, now, subject)
        await stop_calls(tx, root, ERASED)  # while their numbers are known
        await store.part(tx.conn, whole, now)
        await note(tx.conn, Received(event_id, key, desk, now, 0, cause, said))
        await add(tx, [Outgoing(key, desk, now, said, cause, event_id)])
        await tx.commit()
    return Asked(said.erasure_id, fresh=True)


def eraser(ctx: Context) -> Eraser:
    """Return what empties intake of a person."""

    async def adopt(tx: Transaction, erasure: Erasure) -> int:
        """Let leads go too that an order has made while the customer was erased: it did not know yet."""
        now = ctx.core.clock.now()
        return await store.adopt(tx.conn, erasure.desk, erasure.id, erasure.customers, now)

    return Eraser(ctx.core, PLACES, end=adopt)


def keeper(ctx: Context) -> Keeper:
    """Return what lets go with age what names persons."""

    async def outlived(tx: Transaction, desk: str, before: datetime) -> bool:
        """Erase customers of whom nothing is under way and nothing has changed since; each by itself."""
        fresh = False
        for customer_id in await store.outlived(tx.conn, desk, before):
            try:
                asked = await _erase(ctx, customer_id, ErasureReason.NO_LONGER_NEEDED, "retention", Cause.fresh())
            except Exception:  # the others do not wait for it
                log.exception("a customer is not erased", customer_id=str(customer_id))
            else:
                fresh = fresh or asked.fresh
        return fresh  # else the same ones would come again at once

    return Keeper(ctx.core, {**AGED, "customers": outlived})


async def _said(tx: Transaction, desk: str, root: UUID, whole: Sequence[UUID]) -> CustomerErased:
    held = await lock_identities(tx.conn, desk, whole)
    leads = await tx.conn.fetch(store.LEADS, list(whole))
    names = [row["name"] for row in await tx.conn.fetch(store.CUSTOMERS, list(whole))]
    return CustomerErased(
        erasure_id=uuid7(),
        customer_id=root,
        customer_ids=tuple(whole),
        lead_ids=tuple(row["id"] for row in leads),
        person=person_of(next(filter(None, names), None), held, leads),
    )


def keep_answers(clock: Clock) -> UseCase:
    """Return the use case of what services answer."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        for event in cast("Sequence[Received[Scrubbed]]", events):
            await store.answer(tx.conn, event.data.owner, event, clock.now())

    return apply
