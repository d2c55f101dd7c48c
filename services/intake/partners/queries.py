"""Reads of partners within the caller's desks."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.errors import NotFoundError
from services.intake.partners.schemas import PartnerView
from services.intake.partners.tables import partner
from services.intake.scope import equal, visible


@dataclass(frozen=True, slots=True)
class PartnerFilter:
    """The filter of the list; None means all."""

    desk: str | None = None
    code: str | None = None
    active: bool | None = None
    operator_id: UUID | None = None

    def condition(self) -> ColumnElement[bool]:
        return and_(
            equal(partner.c.desk, self.desk),
            equal(partner.c.code, self.code),
            true() if self.active is None else partner.c.active == self.active,
            equal(partner.c.operator_id, self.operator_id),
        )


async def list_partners(
    db: Database, caller: Principal, wanted: PartnerFilter, asked: PageQuery
) -> Page[PartnerView]:
    query = select(partner).where(visible(caller, partner.c.desk), wanted.condition())
    async with db.read() as conn:
        found = await paginate(conn, query, "id", [partner.c.id], asked)
    return found.page(lambda row: PartnerView.model_validate(dict(row)))


async def get_partner(db: Database, caller: Principal, partner_id: UUID) -> PartnerView:
    """Return one partner. Raises NotFoundError, also for a desk that the caller may not see."""
    query = select(partner).where(partner.c.id == partner_id, visible(caller, partner.c.desk))
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return PartnerView.model_validate(dict(row))
