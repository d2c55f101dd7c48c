"""Whether a row is masked to its caller, and what a desk has said of it."""

from uuid import UUID

from sqlalchemy import ColumnElement, ScalarSelect, and_, false, func, not_, select

from libs.common.platform.auth.principal import Principal, Scope
from libs.common.platform.db import Connection, Database
from services.intake.masking.schemas import Masking
from services.intake.masking.tables import masking
from services.intake.scope import mine

READ = "SELECT lists FROM masking WHERE desk = $1"


def hidden(
    caller: Principal, desk: ColumnElement[str], owner: ColumnElement[UUID | None] | ScalarSelect[UUID | None]
) -> ColumnElement[bool]:
    """Return the condition of rows that are masked: to operators, where they do not own the lead."""
    if caller.scope is not Scope.WORK:
        return false()
    masks = select(masking.c.desk).where(masking.c.desk == desk, masking.c.lists).exists()
    return and_(masks, not_(func.coalesce(owner.in_(mine(caller)), false())))


async def read_masking(db: Database, desk: str) -> Masking:
    """Return what a desk masks: nothing, unless it has said so."""
    return Masking(lists=bool(await db.pool.fetchval(READ, desk)))


async def masking_of(conn: Connection, desk: str) -> Masking:
    """Return what a desk masks, within a transaction."""
    return Masking(lists=bool(await conn.fetchval(READ, desk)))
