"""Use case: a desk's people as one document, pools and shifts included, planned or applied (docs/adr/0016)."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from pydantic import BaseModel

from libs.common.platform import configuration
from libs.common.platform.auth.principal import Principal, Role, Scope
from libs.common.platform.configuration import Action, BadConfigurationError, Call, PartChange
from libs.common.platform.db import Transaction
from libs.common.platform.http.faults import pointer
from libs.common.platform.http.problems import Fault
from services.assignment.attendance.store import write_part
from services.assignment.configuration.absences import KIND as ABSENCE
from services.assignment.configuration.absences import absence_changes, write_absences
from services.assignment.configuration.queries import Found, read_desk
from services.assignment.configuration.schemas import AssignmentConfigured, AssignmentPart
from services.assignment.context import Context
from services.assignment.departments.actions import (
    DepartmentChange,
    NewDepartment,
    add_department,
    update_department,
)
from services.assignment.errors import PoolInUseError
from services.assignment.offers import store
from services.assignment.operators.actions import OperatorChange, add_operator, update_operator
from services.assignment.pauses.store import RETIRE, WRITE
from services.assignment.pools.actions import PoolChange, add_pool, update_pool
from services.assignment.schedule.actions import replan
from services.assignment.schedule.store import retire_kind, write_kind

ATTENDANCE = "attendance"
SUBJECT = "SELECT id FROM operator WHERE subject = $1"
ELSEWHERE = "SELECT subject, desk FROM operator WHERE subject = ANY($1::text[]) AND desk <> $2"


async def configure(
    ctx: Context, call: Call, wanted: AssignmentPart
) -> tuple[AssignmentConfigured, AssignmentPart]:
    """Apply a document, or say what applying it would do; return that, and what the desk has now.

    Raises BadConfigurationError with every fault, StaleConfigurationError.
    """
    async with ctx.db.begin() as tx:
        await configuration.begin(tx, call.desk)
        found = await read_desk(tx, call.desk, ctx.now())
        # All at once, in the order of every decision: what follows takes no lock that is not held already.
        ids = [each.id for each in found.pools.values()], [each.id for each in found.operators.values()]
        await store.load(tx, store.Scope(pools=ids[0], operators=ids[1]))
        found = await read_desk(tx, call.desk, ctx.now())
        configuration.check(call.plan, found.part)
        changes = [*_changes(found.part, wanted), *absence_changes(found, wanted, ctx.now())]
        await _refuse(tx, call, found, wanted)
        await _apply(ctx, tx, call, found, wanted, changes)
        now = found.part if call.plan is None else (await read_desk(tx, call.desk, ctx.now())).part
        if call.plan is not None:
            await tx.commit()
    done = AssignmentConfigured(desk=call.desk, document=found.part, mode=call.mode, changes=tuple(changes))
    return done, now


def _changes(before: AssignmentPart, wanted: AssignmentPart) -> list[PartChange]:
    """Return all changes in the order in which they are made: an operator leaves a pool before it is retired.

    Departments and shifts come last: who heads and works them is there.
    """
    pools = list(_of_kind("pool", before.pools, wanted.pools))
    operators = _of_kind("operator", before.operators, wanted.operators)
    shifts = _of_kind("shift", before.shifts, wanted.shifts)
    departments = _of_kind("department", before.departments, wanted.departments)
    pauses = _of_kind("pause", before.pauses, wanted.pauses)
    retired = [change for change in pools if change.action is Action.RETIRE]
    return [
        *(change for change in pools if change.action is not Action.RETIRE),
        *operators,
        *retired,
        *departments,
        *shifts,
        *pauses,
        *_attendance(before, wanted),
    ]


def _attendance(before: AssignmentPart, wanted: AssignmentPart) -> Sequence[PartChange]:
    """Return the change of the rules of attendance, which are one thing: what they do not name is as by default."""
    had, now = before.attendance, wanted.attendance
    if now is None or now == had:
        return ()
    fields = tuple(
        name for name in type(now).model_fields if had is None or getattr(had, name) != getattr(now, name)
    )
    action = Action.CREATE if had is None else Action.CHANGE
    return [PartChange(action=action, kind=ATTENDANCE, code="rules", fields=() if had is None else fields)]


def _of_kind(
    kind: str, before: Mapping[str, BaseModel] | None, wanted: Mapping[str, BaseModel] | None
) -> Iterable[PartChange]:
    if wanted is None:
        return ()
    had = {code: part.model_dump(mode="json") for code, part in (before or {}).items()}
    return configuration.changes(kind, had, {code: part.model_dump(mode="json") for code, part in wanted.items()})


async def _refuse(tx: Transaction, call: Call, found: Found, wanted: AssignmentPart) -> None:
    """Raises BadConfigurationError for pools and operators that the desk will not have or that are another's."""
    pools = wanted.pools if wanted.pools is not None else (found.part.pools or {})
    operators = wanted.operators or {}
    faults = [
        Fault(pointer(["operators", subject, "pools", number, "code"]), "unknown_pool", _unknown(seat.code, pools))
        for subject, part in operators.items()
        for number, seat in enumerate(part.pools)
        if seat.code not in pools
    ]
    for subject, part in operators.items():
        if part.desks is not None and call.desk not in part.desks:
            at = pointer(["operators", subject, "desks"])
            faults.append(Fault(at, "home_desk_missing", f"{call.desk!r} must be one of them"))
    for row in await tx.conn.fetch(ELSEWHERE, list(operators), call.desk):
        at = pointer(["operators", row["subject"]])
        faults.append(Fault(at, "other_home_desk", "this operator's home is another desk"))
    people = wanted.operators if wanted.operators is not None else (found.part.operators or {})
    faults += [
        Fault(
            pointer(["shifts", code, "week", day, number]), "unknown_operator", _unknown(name, people, "operator")
        )
        for code, part in (wanted.shifts or {}).items()
        for day, names in part.week.items()
        for number, name in enumerate(names)
        if name not in people
    ]
    faults += _of_departments(found, wanted, people)
    if faults:
        raise BadConfigurationError(faults)


