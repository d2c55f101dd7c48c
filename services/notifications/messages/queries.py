"""Reading messages and their attempts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, and_, case, select, true

from libs.common.platform.db import Database
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.feed.tables import feed_item, operator
from services.notifications.masking.queries import hidden, worked
from services.notifications.merges.queries import one_lead_with, with_losers
from services.notifications.messages.rules import MessageState
from services.notifications.messages.tables import attempt, message
from services.notifications.sending.convert import PACE
from services.notifications.webhooks.tables import callback


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; None does not narrow. `operator`: the `sub` of an operator, who sees only their own leads."""

    desks: Collection[str] | None
    operator: str | None = None
    lead_id: UUID | None = None
    state: MessageState | None = None
    ids: Collection[UUID] | None = None
    purpose: str | None = None
    template: str | None = None
    channel: str | None = None
    requested_from: datetime | None = None
    requested_to: datetime | None = None


_BEFORE = attempt.alias("before")
#: What waits of a message: it has at most one attempt that is not refused.
WAITS = and_(attempt.c.message_id == message.c.id, attempt.c.state.in_(("held", "pending")))
_BEHIND = select(_BEFORE.c.id).where(
    _BEFORE.c.channel_id == attempt.c.channel_id,
    _BEFORE.c.address == attempt.c.address,
    _BEFORE.c.paced,
    _BEFORE.c.state.in_(("pending", "sending")),
    _BEFORE.c.message_id < attempt.c.message_id,
)
_IS_HELD, _IS_PACED = (
    attempt.c.state == "held",
    and_(attempt.c.state == "pending", attempt.c.paced, _BEHIND.exists()),
)
#: Until when and why it waits.
HELD = (
    case((_IS_HELD, attempt.c.not_before)).label("held_until"),
    case((_IS_HELD, attempt.c.code), (_IS_PACED, PACE)).label("held_for"),
)
_EQUAL = ("state", "purpose", "template", "channel")


async def list_messages(db: Database, wanted: Filter, asked: PageQuery) -> Cut[RowMapping]:
    """Return messages, newest first."""
    query = _shown(wanted).where(_visible(wanted), *_filtered(wanted))
    async with db.read() as conn:
        return await paginate(conn, query, "-id", [message.c.id], asked)


async def oldest(db: Database, wanted: Filter, limit: int) -> Sequence[RowMapping]:
    """Return the oldest messages of a filter."""
    query = select(message).where(_visible(wanted), *_filtered(wanted)).order_by(message.c.id).limit(limit)
    async with db.read() as conn:
        return (await conn.execute(query)).mappings().all()


async def one_message(db: Database, message_id: UUID, wanted: Filter) -> dict[str, object] | None:
    """Return a message that the caller may see with its attempts and reports in order, or None."""
    query = _shown(wanted).where(message.c.id == message_id, _visible(wanted))
    attempts = select(attempt).where(attempt.c.message_id == message_id).order_by(attempt.c.number)
    reports = select(callback).where(callback.c.message_id == message_id).order_by(callback.c.id)
    async with db.read() as conn:
        found = (await conn.execute(query)).mappings().one_or_none()
        if found is None:
            return None
        parts = {"attempts": attempts, "reports": reports}
        rows = {name: (await conn.execute(part)).mappings().all() for name, part in parts.items()}
    return {**found, **{name: [dict(row) for row in some] for name, some in rows.items()}}


def _shown(wanted: Filter) -> Select[tuple[object, ...]]:
    """Messages, until when and why each is held, and whether the address is masked to who asks."""
    masks = hidden(wanted.operator, message.c.desk, worked(message.c.lead_id, wanted.operator))
    return select(message, *HELD, masks.label("hidden")).outerjoin(attempt, WAITS)


def _filtered(wanted: Filter) -> list[ColumnElement[bool]]:
    """Return the conditions of a filter."""
    found = [message.c[name] == value for name in _EQUAL if (value := getattr(wanted, name)) is not None]
    if wanted.lead_id is not None:
        found.append(message.c.lead_id.in_(one_lead_with(wanted.lead_id)))
    if wanted.ids is not None:
        found.append(message.c.id.in_(wanted.ids))
    if wanted.requested_from is not None:
        found.append(message.c.requested_at >= wanted.requested_from)
    if wanted.requested_to is not None:
        found.append(message.c.requested_at < wanted.requested_to)
    return found


def _visible(wanted: Filter) -> ColumnElement[bool]:
    """Filter by desk; a working operator's own leads are those whose tasks are in their feed, and their losers."""
    of_desks = true() if wanted.desks is None else message.c.desk.in_(wanted.desks)
    if wanted.operator is None:
        return of_desks
    own = select(feed_item.c.lead_id).join(operator, operator.c.operator_id == feed_item.c.operator_id)
    theirs = own.where(operator.c.subject == wanted.operator, operator.c.active)
    return and_(of_desks, message.c.lead_id.in_(with_losers(theirs)))
