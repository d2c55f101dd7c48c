"""Reads of recordings: by whom one may be listened to, and where its sound is."""

from uuid import UUID

import asyncpg
from sqlalchemy import ColumnElement, RowMapping, and_, or_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.intake.contacts.tables import contact
from services.intake.errors import NotFoundError
from services.intake.leads.queries import readable
from services.intake.leads.tables import lead
from services.intake.operators.tables import operator
from services.intake.partners.tables import partner
from services.intake.scope import is_partner_alone, visible

SOUND = """
SELECT c.id, c.desk, c.lead_id, c.customer_id, c.recording, s.key AS source_key
FROM contact c LEFT JOIN source s ON s.id = c.source_id WHERE c.id = $1 AND c.recording IS NOT NULL
"""


async def listened_to(db: Database, caller: Principal, contact_id: UUID) -> RowMapping:
    """Return the contact whose recording a caller may listen to. Raises NotFoundError."""
    query = select(contact).where(
        contact.c.id == contact_id,
        contact.c.recording.is_not(None),
        visible(caller, contact.c.desk),
        _theirs(caller),
    )
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return row


async def sound_of(db: Database, contact_id: UUID) -> asyncpg.Record | None:
    """Return where the sound of a contact is: the reference, and the source that it came by."""
    return await db.pool.fetchrow(SOUND, contact_id)


def _theirs(caller: Principal) -> ColumnElement[bool]:
    if caller.sees_whole_desks:
        return true()
    return of_partner(caller) if is_partner_alone(caller) else _of_operator(caller)


def of_partner(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of the calls that a partner may listen to: of their own leads, if they have leave."""
    leave = select(partner.c.id).where(partner.c.id == lead.c.partner_id, partner.c.active, partner.c.listens)
    theirs = select(lead.c.id).where(lead.c.id == contact.c.lead_id, readable(caller), leave.exists())
    return and_(contact.c.recording.is_not(None), theirs.exists())


def _of_operator(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of the calls that an operator may listen to: of their leads, and their own."""
    me = select(operator.c.id).where(operator.c.subject == caller.sub, operator.c.active)
    owned = select(lead.c.id).where(lead.c.id == contact.c.lead_id, lead.c.owner_id.in_(me)).exists()
    return or_(owned, contact.c.operator_id.in_(me))
