"""Reading messages and their attempts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import RowMapping, select

from libs.common.db import Database
from services.notifications.messages.rules import State
from services.notifications.messages.tables import attempt, message


@dataclass(frozen=True, slots=True)
class Filter:
    """What to list; None does not narrow. `desks` None means all."""

    desks: Collection[str] | None
    lead_id: UUID | None = None
    state: State | None = None
    before: UUID | None = None


async def list_messages(db: Database, wanted: Filter, limit: int) -> Sequence[RowMapping]:
    """Return messages, newest first."""
    query = select(message).order_by(message.c.id.desc()).limit(limit)
    if wanted.desks is not None:
        query = query.where(message.c.desk.in_(wanted.desks))
    if wanted.lead_id is not None:
        query = query.where(message.c.lead_id == wanted.lead_id)
    if wanted.state is not None:
        query = query.where(message.c.state == wanted.state)
    if wanted.before is not None:
        query = query.where(message.c.id < wanted.before)
    async with db.read() as conn:
        return (await conn.execute(query)).mappings().all()


async def one_message(
    db: Database, message_id: UUID, desks: Collection[str] | None
) -> tuple[RowMapping, Sequence[RowMapping]] | None:
    """Return a message that the desks may see with its attempts in order, or None."""
    query = select(message).where(message.c.id == message_id)
    if desks is not None:
        query = query.where(message.c.desk.in_(desks))
    attempts = select(attempt).where(attempt.c.message_id == message_id).order_by(attempt.c.number)
    async with db.read() as conn:
        found = (await conn.execute(query)).mappings().one_or_none()
        return None if found is None else (found, (await conn.execute(attempts)).mappings().all())
