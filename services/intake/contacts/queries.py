"""Reads of contacts within the caller's desks."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, select, true

from libs.common.contracts.shared import ContactKind
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.contacts.schemas import ContactView
from services.intake.contacts.tables import contact
from services.intake.errors import NotFoundError
from services.intake.leads.queries import readable
from services.intake.leads.tables import lead
from services.intake.scope import equal, visible


@dataclass(frozen=True, slots=True)
class ContactFilter:
    """The filter of the list; None means all. `of_no_lead`: those that no lead is known for."""

    desk: str | None = None
    kind: ContactKind | None = None
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    of_no_lead: bool | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(contact.c.desk, self.desk),
            equal(contact.c.kind, self.kind),
            equal(contact.c.lead_id, self.lead_id),
            equal(contact.c.customer_id, self.customer_id),
            true() if self.of_no_lead is None else contact.c.lead_id.is_(None) == self.of_no_lead,
        )


def _readable(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of the contacts that a caller may read: an operator's are those of their leads (P.6)."""
    theirs = select(lead.c.id).where(lead.c.id == contact.c.lead_id, readable(caller)).exists()
    all_of_desk = true() if caller.has(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE) else false()
    return and_(visible(caller, contact.c.desk), all_of_desk | theirs)


async def list_contacts(
    db: Database, caller: Principal, wanted: ContactFilter, asked: PageQuery
) -> Page[ContactView]:
    query = select(contact).where(_readable(caller), wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-at", [contact.c.at, contact.c.id], asked)
    return found.page(lambda row: ContactView.model_validate(dict(row)))


async def get_contact(db: Database, caller: Principal, contact_id: UUID) -> ContactView:
    """Return one contact. Raises NotFoundError, also when the caller may not see it."""
    query = select(contact).where(contact.c.id == contact_id, _readable(caller))
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return ContactView.model_validate(dict(row))
