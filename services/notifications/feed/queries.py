"""Reading feeds: the operator of a token, last positions, items after a position."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping, Select, select

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.feed.tables import feed, feed_item, operator


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed; `title` per language code."""

    position: int
    kind: str
    desk: str
    task_id: UUID
    lead_id: UUID | None
    title: Mapping[str, str]
    order_number: str | None
    due_at: datetime
    at: datetime
    person: Mapping[str, str | None] | None
    zone: str | None


async def feed_of(db: Database, subject: str) -> UUID | None:
    """Return the active operator of a token's `sub`; None until assignment has published them."""
    mine = select(operator.c.operator_id).where(operator.c.subject == subject, operator.c.active)
    query = mine.order_by(operator.c.operator_id)
    async with db.read() as conn:
        found: UUID | None = await conn.scalar(query.limit(1))
    return found


async def positions(db: Database, operators: Collection[UUID]) -> Mapping[UUID, int]:
    """Return the last position of each feed that has one."""
    query = select(feed.c.operator_id, feed.c.position).where(feed.c.operator_id.in_(operators))
    async with db.read() as conn:
        return {row.operator_id: row.position for row in await conn.execute(query)}


async def items_after(db: Database, operator_id: UUID, position: int, limit: int) -> Sequence[Item]:
    """Return the next items, oldest first."""
    query = _items(operator_id).where(feed_item.c.position > position).order_by(feed_item.c.position)
    return await _fetch(db, query.limit(limit))


async def items_of(db: Database, operator_id: UUID | None, asked: PageQuery) -> Cut[RowMapping]:
    """Return items as rows, newest first; none for operator None."""
    async with db.read() as conn:
        return await paginate(conn, _items(operator_id), "-position", [feed_item.c.position], asked)


def _items(operator_id: UUID | None) -> Select[tuple[object, ...]]:
    return select(*(feed_item.c[name] for name in Item.__slots__)).where(feed_item.c.operator_id == operator_id)


async def _fetch(db: Database, query: Select[tuple[object, ...]]) -> Sequence[Item]:
    async with db.read() as conn:
        return [Item(**row) for row in (await conn.execute(query)).mappings()]
