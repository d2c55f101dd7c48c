"""Reads of payments within the caller's desks."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, select

from libs.common.contracts.shared import PaymentKind, PaymentStatus
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.customers.tables import customer
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead
from services.intake.payments.schemas import PaymentView
from services.intake.payments.scope import seen_by
from services.intake.payments.tables import payment
from services.intake.scope import equal, of_whole


@dataclass(frozen=True, slots=True)
class PaymentFilter:
    """The filter of the list; None means all."""

    desk: str | None = None
    order_id: UUID | None = None
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    kind: PaymentKind | None = None
    status: PaymentStatus | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(payment.c.desk, self.desk),
            equal(payment.c.order_id, self.order_id),
            of_whole(payment.c.lead_id, lead, self.lead_id),
            of_whole(payment.c.customer_id, customer, self.customer_id),
            equal(payment.c.kind, self.kind),
            equal(payment.c.status, self.status),
        )


async def list_payments(
    db: Database, caller: Principal, wanted: PaymentFilter, asked: PageQuery
) -> Page[PaymentView]:
    """Return payments, the newest first; both of a double one are there, and what was deleted."""
    query = select(payment).where(seen_by(caller, payment.c.desk, payment.c.lead_id), wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [payment.c.id], asked)
    return found.page(_view)


async def get_payment(db: Database, caller: Principal, payment_id: UUID) -> PaymentView:
    """Return one payment. Raises NotFoundError, also when the caller may not see it."""
    seen = seen_by(caller, payment.c.desk, payment.c.lead_id)
    async with db.read() as conn:
        found = await conn.execute(select(payment).where(payment.c.id == payment_id, seen))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row)


def _view(row: RowMapping) -> PaymentView:
    amount = {"amount": row["amount"], "currency": row["currency"]}
    return PaymentView.model_validate({**row, "amount": amount})
