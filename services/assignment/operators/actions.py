"""Use cases of operators: create and change them; a change that frees capacity drains waiting offers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.contracts.shared import Customer, Presence
from libs.common.domain.slips import nearest
from libs.common.messaging import outbox
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.versions import StaleVersionError
from services.assignment.context import Context
from services.assignment.errors import (
    AlreadyExistsError,
    HomeDeskError,
    NotFoundError,
    UnknownDepartmentError,
    UnknownPoolError,
)
from services.assignment.offers import store
from services.assignment.offers.actions import decide_and_save
from services.assignment.operators.convert import POOLS, as_json, event_of, operator_changed
from services.assignment.pools.rules import Choice, OperatorId, PoolId
from services.assignment.shifts.actions import apply_move
from services.assignment.shifts.rules import PresenceCommand, Whereabouts, move

NO_DEPARTMENT = ""  # of a change: they leave theirs

INSERT = """
INSERT INTO operator (id, desk, subject, name, roles, desks, products, capacity, open_work, active, presence,
                      presence_since, version, created_at, contact, department, extension)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, true, 'checked_out', $9, 1, $9, $10, $11, $12)
ON CONFLICT (subject) DO NOTHING RETURNING id
"""
EXISTING = "SELECT id FROM operator WHERE subject = $1"
CURRENT = "SELECT desk, desks FROM operator WHERE id = $1"
UPDATE = """
UPDATE operator SET
    name = coalesce($3, name), roles = coalesce($4, roles), desks = coalesce($5, desks),
    products = coalesce($6, products), capacity = coalesce($7, capacity), active = coalesce($8, active),
    presence = CASE WHEN $8 = false THEN 'checked_out' ELSE presence END,
    away = CASE WHEN $8 = false THEN NULL ELSE away END, contact = coalesce($9::jsonb, contact),
    department = CASE WHEN $10::text IS NULL THEN department ELSE nullif($10, '') END,
    extension = CASE WHEN $11 THEN $12 ELSE extension END, version = version + 1
