"""What mending an outcome would mean, for a screen that asks before."""

from uuid import UUID

from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.language import Language
from services.tasks.context import Context
from services.tasks.mending.actions import look
from services.tasks.mending.schemas import LeftOut, MendingOut
from services.tasks.tasks.schemas import OutcomeOut


async def get_mending(ctx: Context, caller: Principal, task_id: UUID, language: Language) -> MendingOut:
    """Return it as it is now; nothing is written. Raises NotFoundError."""
    async with ctx.db.begin() as tx:
        mending = await look(ctx, tx, caller, task_id)
    task, playbook = mending.locked.task, mending.locked.process.playbook
    kind, found = playbook.task_types[task.type], mending.found
    possible = found is not None and mending.final is None
    outcomes = kind.outcomes.values() if possible else ()
    return MendingOut(
        task_id=task.id,
        outcome=task.closing.outcome if task.closing else None,
        final=mending.final,
        until=found.until if possible and found else None,
        successor_ids=found.deed.opened if possible and found else (),
        left=tuple(LeftOut.of(left) for left in mending.left) if possible else (),
        outcomes=tuple(OutcomeOut.of(outcome, kind, playbook, language) for outcome in outcomes),
        version=task.version,
    )
