"""Use cases of departments: create and change them. Whom it concerns is published with their operator."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.messaging import outbox
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.versions import StaleVersionError
from services.assignment.context import Context
from services.assignment.errors import AlreadyExistsError, NotFoundError, UnfitHeadError
from services.assignment.operators.convert import operator_changed
from services.assignment.pools.rules import OperatorId

INSERT = """
INSERT INTO department (id, desk, code, title, head_id, version, created_at) VALUES ($1, $2, $3, $4, $5, 1, $6)
ON CONFLICT (desk, code) DO NOTHING RETURNING id
"""
EXISTING = "SELECT id FROM department WHERE desk = $1 AND code = $2"
LOCKED = "SELECT * FROM department WHERE id = $1 FOR UPDATE"
UPDATE = """
UPDATE department SET title = coalesce($2, title), head_id = CASE WHEN $4 THEN $3 ELSE head_id END,
    active = coalesce($5, active), version = version + 1
WHERE id = $1 RETURNING desk, code, head_id, active
"""
HEAD = "SELECT id FROM operator WHERE id = $1 AND desk = $2 AND active FOR SHARE"
# Locked in order, as everywhere.
CHANGED = """
UPDATE operator SET version = version + 1 WHERE id IN (
    SELECT id FROM operator WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
)
"""
# The worker publishes them.
LEAVE = """
UPDATE operator SET department = NULL, version = version + 1 WHERE id IN (
    SELECT id FROM operator WHERE desk = $1 AND department = $2 ORDER BY id FOR NO KEY UPDATE
)
"""


@dataclass(frozen=True, slots=True)
class NewDepartment:
    """A department to create: `code` is unique in the desk, `title` has ru and en."""

    desk: str
    code: str
    title: dict[str, str]
    head_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DepartmentChange:
    """A change of a department; None leaves a field as it is, but the head where it `sets_head`."""

    title: dict[str, str] | None = None
    head_id: UUID | None = None
    sets_head: bool = False
    active: bool | None = None


async def create_department(ctx: Context, caller: Principal, new: NewDepartment, cause: Cause) -> UUID:
    """Create a department. Raises NotFoundError for a foreign desk, AlreadyExistsError, UnfitHeadError."""
    if not caller.may_see(new.desk):
        raise NotFoundError
    async with ctx.db.begin() as tx:
        department_id = await add_department(ctx, tx, new, cause)
        await tx.commit()
    return department_id


async def add_department(ctx: Context, tx: Transaction, new: NewDepartment, cause: Cause) -> UUID:
    """Create a department in the caller's transaction. Raises AlreadyExistsError, UnfitHeadError."""
    department_id = uuid7()
    await _head(tx, new.desk, new.head_id)
    values = department_id, new.desk, new.code, new.title, new.head_id, ctx.now()
    if await tx.conn.fetchval(INSERT, *values) is None:
        raise AlreadyExistsError(await tx.conn.fetchval(EXISTING, new.desk, new.code))
    await _publish(ctx, tx, {new.head_id}, cause)
    return department_id


async def change_department(
    ctx: Context, department_id: UUID, seen: int, change: DepartmentChange, cause: Cause
) -> None:
    """Change a department of version `seen`. Raises NotFoundError, StaleVersionError, UnfitHeadError."""
    async with ctx.db.begin() as tx:
        await update_department(ctx, tx, department_id, seen, change, cause)
        await tx.commit()


async def update_department(
    ctx: Context, tx: Transaction, department_id: UUID, seen: int, change: DepartmentChange, cause: Cause
) -> None:
    """Change a department in the caller's transaction; see `change_department`."""
    before = await tx.conn.fetchrow(LOCKED, department_id)
    if before is None:
        raise NotFoundError
    if before["version"] != seen:
        raise StaleVersionError
    if change.sets_head:
        await _head(tx, before["desk"], change.head_id)
    values = change.title, change.head_id, change.sets_head, change.active
    after = await tx.conn.fetchrow(UPDATE, department_id, *values)
    if after is None:
        raise LookupError(department_id)
    if not after["active"]:
        await tx.conn.execute(LEAVE, after["desk"], after["code"])
    if (before["head_id"], before["active"]) != (after["head_id"], after["active"]):
        await _publish(ctx, tx, {before["head_id"], after["head_id"]}, cause)


async def _head(tx: Transaction, desk: str, head_id: UUID | None) -> None:
    """Raises UnfitHeadError for one who does not work here, or whose home is another desk."""
    if head_id is not None and await tx.conn.fetchval(HEAD, head_id, desk) is None:
        raise UnfitHeadError


async def _publish(ctx: Context, tx: Transaction, people: Collection[UUID | None], cause: Cause) -> None:
    """Publish operators who have become heads, or are no more."""
    heads = sorted(OperatorId(who) for who in people if who is not None)
    await tx.conn.execute(CHANGED, heads)
    await outbox.add(tx, [await operator_changed(tx, who, ctx.now(), cause) for who in heads])
