"""Reads of imported payments within the caller's desks."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import RowMapping, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.errors import NotFoundError
from services.intake.payment_imports.rules import MatchState
from services.intake.payment_imports.schemas import ImportedPaymentView
from services.intake.payment_imports.tables import imported_payment
from services.intake.scope import equal, visible


async def list_imported(
    db: Database, caller: Principal, desk: str | None, state: Sequence[MatchState] | None, order_id: UUID | None,
    asked: PageQuery,
) -> Page[ImportedPaymentView]:  # fmt: skip
    """Return payments, the newest first."""
    query = select(imported_payment).where(
        visible(caller, imported_payment.c.desk),
        equal(imported_payment.c.desk, desk),
        true() if state is None else imported_payment.c.state.in_(state),
        equal(imported_payment.c.order_id, order_id),
    )
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [imported_payment.c.id], asked)
    return found.page(_view)


async def get_imported(db: Database, caller: Principal, payment_id: UUID) -> ImportedPaymentView:
    """Return one payment. Raises NotFoundError."""
    query = select(imported_payment).where(
        imported_payment.c.id == payment_id, visible(caller, imported_payment.c.desk)
    )
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row)


def _view(row: RowMapping) -> ImportedPaymentView:
    return ImportedPaymentView.model_validate(
        {**row, "amount": {"amount": row["amount"], "currency": row["currency"]}}
    )