def _of_departments(found: Found, wanted: AssignmentPart, people: Collection[str]) -> Iterator[Fault]:
    """Yield heads and departments that the desk will not have."""
    departments = wanted.departments if wanted.departments is not None else (found.part.departments or {})
    for code, part in (wanted.departments or {}).items():
        if part.head is not None and part.head not in people:
            at = pointer(["departments", code, "head"])
            yield Fault(at, "unknown_operator", _unknown(part.head, people, "operator"))
    for subject, operator in (wanted.operators or {}).items():
        if operator.department is not None and operator.department not in departments:
            at = pointer(["operators", subject, "department"])
            yield Fault(at, "unknown_department", _unknown(operator.department, departments, "department"))


def _unknown(name: str, known: Collection[str], kind: str = "pool") -> str:
    nearest = get_close_matches(name, known)
    return f"no {kind} {name!r}" + (f"; there is {', '.join(nearest)}" if nearest else "")


async def _apply(
    ctx: Context, tx: Transaction, call: Call, found: Found, wanted: AssignmentPart, changes: Sequence[PartChange]
) -> None:
    # With the rights of this desk alone: seats in other desks' pools stay.
    caller = Principal(call.actor, frozenset({Role.SUPERVISOR}), frozenset({call.desk}), scope=Scope.DESKS)
    for change in changes:
        if change.kind == "pool":
            await _pool(ctx, tx, call, found, wanted, change)
        elif change.kind == "operator":
            await _operator(ctx, tx, call, caller, found, wanted, change)
        elif change.kind == "department":
            await _department(ctx, tx, call, found, wanted, change)
        elif change.kind == "pause":
            await _pause(tx, call.desk, wanted, change)
        elif change.kind == "shift":
            await _shift(tx, call.desk, wanted, change)
    kinds = {change.kind for change in changes}
    if ATTENDANCE in kinds and wanted.attendance is not None:
        await write_part(tx.conn, call.desk, wanted.attendance, ctx.now())
    if "shift" in kinds:
        await replan(ctx, tx, call.desk)
    if ABSENCE in kinds:
        await write_absences(tx, call, found, wanted, ctx.now())


async def _pool(
    ctx: Context, tx: Transaction, call: Call, found: Found, wanted: AssignmentPart, change: PartChange
) -> None:
    """Make one change; a retired pool that is named again is made active."""
    part, stored = (wanted.pools or {}).get(change.code), found.pools.get(change.code)
    if part is None and stored is not None:
        try:
            await update_pool(ctx, tx, stored.id, stored.version, PoolChange(active=False), call.cause)
        except PoolInUseError as error:
            seated = ", ".join(error.context["operators"])
            fault = Fault(pointer(["pools", change.code]), "pool_in_use", f"it has operators: {seated}")
            raise BadConfigurationError([fault]) from error
    elif part is not None and stored is not None:
        await update_pool(ctx, tx, stored.id, stored.version, part.change(), call.cause)
    elif part is not None:
        await add_pool(ctx, tx, part.new(call.desk, change.code), call.cause)


async def _department(
    ctx: Context, tx: Transaction, call: Call, found: Found, wanted: AssignmentPart, change: PartChange
) -> None:
    """Make one change; a retired department that is named again is made active."""
    part, stored = (wanted.departments or {}).get(change.code), found.departments.get(change.code)
    head = None if part is None or part.head is None else await tx.conn.fetchval(SUBJECT, part.head)
    if part is None and stored is not None:
        gone = DepartmentChange(active=False)
        await update_department(ctx, tx, stored.id, stored.version, gone, call.cause)
    elif part is not None and stored is not None:
        kept = DepartmentChange(part.title.model_dump(), head, sets_head=True, active=True)
        await update_department(ctx, tx, stored.id, stored.version, kept, call.cause)
    elif part is not None:
        new = NewDepartment(call.desk, change.code, part.title.model_dump(), head)
        await add_department(ctx, tx, new, call.cause)


async def _shift(tx: Transaction, desk: str, wanted: AssignmentPart, change: PartChange) -> None:
    part = (wanted.shifts or {}).get(change.code)
    if part is None:
        await retire_kind(tx.conn, desk, change.code)
    else:
        await write_kind(tx.conn, desk, part.kind(change.code), part.title.model_dump())


async def _pause(tx: Transaction, desk: str, wanted: AssignmentPart, change: PartChange) -> None:
    part = (wanted.pauses or {}).get(change.code)
    if part is None:
        await tx.conn.execute(RETIRE, desk, change.code)
    else:
        limits = part.paid, part.minutes, part.shift_minutes
        await tx.conn.execute(WRITE, desk, change.code, part.title.model_dump(), *limits)


async def _operator(
    ctx: Context,
    tx: Transaction,
    call: Call,
    caller: Principal,
    found: Found,
    wanted: AssignmentPart,
    change: PartChange,
) -> None:
    """Make one change; a retired operator who is named again is made active. Who is retired leaves all seats."""
    part, stored = (wanted.operators or {}).get(change.code), found.operators.get(change.code)
    if part is None and stored is not None:
        gone = OperatorChange(active=False, pools=())
        await update_operator(ctx, tx, caller, stored.id, stored.version, gone, call.cause)
    elif part is not None and stored is not None:
        await update_operator(ctx, tx, caller, stored.id, stored.version, part.change(call.desk), call.cause)
    elif part is not None:
        await add_operator(ctx, tx, part.new(call.desk, change.code), call.cause)