WHERE id = $1 AND version = $2 RETURNING id
"""
HOME = "SELECT desk FROM operator WHERE id = $1"
DEPARTMENTS = "SELECT code FROM department WHERE desk = $1 AND active ORDER BY code"
FIND_POOLS = """
SELECT n.position, p.id FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS n(desk, code, position)
LEFT JOIN pool p ON p.desk = n.desk AND p.code = n.code AND p.desk = ANY($3) AND p.active
ORDER BY n.position
"""
# Locked in order, as everywhere: a worker that comes second waits, and finds them announced.
ANNOUNCE = f"""
UPDATE operator o SET announced_version = version WHERE id IN (
    SELECT id FROM operator WHERE announced_version IS DISTINCT FROM version ORDER BY id LIMIT 100
    FOR NO KEY UPDATE
)
RETURNING o.*, {POOLS}
"""  # noqa: S608 - clauses of our own
SEATS = """
SELECT s.pool_id, s.weight, p.desk FROM seat s JOIN pool p ON p.id = s.pool_id WHERE s.operator_id = $1
"""
# The pools' rows are written too: who waited for their locks sees by that that there are other seats now.
DROP_SEATS = """
WITH gone AS (DELETE FROM seat WHERE operator_id = $1 AND pool_id <> ALL($2) RETURNING pool_id)
UPDATE pool SET turn = turn WHERE id IN (SELECT pool_id FROM gone)
"""
# A new seat starts at zero and is lifted to the pool's minimum when it first becomes eligible.
PUT_SEATS = """
WITH touched AS (UPDATE pool SET turn = turn WHERE id = ANY($2))
INSERT INTO seat (pool_id, operator_id, desk, weight, virtual_time, floor, eligible, last_turn, turns)
SELECT p.id, $1, p.desk, n.weight, 0, 0, false, 0, 0
FROM unnest($2::uuid[], $3::int[]) AS n(id, weight) JOIN pool p USING (id)
ON CONFLICT (pool_id, operator_id) DO UPDATE SET weight = excluded.weight
"""


@dataclass(frozen=True, slots=True)
class SeatSpec:
    """A requested seat in a pool of a desk; double weight gets double work."""

    desk: str
    code: str
    weight: int


@dataclass(frozen=True, slots=True)
class NewOperator:
    """An operator to create; `desk` is the home desk, one of `desks`; `subject` is the `sub` of their token."""

    desk: str
    subject: str
    name: str
    roles: Sequence[str]
    desks: Sequence[str]
    products: Sequence[str]
    capacity: int | None
    pools: Sequence[SeatSpec]
    contact: Customer | None = None
    department: str | None = None
    extension: str | None = None


@dataclass(frozen=True, slots=True)
class OperatorChange:
    """A change of an operator; None leaves a field as it is, NO_DEPARTMENT takes them out of theirs.

    `moves`: whether `extension` is given.
    """

    name: str | None = None
    roles: Sequence[str] | None = None
    desks: Sequence[str] | None = None
    products: Sequence[str] | None = None
    capacity: int | None = None
    active: bool | None = None
    pools: Sequence[SeatSpec] | None = None
    contact: Customer | None = None
    department: str | None = None
    extension: str | None = None
    moves: bool = False


async def create_operator(ctx: Context, caller: Principal, new: NewOperator, cause: Cause) -> OperatorId:
    """Create an operator, checked out.

    Raises NotFoundError for a foreign desk, AlreadyExistsError, UnknownPoolError, UnknownDepartmentError.
    """
    if not all(map(caller.may_see, new.desks)):
        raise NotFoundError
    async with ctx.db.begin() as tx:
        await _known_department(tx, new.desk, new.department)
        operator_id = await add_operator(ctx, tx, new, cause)
        await tx.commit()
    return operator_id


async def add_operator(ctx: Context, tx: Transaction, new: NewOperator, cause: Cause) -> OperatorId:
    """Create an operator in the caller's transaction. Raises AlreadyExistsError, UnknownPoolError."""
    operator_id, now = OperatorId(uuid7()), ctx.now()
    capacity = ctx.settings.default_capacity if new.capacity is None else new.capacity
    who = new.desk, new.subject, new.name, list(new.roles), list(new.desks), list(new.products)
    pools = await _pool_ids(tx, new.pools, new.desks)
    # The pools are locked because a concurrent batch would miss the new seat in its snapshot.
    locked = await store.load(tx, store.Scope(pools=pools))
    more = as_json(new.contact), new.department, new.extension
    if await tx.conn.fetchval(INSERT, operator_id, *who, capacity, now, *more) is None:
        raise AlreadyExistsError(await tx.conn.fetchval(EXISTING, new.subject))
    await tx.conn.execute(PUT_SEATS, operator_id, pools, [spec.weight for spec in new.pools])
    event = await operator_changed(tx, operator_id, now, cause)
    snapshot = await store.reload(tx, locked)
    await decide_and_save(ctx, tx, snapshot, Choice.DRAINED_OPERATOR_CHANGED, drain=False, also=[event])
    return operator_id


async def change_operator(
    ctx: Context, caller: Principal, operator_id: UUID, seen: int, change: OperatorChange, cause: Cause
) -> None:
    """Change an operator of version `seen`; deactivation checks them out.

    Raises NotFoundError, HomeDeskError, StaleVersionError, UnknownPoolError, UnknownDepartmentError.
    """
    async with ctx.db.begin() as tx:
        await _known_department(tx, await tx.conn.fetchval(HOME, operator_id), change.department)
        await update_operator(ctx, tx, caller, operator_id, seen, change, cause)
        await tx.commit()


