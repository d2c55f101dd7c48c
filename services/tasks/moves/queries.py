"""Leads as they are worked, within what the caller may see (P.6)."""

from uuid import UUID

from sqlalchemy import ColumnElement, and_, or_, select, true

from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.language import Language
from services.tasks.context import Context
from services.tasks.engine.state import TaskState
from services.tasks.errors import NotFoundError
from services.tasks.moves.schemas import LeadOut
from services.tasks.operators.tables import operator
from services.tasks.processes.tables import process
from services.tasks.tasks.queries import shaped
from services.tasks.tasks.tables import task


async def get_lead(ctx: Context, caller: Principal, lead_id: UUID, language: Language) -> LeadOut:
    """Return a lead with its open tasks. Raises NotFoundError."""
    opened = select(task).where(task.c.lead_id == lead_id, task.c.state == TaskState.ACTIVE)
    async with ctx.db.read() as conn:
        found = await conn.execute(select(process).where(process.c.lead_id == lead_id, _visible(caller)))
        row = found.mappings().one_or_none()
        rows = (await conn.execute(opened.order_by(task.c.opened_at, task.c.id))).mappings().all()
    if row is None:
        raise NotFoundError
    tasks = await shaped(ctx, caller, rows, language)
    return LeadOut.model_validate({**row, "tasks": tasks, "version": row["owner_version"]})


def _visible(caller: Principal) -> ColumnElement[bool]:
    desks = true() if caller.sees_all_desks else process.c.desk.in_([*caller.desks])
    if caller.sees_whole_desks:
        return desks
    me = select(operator.c.id).where(operator.c.subject == caller.sub, operator.c.active)
    return and_(desks, or_(and_(process.c.owner_id.is_(None), me.exists()), process.c.owner_id.in_(me)))
