"""Reading what customers wrote."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, or_, select, true, union

from libs.common.contracts.shared import Direction
from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.channels.tables import channel
from services.notifications.feed.tables import feed_item, operator
from services.notifications.leads.tables import lead_operator
from services.notifications.masking.queries import hidden, worked
from services.notifications.merges.queries import one_lead_with, one_with, with_losers
from services.notifications.received.tables import received_message


@dataclass(frozen=True, slots=True)
class ReceivedFilter:
    """What to list; None does not narrow. `operator`: the `sub` of an operator, who sees only their own leads."""

    desks: Collection[str] | None
    operator: str | None = None
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    direction: Direction | None = None
    of_no_lead: bool | None = None

    def condition(self) -> ColumnElement[bool]:
        """Return what a message must be, and that the caller may see it."""
        columns = received_message.c
        wanted = list[ColumnElement[bool]]()
        if self.direction is not None:
            wanted.append(columns.direction == self.direction)
        if self.lead_id is not None:
            wanted.append(columns.lead_id.in_(one_lead_with(self.lead_id)))
        if self.customer_id is not None:
            wanted.append(columns.customer_id.in_(one_with(self.customer_id)))
        if self.of_no_lead is not None:
            wanted.append(columns.lead_id.is_(None) == self.of_no_lead)
        seen = true() if self.desks is None else columns.desk.in_(self.desks)
        return and_(seen, _own(self.operator), *wanted)


def _own(subject: str | None) -> ColumnElement[bool]:
    """Narrow to the leads that an operator works, or has had a task of (P.6)."""
    if subject is None:
        return true()
    mine = select(operator.c.operator_id).where(operator.c.subject == subject, operator.c.active)
    given = select(feed_item.c.lead_id).where(feed_item.c.operator_id.in_(mine))
    works = or_(lead_operator.c.owner_id.in_(mine), lead_operator.c.holder_id.in_(mine))
    worked = select(lead_operator.c.lead_id).where(works)
    return received_message.c.lead_id.in_(with_losers(select(union(given, worked).subquery().c.lead_id)))


def _shown(wanted: ReceivedFilter) -> Select[tuple[object, ...]]:
    by_channel = (channel.c.kind.label("channel"), channel.c.code.label("channel_code"), channel.c.provider)
    own = worked(received_message.c.lead_id, wanted.operator)
    masks = hidden(wanted.operator, received_message.c.desk, own).label("hidden")
    return select(received_message, *by_channel, masks).join(channel, channel.c.id == received_message.c.channel_id)


async def list_received(db: Database, wanted: ReceivedFilter, asked: PageQuery) -> Cut[RowMapping]:
    """Return messages, the last received first."""
    query = _shown(wanted).where(wanted.condition())
    async with db.read() as conn:
        return await paginate(conn, query, "-id", [received_message.c.id], asked)


async def one_received(db: Database, message_id: UUID, wanted: ReceivedFilter) -> RowMapping | None:
    """Return a message that the caller may see, or None."""
    query = _shown(wanted).where(received_message.c.id == message_id, wanted.condition())
    async with db.read() as conn:
        return (await conn.execute(query)).mappings().one_or_none()
