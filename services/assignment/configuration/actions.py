"""Use case: a desk's pools and operators as one document, planned or applied (docs/adr/0016)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

from pydantic import BaseModel

from libs.common.platform import configuration
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.configuration import Action, BadConfigurationError, Call, PartChange
from libs.common.platform.db import Transaction
from libs.common.platform.http.faults import pointer
from libs.common.platform.http.problems import Fault
from services.assignment.configuration.queries import Found, read_desk
from services.assignment.configuration.schemas import AssignmentConfigured, AssignmentPart
from services.assignment.context import Context
from services.assignment.errors import PoolInUseError
from services.assignment.offers import store
from services.assignment.operators.actions import OperatorChange, add_operator, update_operator
from services.assignment.pools.actions import PoolChange, add_pool, update_pool

ELSEWHERE = "SELECT subject, desk FROM operator WHERE subject = ANY($1::text[]) AND desk <> $2"


async def configure(
    ctx: Context, call: Call, wanted: AssignmentPart
) -> tuple[AssignmentConfigured, AssignmentPart]:
    """Apply a document, or say what applying it would do; return that, and what the desk has now.

    Raises BadConfigurationError with every fault, StaleConfigurationError.
    """
    async with ctx.db.begin() as tx:
        await configuration.begin(tx, call.desk)
        found = await read_desk(tx, call.desk)
        # All at once, in the order of every decision: what follows takes no lock that is not held already.
        ids = [each.id for each in found.pools.values()], [each.id for each in found.operators.values()]
        await store.load(tx, store.Scope(pools=ids[0], operators=ids[1]))
        found = await read_desk(tx, call.desk)
        configuration.check(call.plan, found.part)
        changes = _changes(found.part, wanted)
        await _refuse(tx, call, found, wanted)
        await _apply(ctx, tx, call, found, wanted, changes)
        now = found.part if call.plan is None else (await read_desk(tx, call.desk)).part
        if call.plan is not None:
            await tx.commit()
    done = AssignmentConfigured(desk=call.desk, document=found.part, mode=call.mode, changes=tuple(changes))
    return done, now


def _changes(before: AssignmentPart, wanted: AssignmentPart) -> list[PartChange]:
    """Return all changes in the order in which they are made: an operator leaves a pool before it is retired."""
    pools = list(_of_kind("pool", before.pools, wanted.pools))
    operators = _of_kind("operator", before.operators, wanted.operators)
    retired = [change for change in pools if change.action is Action.RETIRE]
    return [*(change for change in pools if change.action is not Action.RETIRE), *operators, *retired]


def _of_kind(
    kind: str, before: Mapping[str, BaseModel] | None, wanted: Mapping[str, BaseModel] | None
) -> Iterable[PartChange]:
    if wanted is None:
        return ()
    had = {code: part.model_dump(mode="json") for code, part in (before or {}).items()}
    return configuration.changes(kind, had, {code: part.model_dump(mode="json") for code, part in wanted.items()})


async def _refuse(tx: Transaction, call: Call, found: Found, wanted: AssignmentPart) -> None:
    """Raises BadConfigurationError for pools that the desk will not have, and operators of other desks."""
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
    if faults:
        raise BadConfigurationError(faults)


def _unknown(code: str, pools: Collection[str]) -> str:
    nearest = get_close_matches(code, pools)
    return f"no pool {code!r}" + (f"; there is {', '.join(nearest)}" if nearest else "")


async def _apply(
    ctx: Context, tx: Transaction, call: Call, found: Found, wanted: AssignmentPart, changes: Sequence[PartChange]
) -> None:
    # With the rights of this desk alone: seats in other desks' pools stay.
    caller = Principal(call.actor, frozenset({Role.SUPERVISOR}), frozenset({call.desk}))
    for change in changes:
        if change.kind == "pool":
            await _pool(ctx, tx, call, found, wanted, change)
        else:
            await _operator(ctx, tx, call, caller, found, wanted, change)


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
