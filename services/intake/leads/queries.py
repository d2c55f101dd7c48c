"""Reads of leads within the caller's desks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, false, func, select, true

from libs.common.contracts.shared import Stage
from libs.common.domain.masking import masked, masked_person
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.appointments.queries import appointments_of_lead
from services.intake.appointments.tables import appointment
from services.intake.customers.tables import customer
from services.intake.errors import NotFoundError
from services.intake.leads.schemas import Change, HistoryView, LeadDetail, LeadView
from services.intake.leads.search import FirstPage, in_order, search
from services.intake.leads.tables import history, lead
from services.intake.masking.queries import hidden
from services.intake.orders.queries import orders_of_lead
from services.intake.scope import between, equal, is_partner_alone, own_or_free, root_of, visible


@dataclass(frozen=True, slots=True)
class LeadFilter:
    """The filter of the list; None means all. `created_to` is exclusive, `q` is free text (S4.15).

    `merged`: also those that are others by now; those that are named are shown in any case.
    """

    desk: str | None = None
    stage: Stage | None = None
    status: str | None = None
    source: str | None = None
    owner_id: UUID | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    q: str | None = None
    partner_id: UUID | None = None
    ids: Sequence[UUID] | None = None
    merged: bool = False

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(lead.c.desk, self.desk),
            equal(lead.c.stage, self.stage),
            equal(lead.c.status, self.status),
            equal(lead.c.source, self.source),
            equal(lead.c.owner_id, self.owner_id),
            equal(lead.c.partner_id, self.partner_id),
            between(lead.c.created_at, self.created_from, self.created_to),
            true() if self.ids is None else lead.c.id.in_(self.ids),
            true() if self.merged or self.ids is not None else lead.c.merged_into.is_(None),
        )


def searched(caller: Principal, desk: str | None) -> ColumnElement[bool]:
    """Return the condition of the leads among which a text is looked for; who they are by now is asked later."""
    return and_(visible(caller, lead.c.desk), equal(lead.c.desk, desk))


def readable(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of the leads that a caller may read (P.6)."""
    theirs = _of_partner(caller) if is_partner_alone(caller) else own_or_free(caller, lead.c.owner_id)
    return and_(visible(caller, lead.c.desk), theirs)


def _of_partner(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of a partner's own leads: those that ever had an appointment (S0.6)."""
    try:
        partner_id = UUID(caller.partner_id or "")
    except ValueError:
        return false()
    booked = select(appointment.c.id).where(appointment.c.lead_id == lead.c.id).exists()
    return and_(lead.c.partner_id == partner_id, booked)


async def list_leads(
    db: Database, caller: Principal, wanted: LeadFilter, asked: PageQuery, language: Language
) -> Page[LeadView]:
    masked = hidden(caller, lead.c.desk, lead.c.owner_id).label("hidden")
    within = and_(readable(caller), wanted.condition())
    query = select(lead, _customer(), masked).where(within)
    async with db.read() as conn:
        if wanted.q is not None:
            first = FirstPage(equal(lead.c.desk, wanted.desk), within, asked.reach)
            is_later = asked.cursor or wanted.merged or wanted.ids is not None  # or with leads that were merged
            found = await search(wanted.q, hidden(caller, lead.c.desk, lead.c.owner_id)).found(
                conn, searched(caller, wanted.desk), within, None if is_later else first
            )
            query = query.where(found.condition)
            if found.many:
                await in_order(conn)
        page = await paginate(conn, query, "-created_at", [lead.c.created_at, lead.c.id], asked)
    return page.page(lambda row: LeadView.model_validate(_members(row, language, caller)))


async def get_lead(db: Database, caller: Principal, lead_id: UUID, language: Language) -> LeadDetail:
    """Return one lead with its orders and appointments. Raises NotFoundError, also for one they may not see."""
    masked = hidden(caller, lead.c.desk, lead.c.owner_id).label("hidden")
    query = select(lead, _customer(), masked).where(lead.c.id == lead_id, readable(caller))
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    orders = await orders_of_lead(db, caller, lead_id)
    appointments = await appointments_of_lead(db, lead_id)
    return LeadDetail.model_validate(
        {**_members(row, language, caller), "orders": [*orders], "appointments": appointments}
    )


async def list_history(db: Database, caller: Principal, lead_id: UUID, asked: PageQuery) -> Page[HistoryView]:
    """Return the changes of a lead in their order. Raises NotFoundError."""
    masks = hidden(caller, lead.c.desk, lead.c.owner_id).label("hidden")
    exists = select(masks).where(lead.c.id == lead_id, readable(caller))
    changes = select(history).where(history.c.lead_id == lead_id)
    async with db.read() as conn:
        seen = (await conn.execute(exists)).one_or_none()
        if seen is None:
            raise NotFoundError
        found = await paginate(conn, changes, "id", [history.c.id], asked)
    return found.page(lambda row: _change(row, hides=seen.hidden))


def _change(row: RowMapping, *, hides: bool) -> HistoryView:
    """Return a line of the history; one of a contact that differs names both, else what was gained is named."""
    line = HistoryView.model_validate(dict(row))
    if not hides or line.what is not Change.LEAD_PERSON or line.from_value is None:
        return line
    return line.model_copy(update={name: masked(getattr(line, name) or "") for name in ("from_value", "to_value")})


def _customer() -> ColumnElement[UUID]:
    """Return who the customer of a lead is by now."""
    return func.coalesce(root_of(customer, lead.c.customer_id), lead.c.customer_id).label("by_now")


def _members(row: RowMapping, language: Language, caller: Principal) -> dict[str, object]:
    """Return a lead as a caller sees it: a partner sees who comes, not how to reach them or what the desk notes."""
    own = ("name",) if is_partner_alone(caller) else ("name", "phone", "phone_raw", "email")
    hidden: dict[str, object] = {
        "marketing": {},
        "pinned_comment": None,
        "signals": [],
        "earlier_lead_id": None,
    }
    members = {**row, **(hidden if is_partner_alone(caller) else {})}
    members["customer_id"] = members.pop("by_now")
    person: dict[str, object] = {name: row[name] for name in own}
    if row["hidden"]:
        person = masked_person(person)
    return {**members, "person": person, "title": row["title"][language.value]}
