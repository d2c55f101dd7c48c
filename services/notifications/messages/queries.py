"""Reading messages and their attempts."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, and_, select, true

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.feed.tables import feed_item, operator
from services.notifications.messages.rules import MessageState
from services.notifications.messages.tables import attempt, message
from services.notifications.webhooks.tables import callback


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; None does not narrow. `operator`: the `sub` of an operator, who sees only their own leads."""

    desks: Collection[str] | None
    operator: str | None = None
    lead_id: UUID | None = None
    state: MessageState | None = None


async def list_messages(db: Database, wanted: Filter, asked: PageQuery) -> Cut[RowMapping]:
    """Return messages, newest first."""
    query = select(message).where(_visible(wanted))
    if wanted.lead_id is not None:
        query = query.where(message.c.lead_id == wanted.lead_id)
    if wanted.state is not None:
        query = query.where(message.c.state == wanted.state)
    async with db.read() as conn:
        return await paginate(conn, query, "-id", [message.c.id], asked)


async def one_message(db: Database, message_id: UUID, wanted: Filter) -> dict[str, object] | None:
    """Return a message that the caller may see with its attempts and reports in order, or None."""
    query = select(message).where(message.c.id == message_id, _visible(wanted))
    attempts = select(attempt).where(attempt.c.message_id == message_id).order_by(attempt.c.number)
    reports = select(callback).where(callback.c.message_id == message_id).order_by(callback.c.id)
    async with db.read() as conn:
        found = (await conn.execute(query)).mappings().one_or_none()
        if found is None:
            return None
        parts = {"attempts": attempts, "reports": reports}
        rows = {name: (await conn.execute(part)).mappings().all() for name, part in parts.items()}
    return {**found, **{name: [dict(row) for row in some] for name, some in rows.items()}}


def _visible(wanted: Filter) -> ColumnElement[bool]:
    """Filter by desk; a working operator's own leads are those whose tasks are in their feed."""
    of_desks = true() if wanted.desks is None else message.c.desk.in_(wanted.desks)
    if wanted.operator is None:
        return of_desks
    own = select(feed_item.c.lead_id).join(operator, operator.c.operator_id == feed_item.c.operator_id)
    return and_(
        of_desks, message.c.lead_id.in_(own.where(operator.c.subject == wanted.operator, operator.c.active))
    )
