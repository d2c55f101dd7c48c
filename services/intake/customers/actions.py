"""Use cases: what a customer is known by is attached and detached, with a history (P.13)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from libs.common.contracts import Cause, Outgoing
from libs.common.messaging.outbox import add
from libs.common.platform.db import Transaction
from libs.common.platform.versions import StaleVersionError
from services.intake.appointments.store import actor_of
from services.intake.consents import store as consents
from services.intake.consents.convert import consent_changed
from services.intake.contacts.rules import Known
from services.intake.contacts.store import Found
from services.intake.context import Context
from services.intake.customers import store
from services.intake.customers.convert import customer_changed
from services.intake.customers.rules import IdentityStep, Reach, identities_of, reached
from services.intake.customers.store import By
from services.intake.errors import IdentityTakenError, NoIdentityError, NotFoundError
from services.intake.leads.convert import lead_updated


async def attach(
    ctx: Context, desk: str, customer_id: UUID, given: Known, subject: str, reason: str, cause: Cause
) -> None:
    """Attach an identity; one of theirs changes nothing.

    Raises IdentityTakenError, NoIdentityError, NotFoundError when the customer is erased.
    """
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        known = identities_of(given, await store.region_of(tx, customer_id))
        if not known:
            raise NoIdentityError
        fresh = await _claim(tx, desk, customer_id, known)
        if fresh and await store.locked(tx, customer_id) is None:
            raise NotFoundError  # they are erased
        if fresh:
            by = By(await actor_of(tx, subject, desk), reason, cause.correlation_id)
            await store.log(tx, desk, customer_id, IdentityStep.ATTACHED, fresh, by, now)
            await add(tx, (await changed(tx, desk, customer_id, by, cause, now)).events)
        await tx.commit()


async def detach(
    ctx: Context, desk: str, customer_id: UUID, given: Known, subject: str, reason: str, cause: Cause
) -> None:
    """Detach an identity. Raises NotFoundError when it is not theirs."""
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        known = (*identities_of(given, await store.region_of(tx, customer_id)), given)
        gone = next((one for one in known if one[0] is given[0]), given)
        if not await store.release(tx, desk, customer_id, gone):
            raise NotFoundError
        by = By(await actor_of(tx, subject, desk), reason, cause.correlation_id)
        await store.log(tx, desk, customer_id, IdentityStep.DETACHED, [gone], by, now)
        events = (await changed(tx, desk, customer_id, by, cause, now, gone)).events
        if (stranger := await consents.stranger(tx, desk, gone, now)) is not None:
            events += (await changed(tx, desk, stranger, by, cause, now)).events
        await add(tx, events)
        await tx.commit()


async def place(
    ctx: Context, desk: str, customer_id: UUID, seen: int, zone: str | None, by: By, cause: Cause
) -> None:
    """Set the zone of a customer's address, None: it is not known any more.

    Raises StaleVersionError, NotFoundError when they are erased.
    """
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        row = await store.locked(tx, customer_id)
        if row is None:
            raise NotFoundError  # they are erased
        if row["version"] != seen:
            raise StaleVersionError
        if row["zone"] != zone:
            await store.set_zone(tx, customer_id, zone)
            by = by._replace(actor=await actor_of(tx, by.actor, desk))
            await add(tx, (await changed(tx, desk, customer_id, by, cause, now)).events)
        await tx.commit()


async def _claim(tx: Transaction, desk: str, customer_id: UUID, known: Sequence[Known]) -> list[Known]:
    """Attach identities and return those that are new. Raises IdentityTakenError."""
    claimed = await store.claim(tx, desk, customer_id, known)
    others = {each.known: each.customer_id for each in claimed if each.customer_id != customer_id}
    found = await store.take_over(tx, desk, customer_id, list(others)) if others else ()
    for one in found:
        del others[one]
    for owner in others.values():
        raise IdentityTakenError(owner)
    return [*(each.known for each in claimed if each.fresh), *found]


async def learned(
    tx: Transaction, desk: str, found: Found | None, by: By, cause: Cause, now: datetime
) -> list[Outgoing]:
    """Keep what a contact shows of a customer; of one whom we knew before it is published (P.13)."""
    if found is None or not found.attached:
        return []
    await store.log(tx, desk, found.customer_id, IdentityStep.ATTACHED, found.attached, by, now)
    return [] if found.fresh else (await changed(tx, desk, found.customer_id, by, cause, now)).events


@dataclass(frozen=True, slots=True)
class Changed:
    """What is to be published of a customer, and what their leads learned: how they reached them, and do now."""

    events: list[Outgoing]
    learned: Mapping[UUID, tuple[Reach, Reach]]


async def changed(
    tx: Transaction,
    desk: str,
    customer_id: UUID,
    by: By,
    cause: Cause,
    now: datetime,
    gone: Known | None = None,
    back: Mapping[UUID, Reach] = MappingProxyType({}),
) -> Changed:
    """Give a customer and their leads under way what they are known by now.

    Each lead learns what it lacks, and forgets what is `gone`; those in `back` begin with what they had before. All
    are published, for a new channel reaches each. What they may be contacted for follows from what they are by now.
    """
    customer = await store.touched(tx, customer_id)
    settled = await consents.settle(tx, customer_id)
    known_by = await store.known_by(tx, customer_id)
    before = await store.reach_of_leads(tx, customer_id)
    after = {
        lead_id: reached(back.get(lead_id, reach), known_by, gone, customer["zone"])
        for lead_id, reach in before.items()
    }
    await consents.mark(tx, list(before), settled.barred)
    leads = await store.set_reach(tx, desk, before, after, by, now)
    said = Outgoing(f"customer:{customer_id}", desk, now, customer_changed(customer, known_by), cause)
    updated = [
        Outgoing(f"lead:{lead['id']}", desk, now, lead_updated(lead, known_by=known_by), cause) for lead in leads
    ]
    learned = {lead_id: (reach, after[lead_id]) for lead_id, reach in before.items() if reach != after[lead_id]}
    return Changed([said, *consent_changed(settled, by.actor, now, cause), *updated], learned)
