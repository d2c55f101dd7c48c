"""Reading feeds: the operator of a token, last positions, items after a position."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, FromClause, RowMapping, Select, case, false, func, or_, select

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.feed.rules import OVER
from services.notifications.feed.tables import feed_item, operator
from services.notifications.leads.tables import lead_operator
from services.notifications.masking.queries import unless_own
from services.notifications.messages.tables import message
from services.notifications.received.tables import received_message

_MADE = ("text", "hidden")
PREVIEW = 200  # characters of a message

FEEDS = """
SELECT o.subject, o.operator_id, o.active, coalesce(f.position, 0) AS position
FROM operator o LEFT JOIN feed f USING (operator_id)
WHERE o.subject = ANY($1::text[]) ORDER BY o.active, o.operator_id DESC
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a feed; `title` per language code. `text`: how the message begins that it is about.

    `hidden`: the customer's number is masked to its operator by now, unless their telephone rings.
    """

    position: int
    kind: str
    desk: str
    task_id: UUID | None
    lead_id: UUID | None
    title: Mapping[str, str]
    order_number: str | None
    due_at: datetime | None
    at: datetime
    person: Mapping[str, str | None] | None
    zone: str | None
    message_id: UUID | None
    text: str | None
    hidden: bool


async def feed_of(db: Database, subject: str) -> UUID | None:
    """Return the active operator of a token's `sub`; None until assignment has published them."""
    mine = select(operator.c.operator_id).where(operator.c.subject == subject, operator.c.active)
    query = mine.order_by(operator.c.operator_id)
    async with db.read() as conn:
        found: UUID | None = await conn.scalar(query.limit(1))
    return found


@dataclass(frozen=True, slots=True)
class Feed:
    """A token's feed and its last position."""

    operator_id: UUID | None
    position: int


NOT_KNOWN, GONE = Feed(None, 0), Feed(None, -1)  # not heard of yet; known, and works here no more


async def feeds_of(db: Database, subjects: Collection[str]) -> Mapping[str, Feed]:
    """Return the feeds of tokens by their `sub`; none of who is not known yet."""
    # The last row of a subject counts: an active one, of these the first.
    return {
        row["subject"]: Feed(row["operator_id"], row["position"]) if row["active"] else GONE
        for row in await db.pool.fetch(FEEDS, list(subjects))
    }


async def items_after(db: Database, operator_id: UUID | None, position: int, limit: int) -> Sequence[Item]:
    """Return the next items, oldest first."""
    query = _items(operator_id).where(feed_item.c.position > position).order_by(feed_item.c.position)
    return await _fetch(db, query.limit(limit))


async def items_of(db: Database, operator_id: UUID | None, asked: PageQuery) -> Cut[RowMapping]:
    """Return items as rows, newest first; none for operator None."""
    async with db.read() as conn:
        return await paginate(conn, _items(operator_id), "-position", [feed_item.c.position], asked)


def _items(operator_id: UUID | None) -> Select[tuple[object, ...]]:
    own = (feed_item.c[name] for name in Item.__slots__ if name not in _MADE)
    said = func.coalesce(received_message.c.text, received_message.c.button, message.c.text)
    made = func.left(said, PREVIEW).label("text"), _hidden().label("hidden")
    query = select(*own, *made).where(feed_item.c.operator_id == operator_id)
    query = query.outerjoin_from(feed_item, received_message, received_message.c.id == feed_item.c.message_id)
    return query.outerjoin(message, message.c.id == feed_item.c.message_id)


def _hidden() -> ColumnElement[bool]:
    """Return whether an entry's customer is masked: neither lead nor task is its operator's by now (P.7)."""
    of_lead = _holds(lambda later: later.c.lead_id == feed_item.c.lead_id)
    of_none = _holds(lambda later: later.c.lead_id.is_(None))
    works = feed_item.c.operator_id.in_((lead_operator.c.owner_id, lead_operator.c.holder_id))
    theirs = select(lead_operator.c.lead_id).where(lead_operator.c.lead_id == feed_item.c.lead_id, works).exists()
    own = case((feed_item.c.lead_id.is_(None), of_none), else_=or_(of_lead, theirs))
    return unless_own(feed_item.c.desk, own)


def _holds(is_of_it: Callable[[FromClause], ColumnElement[bool]]) -> ColumnElement[bool]:
    """Return whether the operator has an entry's task by what their feed says; both ways go by an index."""
    later = feed_item.alias("later")
    said = select(later.c.kind).where(
        later.c.operator_id == feed_item.c.operator_id, is_of_it(later), later.c.task_id == feed_item.c.task_id
    )
    last = said.order_by(later.c.position.desc()).limit(1).scalar_subquery()
    return func.coalesce(last.not_in(OVER), false())


async def _fetch(db: Database, query: Select[tuple[object, ...]]) -> Sequence[Item]:
    async with db.read() as conn:
        return [Item(**row) for row in (await conn.execute(query)).mappings()]
