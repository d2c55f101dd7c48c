"""Reads of customers within the caller's desks."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, func, or_, select, true

from libs.common.contracts.shared import IdentityKind
from libs.common.domain.masking import masked
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database, Reading
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.consents.convert import closed_of
from services.intake.consents.rules import LISTED
from services.intake.customers.rules import place_by
from services.intake.customers.schemas import CustomerItem, CustomerView, IdentityChangeView, IdentityView
from services.intake.customers.tables import customer, identity, identity_change
from services.intake.errors import NotFoundError
from services.intake.leads.queries import searched
from services.intake.leads.search import search
from services.intake.leads.tables import lead
from services.intake.masking.queries import hidden
from services.intake.orders.queries import orders_of_customer
from services.intake.scope import between, equal, mine, of_whole, own_or_free, root_of, visible
from services.intake.sources.tables import source


@dataclass(frozen=True, slots=True)
class CustomerFilter:
    """The filter of the list; None means all. `q`: what finds one of their leads."""

    desk: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    q: str | None = None
    ids: Sequence[UUID] | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(customer.c.desk, self.desk),
            between(customer.c.created_at, self.created_from, self.created_to),
            true() if self.ids is None else customer.c.id.in_(_now(self.ids)),
        )


async def list_customers(
    db: Database, caller: Principal, wanted: CustomerFilter, asked: PageQuery
) -> Page[CustomerItem]:
    """Return customers, the newest first; one who is merged is shown as the winner."""
    theirs = exists().where(
        _of(customer.c.id),
        own_or_free(caller, lead.c.owner_id),
    )
    alone = customer.c.merged_into.is_(None)
    query = select(customer, _hidden(caller)).where(
        visible(caller, customer.c.desk), alone, theirs, wanted.condition()
    )
    async with db.read() as conn:
        if wanted.q is not None:
            masks = hidden(caller, lead.c.desk, lead.c.owner_id)
            found = await search(wanted.q, masks).found(conn, searched(caller, wanted.desk))
            leads = own_or_free(caller, lead.c.owner_id), found.condition
            one = exists().where(_of(customer.c.id), *leads)
            query = query.where(one if found.many else customer.c.id.in_(_of_leads(*leads)))
        page = await paginate(conn, query, "-id", [customer.c.id], asked)
        known = await _identities(conn, [row["id"] for row in page.rows])
    return page.page(lambda row: _item(row, known.get(row["id"], [])))


def _hidden(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of customers who are masked to a caller: none of their leads is the caller's."""
    own = select(lead.c.owner_id).where(_of(customer.c.id), lead.c.owner_id.in_(mine(caller))).limit(1)
    return hidden(caller, customer.c.desk, own.scalar_subquery()).label("hidden")


def _item(row: RowMapping, known: Sequence[IdentityView]) -> CustomerItem:
    return CustomerItem.model_validate({**row, "identities": _shown(known, hides=row["hidden"])})


def _shown(known: Sequence[IdentityView], *, hides: bool) -> Sequence[IdentityView]:
    return [IdentityView(kind=each.kind, value=masked(each.value)) for each in known] if hides else known


async def _identities(conn: Reading, ids: Sequence[UUID]) -> Mapping[UUID, list[IdentityView]]:
    """Return the identities of customers in their order."""
    one = customer.alias()
    query = (
        select(func.coalesce(one.c.merged_into, one.c.id), identity.c.kind, identity.c.value)
        .join(one, one.c.id == identity.c.customer_id)
        .where(or_(one.c.id.in_(ids), one.c.merged_into.in_(ids)))
        .order_by(identity.c.kind, identity.c.value)
    )
    found: dict[UUID, list[IdentityView]] = defaultdict(list)
    for whose, kind, value in await conn.execute(query):
        found[whose].append(IdentityView(kind=kind, value=value))
    return found


def _of(customer_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition of the leads of a customer, under any id of theirs."""
    one = customer.alias("one")
    return and_(or_(one.c.id == customer_id, one.c.merged_into == customer_id), lead.c.customer_id == one.c.id)


def _of_leads(*conditions: ColumnElement[bool]) -> Select[tuple[UUID]]:
    """Return who the customers of leads are by now."""
    one = customer.alias()
    theirs = one.join(lead, lead.c.customer_id == one.c.id)
    return select(func.coalesce(one.c.merged_into, one.c.id)).select_from(theirs).where(*conditions)


def _now(ids: Sequence[UUID]) -> Select[tuple[UUID]]:
    one = customer.alias()
    return select(func.coalesce(one.c.merged_into, one.c.id)).where(one.c.id.in_(ids))


async def get_customer(db: Database, caller: Principal, customer_id: UUID) -> CustomerView:
    """Return one customer, all their orders with them (S1.11); one who is merged is shown as the winner.

    Raises NotFoundError, also to an operator who may see none of the customer's leads.
    """
    leads = select(lead.c.id).where(_of(customer.c.id), own_or_free(caller, lead.c.owner_id))
    theirs = true() if caller.sees_whole_desks else leads.exists()
    them = select(customer, _hidden(caller)).where(
        customer.c.id == root_of(customer, customer_id), visible(caller, customer.c.desk), theirs
    )
    merged = select(customer.c.id).where(customer.c.merged_into == root_of(customer, customer_id))
    async with db.read() as conn:
        row = (await conn.execute(them)).one_or_none()
        if row is None:
            raise NotFoundError
        known = await _identities(conn, [row.id])
        others = (await conn.execute(merged.order_by(customer.c.id))).scalars().all()
        newest = select(source.c.zone).join(lead, lead.c.source_id == source.c.id).where(_of(customer.c.id))
        newest = newest.where(customer.c.id == row.id).order_by(lead.c.id.desc()).limit(1)
        desk_zone = (await conn.execute(newest)).scalar_one_or_none()
    phones = [one.value for one in known.get(row.id, []) if one.kind is IdentityKind.PHONE]
    place = place_by(phones, row.zone, desk_zone)
    orders = await orders_of_customer(db, caller, row.id)
    return CustomerView(
        id=row.id,
        desk=row.desk,
        name=row.name,
        created_at=row.created_at,
        identities=[*_shown(known.get(row.id, []), hides=row.hidden)],
        zone=place.zone if place else None,
        zone_source=place.source if place else None,
        closed=[*closed_of(row.barred)],
        listed=LISTED in (row.barred or ()),
        version=row.version,
        orders=[*orders],
        merged=[*others],
    )


async def list_identity_changes(
    db: Database, caller: Principal, customer_id: UUID, asked: PageQuery
) -> Page[IdentityChangeView]:
    """Return what was attached to a customer and detached, in its order. Raises NotFoundError."""
    them = await get_customer(db, caller, customer_id)
    changes = select(identity_change, _hidden(caller)).join(customer, customer.c.id == them.id)
    changes = changes.where(of_whole(identity_change.c.customer_id, customer, customer_id))
    async with db.read() as conn:
        found = await paginate(conn, changes, "id", [identity_change.c.id], asked)
    return found.page(_change)


def _change(row: RowMapping) -> IdentityChangeView:
    value = masked(row["value"]) if row["hidden"] else row["value"]
    return IdentityChangeView.model_validate({**row, "value": value})
