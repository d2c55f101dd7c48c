"""Reading files: those of messages, and one with who may see it."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import RowMapping, func, select

from libs.common.platform.db import Database
from services.notifications.conversations.queries import ThreadFilter
from services.notifications.conversations.tables import thread
from services.notifications.media.rules import GONE, FileState
from services.notifications.media.schemas import MessageFile
from services.notifications.media.tables import media
from services.notifications.merges.queries import one_with
from services.notifications.merges.tables import merged_customer
from services.notifications.received.tables import received_message

PATH = "/notifications/v1/media"


async def files_of(db: Database, messages: Collection[UUID]) -> Mapping[UUID, list[MessageFile]]:
    """Return the files of messages, by message."""
    columns = media.c
    query = (
        select(media)
        .where(columns.message_id.in_(messages), columns.state != GONE)
        .order_by(columns.message_id, columns.number)
    )
    found: dict[UUID, list[MessageFile]] = {}
    if messages:
        async with db.read() as conn:
            for row in (await conn.execute(query)).mappings():
                found.setdefault(row["message_id"], []).append(_shown(row))
    return found


def _shown(row: RowMapping) -> MessageFile:
    is_stored = row["state"] == FileState.STORED
    return MessageFile.model_validate({**row, "url": f"{PATH}/{row['id']}" if is_stored else None})


async def one_file(db: Database, file_id: UUID, wanted: ThreadFilter) -> RowMapping | None:
    """Return a file of a conversation that the caller may see, with whose it is; None: there is none."""
    of = received_message.c
    whose = (of.customer_id, of.lead_id, func.coalesce(of.customer_id, of.address_id).label("thread_id"))
    query = select(media, *whose).join(received_message, of.id == media.c.message_id).where(media.c.id == file_id)
    async with db.read() as conn:
        row = (await conn.execute(query)).mappings().one_or_none()
        if row is None or row["state"] == GONE:
            return None
        family = one_with(UUID(str(row["thread_id"])))  # the driver's own type is no parameter's
        lost = select(merged_customer.c.loser_id)  # who is merged is seen by who sees the winner
        seen = select(thread.c.id).where(thread.c.id.in_(family), thread.c.id.not_in(lost), wanted.condition())
        return None if (await conn.execute(seen.limit(1))).first() is None else row


async def stored_file(db: Database, file_id: UUID) -> RowMapping | None:
    """Return a file that is stored, for any caller."""
    query = select(media).where(media.c.id == file_id, media.c.state == FileState.STORED.value)
    async with db.read() as conn:
        return (await conn.execute(query)).mappings().one_or_none()
