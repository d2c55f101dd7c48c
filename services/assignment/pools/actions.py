"""Use cases of pools: create and change them."""

from dataclasses import dataclass
from uuid import UUID

from libs.common.platform.auth.principal import Principal
from libs.common.platform.ids import uuid7
from services.assignment.context import Context
from services.assignment.errors import AlreadyExistsError, NotFoundError, StaleVersionError
from services.assignment.pools.rules import PoolId

INSERT = """
INSERT INTO pool (id, desk, code, title, role, virtual_time, turn, version, created_at)
VALUES ($1, $2, $3, $4, $5, 0, 0, 1, $6) ON CONFLICT (desk, code) DO NOTHING RETURNING id
"""
EXISTING = "SELECT id FROM pool WHERE desk = $1 AND code = $2"
UPDATE = """
UPDATE pool SET title = coalesce($3, title), role = coalesce($4, role), version = version + 1
WHERE id = $1 AND version = $2 RETURNING id
"""


@dataclass(frozen=True, slots=True)
class NewPool:
    """A pool to create: `code` is unique in the desk, `title` has ru and en, `role` is the role of its work."""

    desk: str
    code: str
    title: dict[str, str]
    role: str


async def create_pool(ctx: Context, caller: Principal, new: NewPool) -> PoolId:
    """Create a pool. Raises NotFoundError for a foreign desk, AlreadyExistsError."""
    if not caller.may_see(new.desk):
        raise NotFoundError
    pool_id = PoolId(uuid7())
    async with ctx.db.begin() as tx:
        values = pool_id, new.desk, new.code, new.title, new.role, ctx.now()
        if await tx.conn.fetchval(INSERT, *values) is None:
            raise AlreadyExistsError(await tx.conn.fetchval(EXISTING, new.desk, new.code))
        await tx.commit()
    return pool_id


async def change_pool(
    ctx: Context, pool_id: UUID, seen: int, title: dict[str, str] | None, role: str | None
) -> None:
    """Change the title or role of a pool of version `seen`. Raises StaleVersionError."""
    async with ctx.db.begin() as tx:
        if await tx.conn.fetchval(UPDATE, pool_id, seen, title, role) is None:
            raise StaleVersionError
        await tx.commit()
