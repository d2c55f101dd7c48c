"""Reads of consents and of the black list. The ground of a lead follows from its source, so it has no row."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, cast
from uuid import UUID

from sqlalchemy import Column, RowMapping, Subquery, Text, Uuid, literal, select, true, union_all

from libs.common.contracts.shared import ContactKind, Direction, Purpose
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database, Reading
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.consents.rules import ConsentKind, ConsentStep, Step, basis_of, purpose_of
from services.intake.consents.schemas import BlackListEntry, ConsentView, GroundedContact, GroundView
from services.intake.consents.tables import black_list, consent
from services.intake.contacts.tables import contact
from services.intake.customers.queries import get_customer
from services.intake.customers.tables import customer
from services.intake.deliveries.tables import delivery
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead
from services.intake.scope import equal, of_whole, visible
from services.intake.sources.queries import terms_then

BY_FORM = "left by the source's form"


def history_of(customer_id: UUID) -> Subquery:
    """Return all grounds and withdrawals of a customer, under any id of theirs: rows, and forms of leads."""
    terms = terms_then()
    brought = select(delivery.c.id).where(delivery.c.lead_id == lead.c.id).order_by(delivery.c.id).limit(1)
    columns = consent.c
    said = select(
        columns.id, columns.what, columns.kind, columns.purposes, columns.at, columns.document,
        columns.document_version, columns.source, literal(None, Uuid).label("lead_id"), columns.delivery_id,
        columns.message_id, columns.actor, columns.reason, columns.recorded_at,
    ).where(of_whole(columns.customer_id, customer, customer_id))  # fmt: skip
    forms = select(
        lead.c.id, literal(ConsentStep.GIVEN.value, Text), literal(ConsentKind.FORM.value, Text), terms.c.purposes,
        lead.c.created_at, terms.c.document, terms.c.document_version, lead.c.source, lead.c.id,
        brought.scalar_subquery(), literal(None, Uuid), "source:" + lead.c.source, literal(BY_FORM, Text),
        lead.c.created_at,
    ).join(terms, true()).where(
        of_whole(lead.c.customer_id, customer, customer_id), terms.c.document.is_not(None)
    )  # fmt: skip
    return union_all(said, forms).subquery("history")


async def list_consents(db: Database, caller: Principal, customer_id: UUID, asked: PageQuery) -> Page[ConsentView]:
    """Return the history of a customer's consents, the latest first. Raises NotFoundError."""
    await get_customer(db, caller, customer_id)
    history = history_of(customer_id)
    async with db.read() as conn:
        key = [cast("Column[object]", history.c[name]) for name in ("at", "id")]
        found = await paginate(conn, select(history), "-at", key, asked)
    return found.page(lambda row: ConsentView.model_validate(dict(row)))


async def get_consent(db: Database, customer_id: UUID, consent_id: UUID) -> ConsentView:
    """Return one line of it. Raises NotFoundError."""
    history = history_of(customer_id)
    async with db.read() as conn:
        row = (await conn.execute(select(history).where(history.c.id == consent_id))).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return ConsentView.model_validate(dict(row))


async def list_grounds(
    db: Database, caller: Principal, customer_id: UUID, asked: PageQuery
) -> Page[GroundedContact]:
    """Return the calls and messages to a customer, the latest first, each with its ground. Raises NotFoundError."""
    await get_customer(db, caller, customer_id)
    terms = terms_then()
    made = (
        select(contact, terms.c.call_label)
        .outerjoin(lead, lead.c.id == contact.c.lead_id)
        .outerjoin(terms, true())
        .where(of_whole(contact.c.customer_id, customer, customer_id), contact.c.direction == Direction.OUT.value)
    )
    async with db.read() as conn:
        found = await paginate(conn, made, "-at", [contact.c.at, contact.c.id], asked)
        history = await _known(conn, customer_id)
    return found.page(lambda row: _grounded(row, history))


async def get_ground(
    db: Database, caller: Principal, customer_id: UUID, purpose: Purpose, at: datetime, lead_id: UUID | None
) -> GroundView:
    """Return why a customer could be contacted at a moment, such as by a message then. Raises NotFoundError."""
    await get_customer(db, caller, customer_id)
    async with db.read() as conn:
        known = await _known(conn, customer_id)
    basis = basis_of(known.steps, purpose, at, lead_id)
    ground, withdrawn = known.view(basis.ground), known.view(basis.withdrawn)
    return GroundView(purpose=purpose, at=at, lead_id=lead_id, ground=ground, withdrawn=withdrawn)


class _Known(NamedTuple):
    steps: Sequence[Step]
    views: Mapping[UUID, ConsentView]

    def view(self, step: UUID | None) -> ConsentView | None:
        return None if step is None else self.views[step]


async def _known(conn: Reading, customer_id: UUID) -> _Known:
    rows = (await conn.execute(select(history_of(customer_id)))).mappings().all()
    views = [ConsentView.model_validate(dict(row)) for row in rows]
    steps = [Step(one.id, one.what, frozenset(one.purposes), one.at, one.lead_id) for one in views]
    return _Known(steps, {one.id: one for one in views})


def _grounded(row: RowMapping, known: _Known) -> GroundedContact:
    purpose = purpose_of(ContactKind(row["kind"]))
    basis = basis_of(known.steps, purpose, row["at"], row["lead_id"])
    said = {"purpose": purpose, "ground": known.view(basis.ground), "withdrawn": known.view(basis.withdrawn)}
    return GroundedContact.model_validate({**row, **said})


async def list_black_list(
    db: Database, caller: Principal, desk: str | None, value: str | None, asked: PageQuery
) -> Page[BlackListEntry]:
    """Return the black list of the caller's desks, the newest entries first; those that were lifted stay."""
    query = select(black_list).where(
        visible(caller, black_list.c.desk), equal(black_list.c.desk, desk), equal(black_list.c.value, value)
    )
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [black_list.c.id], asked)
    return found.page(lambda row: BlackListEntry.model_validate(dict(row)))


async def get_entry(db: Database, caller: Principal, entry_id: UUID) -> BlackListEntry:
    """Return one entry of the black list. Raises NotFoundError."""
    query = select(black_list).where(black_list.c.id == entry_id, visible(caller, black_list.c.desk))
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return BlackListEntry.model_validate(dict(row))
