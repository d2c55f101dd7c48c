"""Routes of messages."""

from typing import cast
from uuid import UUID

from libs.common.platform.http.pagination import CursorParam, Limit, Page, decode_cursor, page_of
from libs.common.platform.http.routes import api_router
from services.notifications.deps import Ctx, Staff, desks_of, operator_of
from services.notifications.errors import NotFoundError
from services.notifications.messages.queries import Filter, list_messages, one_message
from services.notifications.messages.rules import State
from services.notifications.messages.schemas import Message, MessageWithAttempts

router = api_router("/notifications/v1/messages", tags=["messages"])
ORDER = "-id"


@router.get("")
async def messages(
    ctx: Ctx,
    caller: Staff,
    lead_id: UUID | None = None,
    state: State | None = None,
    limit: Limit = 50,
    cursor: CursorParam = None,
) -> Page[Message]:
    """List messages, newest first (S4.13); an operator sees those of leads whose task is or was theirs (P.6)."""
    before = cast("UUID", decode_cursor(cursor, ORDER, [UUID])[0]) if cursor else None
    wanted = Filter(desks_of(caller), operator_of(caller), lead_id, state, before)
    rows = await list_messages(ctx.core.db, wanted, limit + 1)
    return page_of(rows, limit, ORDER, lambda row: [row["id"]], Message.model_validate)


@router.get("/{message_id}")
async def message(message_id: UUID, ctx: Ctx, caller: Staff) -> MessageWithAttempts:
    """Return a message with its attempts; an operator's own alone, as in the list."""
    found = await one_message(ctx.core.db, message_id, Filter(desks_of(caller), operator_of(caller)))
    if found is None:
        raise NotFoundError
    row, attempts = found
    return MessageWithAttempts.model_validate({**row, "attempts": [dict(attempt) for attempt in attempts]})