async def update_operator(
    ctx: Context,
    tx: Transaction,
    caller: Principal,
    operator_id: UUID,
    seen: int,
    change: OperatorChange,
    cause: Cause,
) -> None:
    """Change an operator in the caller's transaction; see `change_operator`."""
    who = OperatorId(operator_id)
    desks = await _desks_after(tx, caller, who, change)
    pools = await _pool_ids(tx, change.pools or (), list(filter(caller.may_see, desks)))
    # Lock before writing: concurrent decisions in these pools see all of the change or none of it.
    locked = await store.load(tx, store.Scope(pools=pools, operators=[who]))
    operator = locked.operators[who]
    await _update(tx, who, seen, change)
    if change.pools is not None:
        await _replace_seats(tx, caller, who, dict(zip(pools, change.pools, strict=True)))
    leaves = change.active is False and operator.presence is not Presence.CHECKED_OUT
    out = move(Whereabouts(operator.presence), PresenceCommand.CHECK_OUT)
    events = await apply_move(ctx, tx, who, out, caller.sub, cause) if leaves else []
    events = [await operator_changed(tx, who, ctx.now(), cause), *events]
    snapshot = await store.reload(tx, locked)
    await decide_and_save(ctx, tx, snapshot, Choice.DRAINED_OPERATOR_CHANGED, drain=True, also=events)


async def announce_operators(ctx: Context) -> int:
    """Publish operators whose version has not been published; return how many.

    Those are the ones that an earlier release changed: its events do not say all that is true now.
    """
    async with ctx.db.begin() as tx:
        rows = await tx.conn.fetch(ANNOUNCE)
        await outbox.add(tx, [event_of(row, ctx.now(), Cause.fresh()) for row in rows])
        await tx.commit()
        return len(rows)


async def _known_department(tx: Transaction, desk: str, department: str | None) -> None:
    """Raises UnknownDepartmentError for one that the desk does not have."""
    if department in (None, NO_DEPARTMENT):
        return
    known = [row["code"] for row in await tx.conn.fetch(DEPARTMENTS, desk)]
    if department not in known:
        raise UnknownDepartmentError(department, nearest(department, known))


async def _desks_after(
    tx: Transaction, caller: Principal, who: OperatorId, change: OperatorChange
) -> Sequence[str]:
    row = await tx.conn.fetchrow(CURRENT, who)
    if row is None or not any(map(caller.may_see, row["desks"])):
        raise NotFoundError
    desks: Sequence[str] = row["desks"] if change.desks is None else change.desks
    moved = set(desks).symmetric_difference(row["desks"])
    if not all(map(caller.may_see, moved)):
        raise NotFoundError
    if row["desk"] not in desks:
        raise HomeDeskError
    return desks


async def _update(tx: Transaction, who: OperatorId, seen: int, change: OperatorChange) -> None:
    lists = [None if each is None else list(each) for each in (change.roles, change.desks, change.products)]
    moved = change.department, change.moves, change.extension
    values = change.name, *lists, change.capacity, change.active, as_json(change.contact), *moved
    if await tx.conn.fetchval(UPDATE, who, seen, *values) is None:
        raise StaleVersionError


async def _pool_ids(tx: Transaction, specs: Sequence[SeatSpec], desks: Sequence[str]) -> list[PoolId]:
    columns = [spec.desk for spec in specs], [spec.code for spec in specs]
    rows = await tx.conn.fetch(FIND_POOLS, *columns, list(desks))
    unknown = [(n, specs[n].code) for n, row in enumerate(rows) if row["id"] is None]
    if unknown:
        raise UnknownPoolError(unknown)
    return [PoolId(row["id"]) for row in rows]


async def _replace_seats(
    tx: Transaction, caller: Principal, who: OperatorId, specs: Mapping[PoolId, SeatSpec]
) -> None:
    # A supervisor can only name pools of their own desks: seats in pools of other desks stay.
    seats = await tx.conn.fetch(SEATS, who)
    kept = [row["pool_id"] for row in seats if not caller.may_see(row["desk"])]
    await tx.conn.execute(DROP_SEATS, who, [*specs, *kept])
    await tx.conn.execute(PUT_SEATS, who, list(specs), [spec.weight for spec in specs.values()])
