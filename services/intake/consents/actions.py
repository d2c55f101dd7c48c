"""Use cases: a consent, a withdrawal, the black list. What follows is published with the decision (P.14)."""

from collections.abc import Sequence
from datetime import datetime
from typing import cast
from uuid import UUID

from libs.common.contracts import Cause, EventData, Outgoing, Received
from libs.common.contracts.notifications import AdvertisingSwitched
from libs.common.messaging.inbox import UseCase
from libs.common.messaging.outbox import add
from libs.common.platform.clock import Clock
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.intake.appointments.store import actor_of
from services.intake.calling.store import stop_calls
from services.intake.consents import store
from services.intake.consents.rules import ConsentKind, ConsentStep, Withdrawn, purposes_of
from services.intake.consents.store import NewStep
from services.intake.contacts.rules import Known
from services.intake.context import Context
from services.intake.customers import store as customers
from services.intake.customers.actions import changed
from services.intake.customers.convert import known_of
from services.intake.customers.rules import identities_of
from services.intake.customers.store import By
from services.intake.errors import AlreadyExistsError, NoIdentityError, NotFoundError

ANYWHERE = "RU"  # the country of a local number on the black list
AT_PROVIDER = "switched at the provider"
WITHDRAWN = "consent_withdrawn"
# A customer whom an entry of the black list has made known: nothing has come from them yet.
STRANGER = "INSERT INTO customer (id, desk, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING"


async def record(ctx: Context, desk: str, customer_id: UUID, new: NewStep, subject: str, cause: Cause) -> None:
    """Record a consent or a withdrawal of a customer."""
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        actor = await actor_of(tx, subject, desk)
        await add(
            tx, await recorded(tx, desk, customer_id, new, By(actor, new.reason, cause.correlation_id), cause, now)
        )
        await tx.commit()


async def recorded(
    tx: Transaction, desk: str, customer_id: UUID, new: NewStep, by: By, cause: Cause, now: datetime
) -> list[Outgoing]:
    """Record it in the caller's transaction; calls that wait are stopped. Returns what is to be published."""
    root = await store.lock_whole(tx, customer_id)
    await store.add(tx, desk, root, new, by.actor, by.cause_id, now)
    return await _followed(tx, desk, root, by, cause, now)


async def said_stop(
    tx: Transaction,
    desk: str,
    customer_id: UUID,
    message_id: UUID,
    at: datetime,
    by: By,
    cause: Cause,
    now: datetime,
) -> list[Outgoing]:
    """Withdraw all of a customer who wrote a word of withdrawal; returns what is to be published."""
    closed = purposes_of(Withdrawn.ALL)
    new = NewStep(uuid7(), ConsentStep.WITHDRAWN, closed, min(at, now), by.reason, message_id=message_id)
    return await recorded(tx, desk, customer_id, new, by, cause, now)


def follow_switches(clock: Clock) -> UseCase:
    """Return the use case of `advertising.switched`: a switch at a provider is one of all channels."""

    async def follow(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        switched = cast("Sequence[Received[AdvertisingSwitched]]", events)
        for event in sorted(switched, key=lambda one: one.key):
            await _switch(tx, event, clock.now())

    return follow


async def _switch(tx: Transaction, event: Received[AdvertisingSwitched], now: datetime) -> None:
    """Close advertisements of a customer, or open what the provider's switch has closed; strangers have none."""
    data, actor = event.data, f"provider:{event.data.provider}"
    known = [one for each in data.person.identities for one in identities_of((each.kind, each.value), ANYWHERE)]
    customer_id = await store.whose(tx, event.desk, known)
    if customer_id is None:
        return
    root = await store.lock_whole(tx, customer_id)
    if data.wanted and not await store.closed_by(tx, root, actor):
        return
    what = ConsentStep.GIVEN if data.wanted else ConsentStep.WITHDRAWN
    kind = ConsentKind.PROVIDER if data.wanted else None
    new = NewStep(uuid7(), what, purposes_of(Withdrawn.MARKETING), min(data.at, now), AT_PROVIDER, kind)
    by, cause = By(actor, AT_PROVIDER, event.event_id), event.follow()
    await add(tx, await recorded(tx, event.desk, root, new, by, cause, now))


async def enter(ctx: Context, desk: str, given: Known, reason: str, subject: str, cause: Cause) -> UUID:
    """Put an identity on the black list. Whose it is, or will be, is known by it: a later lead finds them.

    Raises NoIdentityError, AlreadyExistsError.
    """
    now, entry_id = ctx.core.clock.now(), uuid7()
    known = next(iter(identities_of(given, ANYWHERE)), None)  # a number of WhatsApp as the phone that it is
    if known is None:
        raise NoIdentityError
    async with ctx.core.db.begin() as tx:
        by = By(await actor_of(tx, subject, desk), reason, cause.correlation_id)
        customer_id = await _holder(tx, desk, known, now)
        existing = await store.enter(tx, entry_id, desk, known, reason, by.actor, now)
        if existing is not None:
            raise AlreadyExistsError(existing)
        root = await store.lock_whole(tx, customer_id)
        await add(tx, await _followed(tx, desk, root, by, cause, now))
        await tx.commit()
    return entry_id


async def lift(ctx: Context, entry_id: UUID, reason: str, subject: str, cause: Cause) -> None:
    """Take an identity from the black list; one that was taken already stays so. Raises NotFoundError."""
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        entry = await tx.conn.fetchrow(store.OF_ENTRY, entry_id)
        if entry is None:
            raise NotFoundError
        if entry["lifted_at"] is not None:  # what an erasure has taken from it names no one any more
            return
        by = By(await actor_of(tx, subject, entry["desk"]), reason, cause.correlation_id)
        customer_id = await _holder(tx, entry["desk"], known_of([entry])[0], now)
        if await store.lift(tx, entry_id, now, by.actor, reason):
            root = await store.lock_whole(tx, customer_id)
            await add(tx, await _followed(tx, entry["desk"], root, by, cause, now))
            await tx.commit()


async def _holder(tx: Transaction, desk: str, known: Known, now: datetime) -> UUID:
    """Lock an identity, and return whose it is: a stranger, should no customer have it yet."""
    [claimed] = await customers.claim(tx, desk, uuid7(), [known])
    await tx.conn.execute(STRANGER, claimed.customer_id, desk, now)
    return claimed.customer_id


async def _followed(tx: Transaction, desk: str, root: UUID, by: By, cause: Cause, now: datetime) -> list[Outgoing]:
    """Give a locked customer and their leads what follows; returns what is to be published."""
    events = (await changed(tx, desk, root, by, cause, now)).events
    if not await store.is_called(tx, root):
        await stop_calls(tx, root, WITHDRAWN)
    return events
