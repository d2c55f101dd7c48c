"""Reading templates."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from libs.common.platform.db import Database
from services.notifications.templates.tables import template


async def list_templates(
    db: Database,
    desks: Collection[str] | None,
    code: str | None,
    state: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[dict[str, object]]:
    """Return versions, newest first; `desks` None means all."""
    query = select(template).order_by(template.c.id.desc()).limit(limit)
    if desks is not None:
        query = query.where(template.c.desk.in_(desks))
    if code is not None:
        query = query.where(template.c.code == code)
    if state is not None:
        query = query.where(template.c.state == state)
    if before is not None:
        query = query.where(template.c.id < before)
    async with db.read() as conn:
        return [dict(row) for row in (await conn.execute(query)).mappings()]
