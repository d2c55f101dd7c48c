"""Routes of messages."""

from uuid import UUID

from libs.common.platform.http.pagination import Page, Paged
from libs.common.platform.http.routes import api_router
from services.notifications.deps import Ctx, Staff, desks_of, operator_of
from services.notifications.errors import NotFoundError
from services.notifications.messages.queries import Filter, list_messages, one_message
from services.notifications.messages.rules import State
from services.notifications.messages.schemas import Message, MessageWithAttempts

router = api_router("/notifications/v1/messages", tags=["messages"])


@router.get("")
async def messages(
    ctx: Ctx,
    caller: Staff,
    asked: Paged,
    lead_id: UUID | None = None,
    state: State | None = None,
    desk: str | None = None,
) -> Page[Message]:
    """List messages, newest first (S4.13); an operator sees those of leads whose task is or was theirs (P.6)."""
    wanted = Filter(desks_of(caller, desk), operator_of(caller), lead_id, state)
    return (await list_messages(ctx.core.db, wanted, asked)).page(Message.model_validate)


@router.get("/{message_id}")
async def message(message_id: UUID, ctx: Ctx, caller: Staff) -> MessageWithAttempts:
    """Return a message with its attempts and reports; an operator's own alone, as in the list."""
    found = await one_message(ctx.core.db, message_id, Filter(desks_of(caller), operator_of(caller)))
    if found is None:
        raise NotFoundError
    return MessageWithAttempts.model_validate(found)
