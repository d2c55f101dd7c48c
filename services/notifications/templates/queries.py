"""Reading templates."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, RowMapping, Select, func, literal_column, select
from sqlalchemy.dialects.postgresql import JSONB

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.templates.schemas import TemplateState
from services.notifications.templates.tables import template

# What providers say of the templates that a version names.
_REGISTRATIONS = """
(SELECT coalesce(jsonb_agg(to_jsonb(r) - 'desk' ORDER BY r.name, r.language, r.channel_id), '[]')
 FROM registration r
 WHERE r.desk = template.desk
   AND r.name IN (SELECT v.value->'registered'->>'name' FROM jsonb_each(template.variants) v))
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which versions are asked for; None: all."""

    code: str | None = None
    state: TemplateState | None = None
    situation: str | None = None


async def list_templates(
    db: Database, desks: Collection[str] | None, wanted: Filter, asked: PageQuery
) -> Cut[RowMapping]:
    """Return versions, newest first; `desks` None means all."""
    query = _versions(desks)
    if wanted.code is not None:
        query = query.where(template.c.code == wanted.code)
    if wanted.situation is not None:
        query = query.where(template.c.situation == wanted.situation)
    if wanted.state is not None:
        query = query.where(_is(wanted.state))
    async with db.read() as conn:
        return await paginate(conn, query, "-id", [template.c.id], asked)


async def versions_of(db: Database, desks: Collection[str] | None, code: str) -> list[dict[str, object]]:
    """Return of each desk's template the newest version and the newest one in use, the newest first."""
    known = (
        select(
            template.c.desk,
            func.max(template.c.version).label("newest"),
            func.max(template.c.version).filter(_is(TemplateState.APPROVED)).label("approved"),
        )
        .where(template.c.code == code)
        .group_by(template.c.desk)
        .subquery()
    )
    query = (
        _versions(desks)
        .join(known, known.c.desk == template.c.desk)
        .where(template.c.code == code, template.c.version.in_((known.c.newest, known.c.approved)))
        .order_by(template.c.desk, template.c.version.desc())
    )
    async with db.read() as conn:
        return [{**row} for row in (await conn.execute(query)).mappings()]


async def version_of_desk(
    db: Database, desks: Collection[str] | None, code: str, number: int
) -> list[dict[str, object]]:
    """Return one version of a template, of each desk that has it."""
    query = _versions(desks).where(template.c.code == code, template.c.version == number)
    async with db.read() as conn:
        return [{**row} for row in (await conn.execute(query)).mappings()]


def _versions(desks: Collection[str] | None) -> Select[tuple[object, ...]]:
    query = select(*template.c, literal_column(_REGISTRATIONS, JSONB).label("registrations")).select_from(template)
    return query if desks is None else query.where(template.c.desk.in_(desks))


def _is(state: TemplateState) -> ColumnElement[bool]:
    retired = template.c.retired_at.is_not(None)
    return retired if state is TemplateState.RETIRED else (template.c.state == state.value) & ~retired
