"""Use cases: make and change a partner."""

from dataclasses import replace
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.messaging.outbox import add
from libs.common.platform.ids import uuid7
from libs.common.platform.versions import StaleVersionError
from services.intake.context import Context
from services.intake.errors import AlreadyExistsError
from services.intake.partners import store
from services.intake.partners.convert import card_of, changed_event
from services.intake.partners.schemas import PartnerIn, PartnerPatch


async def create_partner(ctx: Context, new: PartnerIn, cause: Cause) -> UUID:
    """Make a partner and return their id. Raises AlreadyExistsError."""
    partner_id, card, now = uuid7(), new.card(), ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        existing = await store.create(tx, partner_id, new.desk, new.code, card, now)
        if existing is not None:
            raise AlreadyExistsError(existing)
        await add(tx, [changed_event(partner_id, new.desk, new.code, card, 1, now, cause)])
        await tx.commit()
    return partner_id


async def announce_partners(ctx: Context) -> int:
    """Publish cards that the release before wrote, as they are; return how many. For playbooks nothing happens."""
    async with ctx.core.db.begin() as tx:
        rows, now = await tx.conn.fetch(store.ANNOUNCE), ctx.core.clock.now()
        said = [
            changed_event(
                row["id"], row["desk"], row["code"], card_of(row), row["version"], now, Cause.fresh(), again=True
            )
            for row in rows
        ]
        await add(tx, said)
        await tx.commit()
    return len(rows)


async def change_partner(ctx: Context, partner_id: UUID, seen: int, patch: PartnerPatch, cause: Cause) -> None:
    """Change what the patch names; what is so already is no change. Raises StaleVersionError."""
    now = ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        row = await store.locked(tx, partner_id)
        if row is None or row["version"] != seen:
            raise StaleVersionError
        before = card_of(row)
        card = patch.applied(before)
        if card != before:
            await store.change(tx, partner_id, card, now)
            # No playbook hears of leave to listen: the card is as it was.
            again = replace(before, listens=card.listens) == card
            changed = changed_event(partner_id, row["desk"], row["code"], card, seen + 1, now, cause, again=again)
            await add(tx, [changed])
        await tx.commit()
