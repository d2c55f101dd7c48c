"""Reads of shifts."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.assignment.operators.queries import visible
from services.assignment.operators.tables import operator
from services.assignment.shifts.schemas import ShiftView
from services.assignment.shifts.tables import shift


async def list_shifts(
    db: Database, caller: Principal, operator_id: UUID | None, before: UUID | None, limit: int
) -> Sequence[ShiftView]:
    """Return up to `limit` shifts, the latest first, those before the id `before`."""
    query = (
        select(*shift.c, operator.c.name.label("operator_name"))
        .join_from(shift, operator, operator.c.id == shift.c.operator_id)
        .where(
            visible(caller),
            shift.c.operator_id == operator_id if operator_id else true(),
            shift.c.id < before if before else true(),
        )
        .order_by(shift.c.id.desc())
        .limit(limit)
    )
    async with db.read() as conn:
        rows = (await conn.execute(query)).mappings().all()
    return [ShiftView.model_validate(dict(row)) for row in rows]
