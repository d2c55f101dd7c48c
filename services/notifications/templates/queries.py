"""Reading templates."""

from collections.abc import Collection

from sqlalchemy import RowMapping, select

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.templates.tables import template


async def list_templates(
    db: Database,
    desks: Collection[str] | None,
    code: str | None,
    state: str | None,
    asked: PageQuery,
) -> Cut[RowMapping]:
    """Return versions, newest first; `desks` None means all."""
    query = select(template)
    if desks is not None:
        query = query.where(template.c.desk.in_(desks))
    if code is not None:
        query = query.where(template.c.code == code)
    if state is not None:
        query = query.where(template.c.state == state)
    async with db.read() as conn:
        return await paginate(conn, query, "-id", [template.c.id], asked)
