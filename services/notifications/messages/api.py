"""Routes of messages."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Ids, Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from services.notifications.deps import Crew, Ctx, Manager, desks_of, operator_of
from services.notifications.errors import NotFoundError
from services.notifications.messages.actions import resend
from services.notifications.messages.queries import Filter, list_messages, one_message
from services.notifications.messages.rules import MessageState
from services.notifications.messages.schemas import Message, MessageWithAttempts, ResendMessage, of_message
from services.notifications.resends.actions import readdress

router = api_router("/notifications/v1/messages", tags=["messages"], route_class=IdempotentRoute)

Word = Annotated[str | None, Query(max_length=64)]
When = Annotated[Moment | None, Query()]


@router.get("", operation_id="list_messages")
@shows("lead:lead_id", "message:id")
async def messages(
    ctx: Ctx,
    caller: Crew,
    asked: Paged,
    lead_id: UUID | None = None,
    state: MessageState | None = None,
    desk: str | None = None,
    ids: Ids = None,
    purpose: Word = None,
    template: Word = None,
    channel: Word = None,
    requested_from: When = None,
    requested_to: When = None,
) -> Page[Message]:
    """List messages, newest first (S4.13); an operator sees those of leads whose task is or was theirs (P.6)."""
    said = lead_id, state, ids, purpose, template, channel, requested_from, requested_to
    wanted = Filter(desks_of(caller, desk), operator_of(caller), *said)
    found = await list_messages(ctx.core.db, wanted, asked)
    return found.page(lambda row: Message.model_validate(of_message(dict(row))))


@router.get("/{message_id}", operation_id="get_message")
@shows("lead:lead_id", "message:id")
async def message(message_id: UUID, ctx: Ctx, caller: Crew) -> MessageWithAttempts:
    """Return a message with its attempts and reports; an operator's own alone, as in the list."""
    found = await one_message(ctx.core.db, message_id, Filter(desks_of(caller), operator_of(caller)))
    if found is None:
        raise NotFoundError
    return MessageWithAttempts.model_validate(of_message(found))


@router.post("/{message_id}/resend", operation_id="resend_message")
@refuses("message_not_resendable")
@shows("lead:lead_id", "message:id")
async def post_resend(
    message_id: UUID, ctx: Ctx, caller: Manager, body: ResendMessage | None = None
) -> MessageWithAttempts:
    """Send a message that failed: `to` a corrected address, or once its template is approved (S4.13).

    To another address it says what it said. 409 `message_not_resendable` names why any other is not sent.
    """
    desks, now = desks_of(caller), ctx.core.clock.now()
    async with ctx.core.db.begin() as tx:
        if body is not None and body.to is not None:
            await readdress(tx, message_id, desks, body.to, caller.sub, now)
        else:
            await resend(tx, message_id, desks, caller.sub, now)
        tx.after_commit("sender", ctx.due.set)
        await tx.commit()
    return await message(message_id, ctx, caller)
