"""Use case of free tasks: a person makes a task by hand, for a colleague or for a pool (S3.14)."""

from uuid import UUID

from libs.common.contracts import Cause
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.tasks.context import Context
from services.tasks.engine.state import ProcessId, State
from services.tasks.errors import FreeTaskRefusedError, NoOperatorError, NotFoundError, OperatorInactiveError
from services.tasks.free.queries import look_up
from services.tasks.free.rules import Asked, facts, faults, made
from services.tasks.operators.queries import operator_of
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.builtin import builtin_version
from services.tasks.playbooks.model import FREE
from services.tasks.processes.batch import Batch


async def make_task(ctx: Context, caller: Principal, asked: Asked, cause: Cause) -> UUID:
    """Make a free task and return its id; a named operator has it at once.

    Raises NotFoundError for a desk that is not the caller's, NoOperatorError, OperatorInactiveError,
    FreeTaskRefusedError with every fault.
    """
    async with ctx.db.begin() as tx:
        author = await _author(tx, caller, asked.desk)
        version = await builtin_version(ctx, tx, FREE)
        free = await ctx.playbooks.get(tx.conn, FREE, version)
        me = author.id if author else None
        known = await look_up(ctx, tx, asked, free, me, everything=_sees_all(caller))
        if found := faults(asked, known, ctx.now()):
            raise FreeTaskRefusedError(found)
        if known.person is not None and not known.person.active:
            raise OperatorInactiveError
        batch = Batch(ctx, tx)
        process_id = ProcessId(uuid7())
        state = State(process_id, known.desk, FREE, version, facts(known, process_id, batch.now), main=False)
        process = batch.add(state, free, cause)
        made_by = str(author.id) if author else caller.sub
        batch.apply(process, made(asked, known, free.task_types[free.fallback], made_by), cause)
        await batch.save()
        await tx.commit()
        (task,) = process.state.tasks
        return task.id


async def _author(tx: Transaction, caller: Principal, desk: str) -> OperatorProfile | None:
    """Return the operator who makes a task, None for a supervisor or service that is none (P.6)."""
    if not caller.may_see(desk):
        raise NotFoundError
    profile = await operator_of(tx.conn, caller.sub)
    if _sees_all(caller):
        return profile
    if profile is None or not profile.active:
        raise NoOperatorError
    if desk not in profile.desks:
        raise NotFoundError
    return profile


def _sees_all(caller: Principal) -> bool:
    return caller.sees_whole_desks
