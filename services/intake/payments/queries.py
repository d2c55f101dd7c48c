"""Reads of payments, and who acts on them: a desk's supervisors, and its operators of the role `payments`."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, exists, or_, select

from libs.common.contracts.shared import PaymentKind, PaymentStatus
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.customers.tables import customer
from services.intake.errors import NotFoundError, NotYoursError
from services.intake.leads.tables import lead
from services.intake.operators.tables import operator
from services.intake.orders.queries import order_view
from services.intake.orders.schemas import OrderView
from services.intake.orders.tables import sales_order
from services.intake.payment_reports.schemas import PaymentReport
from services.intake.payment_reports.tables import payment_report
from services.intake.payments.schemas import PaymentView
from services.intake.payments.tables import payment
from services.intake.scope import equal, of_whole, own_or_free, visible

ROLE = "payments"  # of an operator, as assignment names it


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
    query = _payments().where(seen_by(caller, payment.c.desk, payment.c.lead_id), wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [payment.c.id], asked)
    return found.page(_view)


async def get_payment(db: Database, caller: Principal, payment_id: UUID) -> PaymentView:
    """Return one payment. Raises NotFoundError, also when the caller may not see it."""
    seen = seen_by(caller, payment.c.desk, payment.c.lead_id)
    async with db.read() as conn:
        found = await conn.execute(_payments().where(payment.c.id == payment_id, seen))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row)


def _payments() -> Select[Any]:
    """Return the query of payments with how far their reports are."""
    report = (payment_report.c.state.label("report_state"), payment_report.c.code.label("report_code"))
    return select(payment, *report).outerjoin(payment_report, payment_report.c.id == payment.c.id)


def _view(row: RowMapping) -> PaymentView:
    amount = {"amount": row["amount"], "currency": row["currency"]}
    report = PaymentReport.of(row["report_state"], row["report_code"])
    return PaymentView.model_validate({**row, "amount": amount, "report": report})


def seen_by(caller: Principal, desk: ColumnElement[str], lead_id: ColumnElement[UUID]) -> ColumnElement[bool]:
    """Return the condition of what a caller sees: what is of leads they may see, and all of a desk in that role."""
    theirs = exists().where(lead.c.id == lead_id, own_or_free(caller, lead.c.owner_id))
    return and_(visible(caller, desk), or_(theirs, _acts(caller)))


async def order_of(db: Database, caller: Principal, order_id: UUID) -> OrderView:
    """Return an order whose payments the caller sees. Raises NotFoundError."""
    seen = seen_by(caller, sales_order.c.desk, sales_order.c.lead_id)
    async with db.read() as conn:
        found = await conn.execute(select(sales_order).where(sales_order.c.id == order_id, seen))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return order_view(row)


async def require_payer(db: Database, caller: Principal) -> None:
    """Raises NotYoursError unless the caller acts on payments."""
    if caller.sees_whole_desks:
        return
    async with db.read() as conn:
        if not (await conn.execute(select(_acts(caller)))).scalar_one():
            raise NotYoursError


def _acts(caller: Principal) -> ColumnElement[bool]:
    return exists().where(operator.c.subject == caller.sub, operator.c.active, operator.c.roles.contains([ROLE]))
