"""Reads of calls that we started, within the caller's desks."""

from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, case, select

from libs.common.domain.masking import masked
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Page, PageQuery, paginate
from services.intake.calls.rules import CallKind
from services.intake.calls.schemas import CallView
from services.intake.calls.tables import call
from services.intake.errors import NotFoundError
from services.intake.leads.queries import readable
from services.intake.leads.tables import lead
from services.intake.masking.queries import hidden
from services.intake.scope import equal, is_active, visible
from services.intake.sources.queries import call_label_of


def _readable(caller: Principal) -> ColumnElement[bool]:
    """Return the condition of the calls that a caller may read: an operator's own, and their leads' (P.6)."""
    if caller.sees_whole_desks:
        return visible(caller, call.c.desk)
    theirs = select(lead.c.id).where(lead.c.id == call.c.lead_id, readable(caller)).exists()
    return and_(visible(caller, call.c.desk), theirs | ((call.c.actor == caller.sub) & is_active(caller)))


def _calls(caller: Principal) -> Select[tuple[object, ...]]:
    """Select the calls that a caller may read; of no lead, its number is one that the caller has named.

    Each with the label that the exchange hears; a call that is passed on has none.
    """
    owner = select(lead.c.owner_id).where(lead.c.id == call.c.lead_id).scalar_subquery()
    label = case((call.c.kind == CallKind.DIAL, call_label_of(call.c.lead_id)))
    is_masked = and_(call.c.lead_id.is_not(None), hidden(caller, call.c.desk, owner))
    return select(call, is_masked.label("hidden"), label.label("call_label")).where(_readable(caller))


async def list_calls(
    db: Database, caller: Principal, desk: str | None, lead_id: UUID | None, asked: PageQuery
) -> Page[CallView]:
    query = _calls(caller).where(equal(call.c.desk, desk), equal(call.c.lead_id, lead_id))
    async with db.read() as conn:
        found = await paginate(conn, query, "-id", [call.c.id], asked)
    return found.page(_view)


async def get_call(db: Database, caller: Principal, call_id: UUID) -> CallView:
    """Return one call. Raises NotFoundError, also when the caller may not see it."""
    query = _calls(caller).where(call.c.id == call_id)
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row)


def _view(row: RowMapping) -> CallView:
    number = masked(row["to_number"]) if row["hidden"] else row["to_number"]
    return CallView.model_validate({**row, "source_id": row["exchange_id"], "to_number": number})
