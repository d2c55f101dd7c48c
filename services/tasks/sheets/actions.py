"""Use cases of call sheets: tick a step, take its tick off."""

from uuid import UUID

from libs.common.platform.auth.principal import Principal
from services.tasks.context import Context
from services.tasks.engine.effects import Refusal
from services.tasks.errors import NoOperatorError, NotFoundError, refused
from services.tasks.sheets import store
from services.tasks.tasks.actions import lock_seen


async def set_step(ctx: Context, caller: Principal, task_id: UUID, step: str, *, done: bool) -> None:
    """Tick a step of an open task, or take its tick off: by who has the task, or a supervisor.

    Raises NotFoundError, also for a step that the sheet does not have; NoOperatorError, TaskClosedError and
    TaskRefusedError for the task of another operator.
    """
    async with ctx.db.begin() as tx:
        locked = await lock_seen(ctx, tx, caller, task_id)
        profile, task = locked.profile, locked.task
        sheet = locked.process.playbook.sheet_of(task.type)
        if sheet is None or step not in sheet.steps:
            raise NotFoundError
        if not caller.sees_whole_desks:
            if profile is None:
                raise NoOperatorError
            if task.operator_id != profile.id:
                raise refused(Refusal.NOT_TAKEN if task.operator_id is None else Refusal.TAKEN_BY_OTHER, ())
        actor = str(profile.id) if profile else caller.sub
        if done:
            await store.tick(tx.conn, task_id, step, locked.process.state.desk.code, actor, ctx.now())
        else:
            await store.untick(tx.conn, task_id, step)
        await tx.commit()
