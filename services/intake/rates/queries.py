"""Reads of rates."""

from datetime import date

from sqlalchemy import or_, select

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.rates.rules import OFFICIAL
from services.intake.rates.schemas import RateView
from services.intake.rates.tables import rate
from services.intake.scope import visible


async def list_rates(
    db: Database, caller: Principal, desk: str | None, currency: str | None, day: date | None, asked: PageQuery
) -> Page[RateView]:
    """Return the official rates and those of the caller's desks, or of one of them, the newest day first."""
    query = select(rate).where(or_(rate.c.desk == OFFICIAL, visible(caller, rate.c.desk)))
    if desk is not None:
        query = query.where(rate.c.desk.in_((OFFICIAL, desk)))
    if currency is not None:
        query = query.where(rate.c.currency == currency)
    if day is not None:
        query = query.where(rate.c.day == day)
    async with db.read() as conn:
        cut = await paginate(conn, query, "-day", [rate.c.day, rate.c.currency, rate.c.desk], asked)
    return cut.page(lambda row: RateView.model_validate({**row}))


async def one_rate(db: Database, desk: str, currency: str, day: date) -> RateView:
    """Return a rate that was just written."""
    query = select(rate).where(rate.c.desk == desk, rate.c.currency == currency, rate.c.day == day)
    async with db.read() as conn:
        return RateView.model_validate({**(await conn.execute(query)).mappings().one()})
