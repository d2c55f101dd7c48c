"""Reads of refunds within the caller's desks; payout details are masked in all of them but one."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, select

from libs.common.contracts.shared import RefundState
from libs.common.domain.masking import HIDDEN, masked_person
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from libs.common.platform.sealing import DataKeys
from services.intake.customers.tables import customer
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead
from services.intake.masking.queries import hidden
from services.intake.payments.queries import seen_by
from services.intake.refunds.schemas import PayoutView, RefundView
from services.intake.refunds.store import place_of
from services.intake.refunds.tables import refund
from services.intake.scope import equal, of_whole


@dataclass(frozen=True, slots=True)
class RefundFilter:
    """The filter of the list; None means all."""

    desk: str | None = None
    order_id: UUID | None = None
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    state: RefundState | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(refund.c.desk, self.desk),
            equal(refund.c.order_id, self.order_id),
            of_whole(refund.c.lead_id, lead, self.lead_id),
            of_whole(refund.c.customer_id, customer, self.customer_id),
            equal(refund.c.state, self.state),
        )


async def list_refunds(db: Database, caller: Principal, wanted: RefundFilter, asked: PageQuery) -> Page[RefundView]:
    """Return refunds, the newest first; persons as the desk shows them."""
    query = _refunds(caller).where(wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [refund.c.id], asked)
    return found.page(_view)


async def get_refund(db: Database, caller: Principal, refund_id: UUID) -> RefundView:
    """Return one refund. Raises NotFoundError, also when the caller may not see it."""
    return _view(await _row(db, caller, refund_id))


async def payout_of(db: Database, caller: Principal, refund_id: UUID, keys: DataKeys) -> PayoutView:
    """Return where to pay a refund. Raises NotFoundError, also while it is not given."""
    row = await _row(db, caller, refund_id)
    if row["details"] is None:
        raise NotFoundError
    return PayoutView.model_validate({**row, "payout": keys.open(row["details"], place_of(refund_id))})


async def _row(db: Database, caller: Principal, refund_id: UUID) -> RowMapping:
    async with db.read() as conn:
        found = await conn.execute(_refunds(caller).where(refund.c.id == refund_id))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return row


def _refunds(caller: Principal) -> Select[tuple[object, ...]]:
    """Select the refunds that a caller may see, and whether each is masked to them."""
    owner = select(lead.c.owner_id).where(lead.c.id == refund.c.lead_id).scalar_subquery()
    masked = hidden(caller, refund.c.desk, owner).label("hidden")
    return select(refund, masked).where(seen_by(caller, refund.c.desk, refund.c.lead_id))


def _view(found: RowMapping) -> RefundView:
    row = masked_person(dict(found)) if found["hidden"] else found
    amount = None if row["amount"] is None else {"amount": row["amount"], "currency": row["currency"]}
    payout = None if row["details_end"] is None else f"{HIDDEN}{row['details_end']}"
    return RefundView.model_validate({**row, "amount": amount, "payout": payout})
