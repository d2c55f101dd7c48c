"""Reads of access within the caller's desks."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, select

from libs.common.contracts.shared import AccessStatus
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.accesses.schemas import AccessView
from services.intake.accesses.tables import access
from services.intake.customers.tables import customer
from services.intake.errors import NotFoundError
from services.intake.leads.tables import lead
from services.intake.payments.scope import seen_by
from services.intake.scope import equal, of_whole


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """The filter of the list; None means all."""

    desk: str | None = None
    order_id: UUID | None = None
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    status: AccessStatus | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(access.c.desk, self.desk),
            equal(access.c.order_id, self.order_id),
            of_whole(access.c.lead_id, lead, self.lead_id),
            of_whole(access.c.customer_id, customer, self.customer_id),
            equal(access.c.status, self.status),
        )


async def list_accesses(
    db: Database, caller: Principal, wanted: AccessFilter, asked: PageQuery
) -> Page[AccessView]:
    """Return what is to be done to access, or was done, the newest first."""
    query = select(access).where(seen_by(caller, access.c.desk, access.c.lead_id), wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [access.c.id], asked)
    return found.page(_view)


async def get_access(db: Database, caller: Principal, access_id: UUID) -> AccessView:
    """Return one. Raises NotFoundError, also when the caller may not see it."""
    seen = seen_by(caller, access.c.desk, access.c.lead_id)
    async with db.read() as conn:
        found = await conn.execute(select(access).where(access.c.id == access_id, seen))
        row = found.mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row)


def _view(row: RowMapping) -> AccessView:
    return AccessView.model_validate(dict(row))
