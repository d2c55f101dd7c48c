"""Reading templates."""

from collections.abc import Collection

from sqlalchemy import RowMapping, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.templates.tables import template

# What providers say of the templates that a version names.
_REGISTRATIONS = """
(SELECT coalesce(jsonb_agg(to_jsonb(r) - 'desk' ORDER BY r.name, r.language, r.channel_id), '[]')
 FROM registration r
 WHERE r.desk = template.desk
   AND r.name IN (SELECT v.value->'registered'->>'name' FROM jsonb_each(template.variants) v))
"""


async def list_templates(
    db: Database,
    desks: Collection[str] | None,
    code: str | None,
    state: str | None,
    asked: PageQuery,
) -> Cut[RowMapping]:
    """Return versions, newest first; `desks` None means all."""
    query = select(template, literal_column(_REGISTRATIONS, JSONB).label("registrations"))
    if desks is not None:
        query = query.where(template.c.desk.in_(desks))
    if code is not None:
        query = query.where(template.c.code == code)
    if state is not None:
        query = query.where(template.c.state == state)
    async with db.read() as conn:
        return await paginate(conn, query, "-id", [template.c.id], asked)
