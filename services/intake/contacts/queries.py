"""Reads of contacts within the caller's desks."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, select, true

from libs.common.contracts.shared import ContactKind, Customer
from libs.common.domain.masking import masked_person
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.contacts.rules import recording_path
from services.intake.contacts.schemas import ContactView
from services.intake.contacts.tables import contact
from services.intake.customers.tables import customer
from services.intake.errors import NotFoundError
from services.intake.leads.queries import readable
from services.intake.leads.tables import lead
from services.intake.masking.queries import hidden
from services.intake.recordings.queries import of_partner
from services.intake.scope import equal, is_partner_alone, of_whole, visible


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
            of_whole(contact.c.lead_id, lead, self.lead_id),
            of_whole(contact.c.customer_id, customer, self.customer_id),
            true() if self.of_no_lead is None else contact.c.lead_id.is_(None) == self.of_no_lead,
        )


def _readable(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of the contacts that a caller may read: an operator's are those of their leads (P.6).

    A partner's are those that they may listen to.
    """
    if is_partner_alone(caller):
        return and_(visible(caller, contact.c.desk), of_partner(caller))
    theirs = select(lead.c.id).where(lead.c.id == contact.c.lead_id, readable(caller)).exists()
    return and_(visible(caller, contact.c.desk), true() if caller.sees_whole_desks else theirs)


async def list_contacts(
    db: Database, caller: Principal, wanted: ContactFilter, asked: PageQuery
) -> Page[ContactView]:
    query = _contacts(caller).where(wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-at", [contact.c.at, contact.c.id], asked)
    return found.page(lambda row: _shown(row, caller))


def _contacts(caller: Principal) -> Select[tuple[object, ...]]:
    """Select the contacts that a caller may read, and whether each is masked to them."""
    owner = select(lead.c.owner_id).where(lead.c.id == contact.c.lead_id).scalar_subquery()
    masked = hidden(caller, contact.c.desk, owner).label("hidden")
    return select(contact, masked).where(_readable(caller))


def _shown(row: RowMapping, caller: Principal) -> ContactView:
    """Return a contact as a caller sees it: a partner sees who it was, and not how they are reached."""
    view = view_of(row)
    if is_partner_alone(caller):
        return view.model_copy(update={"person": Customer(name=view.person.name)})
    if not row["hidden"]:
        return view
    return view.model_copy(update={"person": Customer.model_validate(masked_person(row["person"]))})


async def get_contact(db: Database, caller: Principal, contact_id: UUID) -> ContactView:
    """Return one contact. Raises NotFoundError, also when the caller may not see it."""
    query = _contacts(caller).where(contact.c.id == contact_id)
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _shown(row, caller)


def view_of(row: RowMapping) -> ContactView:
    """Return a contact as it is shown: of a recording, where leave to listen is asked for."""
    recording = recording_path(row["id"]) if row["recording"] else None
    return ContactView.model_validate({**row, "recording": recording})
