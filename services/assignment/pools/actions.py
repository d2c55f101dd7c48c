"""Use cases of pools: create and change them, and publish what they say."""

from dataclasses import dataclass
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.contracts.shared import TakenWork
from libs.common.messaging import outbox
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.versions import StaleVersionError
from services.assignment.context import Context
from services.assignment.errors import AlreadyExistsError, NotFoundError, PoolInUseError
from services.assignment.pools.convert import pool_changed
from services.assignment.pools.rules import PoolId

INSERT = """
INSERT INTO pool (id, desk, code, title, role, virtual_time, turn, version, created_at, off_shift_pull, taken_work,
                  away_after, share, mend_within, after_call, announced_version)
VALUES ($1, $2, $3, $4, $5, 0, 0, 1, $6, $7, $8, $9, $10, $11, $12, 1)
ON CONFLICT (desk, code) DO NOTHING RETURNING *
"""
EXISTING = "SELECT id FROM pool WHERE desk = $1 AND code = $2"
UPDATE = """
UPDATE pool SET title = coalesce($3, title), role = coalesce($4, role),
    off_shift_pull = coalesce($5, off_shift_pull), taken_work = coalesce($6, taken_work),
    away_after = coalesce($7, away_after), share = coalesce($8, share), mend_within = coalesce($9, mend_within),
    after_call = coalesce($10, after_call), active = coalesce($11, active),
    version = version + 1, announced_version = version + 1
WHERE id = $1 AND version = $2 RETURNING *
"""
# Locked as for a decision: nobody is seated in it meanwhile.
SEATED = """
SELECT o.subject FROM seat s JOIN operator o ON o.id = s.operator_id
WHERE s.pool_id = (SELECT id FROM pool WHERE id = $1 FOR NO KEY UPDATE) AND o.active ORDER BY o.subject LIMIT 20
"""
# Locked in order, as everywhere: a worker that comes second waits, and finds them announced.
ANNOUNCE = """
UPDATE pool SET announced_version = version WHERE id IN (
    SELECT id FROM pool WHERE announced_version IS DISTINCT FROM version ORDER BY id LIMIT 100 FOR NO KEY UPDATE
)
RETURNING *
"""


@dataclass(frozen=True, slots=True)
class NewPool:
    """A pool to create: `code` is unique in the desk, `title` has ru and en, `role` is the role of its work.

    `away_after`: the minutes of silence after which its operators are away; 0 = never. `share`: the untaken tasks
    up to which an operator is given work that has waited. `mend_within`: the minutes in which a wrong outcome may
    be mended; 0 = never. `after_call`: the seconds in which its operators write up a call.
    """

    desk: str
    code: str
    title: dict[str, str]
    role: str
    off_shift_pull: bool
    taken_work: TakenWork
    away_after: int
    share: int
    mend_within: int
    after_call: int


@dataclass(frozen=True, slots=True)
class PoolChange:
    """A change of a pool; None leaves a field as it is."""

    title: dict[str, str] | None = None
    role: str | None = None
    off_shift_pull: bool | None = None
    taken_work: TakenWork | None = None
    away_after: int | None = None
    share: int | None = None
    mend_within: int | None = None
    after_call: int | None = None
    active: bool | None = None


async def create_pool(ctx: Context, caller: Principal, new: NewPool, cause: Cause) -> PoolId:
    """Create a pool. Raises NotFoundError for a foreign desk, AlreadyExistsError."""
    if not caller.may_see(new.desk):
        raise NotFoundError
    async with ctx.db.begin() as tx:
        pool_id = await add_pool(ctx, tx, new, cause)
        await tx.commit()
    return pool_id


async def add_pool(ctx: Context, tx: Transaction, new: NewPool, cause: Cause) -> PoolId:
    """Create a pool in the caller's transaction. Raises AlreadyExistsError."""
    pool_id = PoolId(uuid7())
    rules = new.off_shift_pull, new.taken_work, new.away_after, new.share, new.mend_within, new.after_call
    values = pool_id, new.desk, new.code, new.title, new.role, ctx.now(), *rules
    if (row := await tx.conn.fetchrow(INSERT, *values)) is None:
        raise AlreadyExistsError(await tx.conn.fetchval(EXISTING, new.desk, new.code))
    await outbox.add(tx, [pool_changed(row, ctx.now(), cause)])
    return pool_id


async def change_pool(ctx: Context, pool_id: UUID, seen: int, change: PoolChange, cause: Cause) -> None:
    """Change a pool of version `seen`. Raises StaleVersionError, PoolInUseError."""
    async with ctx.db.begin() as tx:
        await update_pool(ctx, tx, pool_id, seen, change, cause)
        await tx.commit()


async def update_pool(
    ctx: Context, tx: Transaction, pool_id: UUID, seen: int, change: PoolChange, cause: Cause
) -> None:
    """Change a pool in the caller's transaction; see `change_pool`."""
    if change.active is False and (seated := await tx.conn.fetch(SEATED, pool_id)):
        raise PoolInUseError([row["subject"] for row in seated])
    rules = change.off_shift_pull, change.taken_work, change.away_after, change.share, change.mend_within
    values = change.title, change.role, *rules, change.after_call, change.active
    row = await tx.conn.fetchrow(UPDATE, pool_id, seen, *values)
    if row is None:
        raise StaleVersionError
    await outbox.add(tx, [pool_changed(row, ctx.now(), cause)])


async def announce_pools(ctx: Context) -> int:
    """Publish pools whose version has not been published; return how many.

    Those are the ones that requests of work made, and those that an earlier release made or changed.
    """
    async with ctx.db.begin() as tx:
        rows = await tx.conn.fetch(ANNOUNCE)
        await outbox.add(tx, [pool_changed(row, ctx.now(), Cause.fresh()) for row in rows])
        await tx.commit()
        return len(rows)
