"""Routes of messages."""

from uuid import UUID

from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page, Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.notifications.deps import Ctx, Manager, Staff, desks_of, operator_of
from services.notifications.errors import NotFoundError
from services.notifications.messages.actions import resend
from services.notifications.messages.queries import Filter, list_messages, one_message
from services.notifications.messages.rules import MessageState
from services.notifications.messages.schemas import Message, MessageWithAttempts

router = api_router("/notifications/v1/messages", tags=["messages"], route_class=IdempotentRoute)


@router.get("", operation_id="list_messages")
async def messages(
    ctx: Ctx,
    caller: Staff,
    asked: Paged,
    lead_id: UUID | None = None,
    state: MessageState | None = None,
    desk: str | None = None,
) -> Page[Message]:
    """List messages, newest first (S4.13); an operator sees those of leads whose task is or was theirs (P.6)."""
    wanted = Filter(desks_of(caller, desk), operator_of(caller), lead_id, state)
    return (await list_messages(ctx.core.db, wanted, asked)).page(Message.model_validate)


@router.get("/{message_id}", operation_id="get_message")
async def message(message_id: UUID, ctx: Ctx, caller: Staff) -> MessageWithAttempts:
    """Return a message with its attempts and reports; an operator's own alone, as in the list."""
    found = await one_message(ctx.core.db, message_id, Filter(desks_of(caller), operator_of(caller)))
    if found is None:
        raise NotFoundError
    return MessageWithAttempts.model_validate(found)


@router.post("/{message_id}/resend", operation_id="resend_message")
@refuses("message_not_resendable")
async def post_resend(message_id: UUID, ctx: Ctx, caller: Manager) -> MessageWithAttempts:
    """Send a message that failed for want of an approved template; 409 `message_not_resendable` for any other."""
    async with ctx.core.db.begin() as tx:
        await resend(tx, message_id, desks_of(caller), caller.sub, ctx.core.clock.now())
        tx.after_commit("sender", ctx.due.set)
        await tx.commit()
    return await message(message_id, ctx, caller)
