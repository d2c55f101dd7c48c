"""Reads of sources, for administrators."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, select, true

from libs.common.platform.db import Database
from services.intake.errors import NotFoundError
from services.intake.sources.schemas import SourceView
from services.intake.sources.tables import source


async def get_source(db: Database, source_id: UUID) -> SourceView:
    """Return one source. Raises NotFoundError."""
    async with db.read() as conn:
        row = (await conn.execute(select(source).where(source.c.id == source_id))).one_or_none()
    if row is None:
        raise NotFoundError
    return _view(row)


async def list_sources(db: Database, desk: str | None, after: UUID | None, limit: int) -> Sequence[SourceView]:
    """Return up to `limit` sources in the order they were made, those after the id `after`."""
    query = (
        select(source)
        .where(source.c.desk == desk if desk else true(), source.c.id > after if after else true())
        .order_by(source.c.id)
        .limit(limit)
    )
    async with db.read() as conn:
        return [_view(row) for row in await conn.execute(query)]


def _view(row: Row[tuple[object, ...]]) -> SourceView:
    members = dict(row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
    return SourceView.model_validate({**members, "hook": f"/intake/v1/hooks/{members['key']}"})
