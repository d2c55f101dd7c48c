"""Routes of conversations: a thread per customer over all channels, and answers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import Query, Response
from sqlalchemy import RowMapping

from libs.common.domain.masking import masked, masked_person
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.etag import set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page, PageQuery
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.notifications.context import Context
from services.notifications.conversations.actions import Author, Conversing, write_to_customer
from services.notifications.conversations.queries import (
    ThreadFilter,
    list_threads,
    messages_of,
    one_thread,
    ways_of,
)
from services.notifications.conversations.rules import Way, Whose
from services.notifications.conversations.schemas import (
    Conversation,
    ConversationMessage,
    ConversationWay,
    WriteMessage,
)
from services.notifications.deps import Chain, Crew, Ctx, Worker, desks_of, operator_of
from services.notifications.errors import NotFoundError
from services.notifications.feed.queries import feed_of
from services.notifications.media.queries import files_of
from services.notifications.media.schemas import MessageFile
from services.notifications.sending.convert import why_it_waits
from services.notifications.sending.rules import Night

router = api_router("/notifications/v1/conversations", tags=["conversations"], route_class=IdempotentRoute)


@router.get("", operation_id="list_conversations")
@shows("customer:customer_id", "lead:lead_id")
async def conversations(
    ctx: Ctx,
    caller: Crew,
    asked: Paged,
    whose: Whose | None = None,
    unanswered: bool | None = None,
    customer_id: UUID | None = None,
    lead_id: UUID | None = None,
    q: Annotated[
        str | None, Query(min_length=1, max_length=200, description="part of a name or of a number")
    ] = None,
    desk: str | None = None,
) -> Page[Conversation]:
    """List conversations, the one with the newest message first (P.10).

    An operator sees those of customers whose lead they work or have had a task of, those of customers of partners
    whose leads they work, and those of their desk that no operator works.
    """
    wanted = ThreadFilter(
        desks_of(caller, desk), operator_of(caller), caller.sub, whose, unanswered, customer_id, lead_id, q
    )
    found = await list_threads(ctx.core.db, wanted, asked)
    ways = await _ways(ctx, found.rows)
    return found.page(lambda row: _shown(row, ways[row["id"]], caller.role, ctx.core.clock.now()))


@router.get("/{conversation_id}", operation_id="get_conversation")
@shows("customer:customer_id", "lead:lead_id")
async def conversation(conversation_id: UUID, ctx: Ctx, caller: Crew) -> Conversation:
    """Return the conversation of a customer, by the customer's id."""
    row = await _thread(ctx, conversation_id, ThreadFilter(desks_of(caller), operator_of(caller)))
    return _shown(row, (await _ways(ctx, [row]))[row["id"]], caller.role, ctx.core.clock.now())


@router.get("/{conversation_id}/messages", operation_id="list_conversation_messages")
@shows("customer:conversation_id", "message:id")
async def conversation_messages(
    conversation_id: UUID, ctx: Ctx, caller: Crew, asked: Paged
) -> Page[ConversationMessage]:
    """List all messages with a customer, both ways and by all channels, the newest first.

    What a playbook or a person sent, what the customer wrote, and what was typed in a provider's own app.
    """
    await _thread(ctx, conversation_id, ThreadFilter(desks_of(caller), operator_of(caller)))
    found = await messages_of(ctx.core.db, conversation_id, asked)
    files = await files_of(ctx.core.db, [row["id"] for row in found.rows])
    return found.page(lambda row: _message(row, files.get(row["id"], [])))


@router.post("/{conversation_id}/messages", status_code=201, operation_id="write_to_customer")
@refuses("free_text_closed", "message_refused")
@shows("customer:conversation_id", "message:id")
async def post_message(
    conversation_id: UUID, given: WriteMessage, response: Response, ctx: Ctx, caller: Worker, cause: Chain
) -> ConversationMessage:
    """Write to a customer: by the channel that they wrote by last, unless another is named.

    An approved template goes at any time, free text while the provider allows it. It goes as any message does, and
    ends the task to answer once a provider has taken it. What could not be sent for an hour fails.
    """
    db, now = ctx.core.db, ctx.core.clock.now()
    row = await _thread(ctx, conversation_id, ThreadFilter(desks_of(caller), operator_of(caller)))
    author = Author(caller.sub, await feed_of(db, caller.sub), caller.role)
    async with db.begin() as tx:
        message_id = await write_to_customer(tx, Conversing.of(dict(row)), given, author, cause, now)
        tx.after_commit("sender", ctx.due.set)
        await tx.commit()
    set_location(response, "/notifications/v1/messages", message_id)
    [written] = (await messages_of(db, conversation_id, PageQuery(), message_id)).rows
    return _message(written)


async def _thread(ctx: Context, conversation_id: UUID, wanted: ThreadFilter) -> RowMapping:
    row = await one_thread(ctx.core.db, conversation_id, wanted)
    if row is None:
        raise NotFoundError
    return row


async def _ways(ctx: Context, rows: Sequence[RowMapping]) -> Mapping[object, Sequence[Way]]:
    async with ctx.core.db.begin() as tx:
        return await ways_of(tx, cast("Sequence[Mapping[str, object]]", rows), ctx.core.clock.now())


def _shown(row: RowMapping, ways: Sequence[Way], role: str | None, now: datetime) -> Conversation:
    zone, person = row["zone"] or "UTC", row["person"]
    if row["hidden"] and person is not None:
        person = masked_person(person)
    clock = {"zone": zone, "local_time": now.astimezone(ZoneInfo(zone))}
    known = ((kind, masked(value) if row["hidden"] else value) for kind, value in row["known_by"] or ())
    last = {"id": row["last_id"], "direction": row["last_direction"], "at": row["last_at"]}
    return Conversation.model_validate(
        {
            **row,
            "operator": _colleague(row),
            "customer": None if person is None else {**person, **clock},
            "known_by": [{"kind": kind, "value": value} for kind, value in known],
            "last_message": {**last, "content": row["last_content"], "text": row["last_text"]},
            "ways": [_way(way, row["channel_id"], role, now) for way in ways],
        }
    )


def _way(way: Way, last: UUID | None, role: str | None, now: datetime) -> ConversationWay:
    takes_text = way.takes_text(role, now)
    return ConversationWay(
        channel_id=way.channel_id,
        code=way.code,
        kind=way.kind,
        provider=way.provider,
        last=way.channel_id == last,
        free_text=takes_text,
        free_text_until=way.open_until if takes_text else None,
        refusal=way.refusal,
    )


def _message(row: RowMapping, files: Sequence[MessageFile] = ()) -> ConversationMessage:
    night = Night.of(row["night"]) if row["night"] else None
    waits = why_it_waits(row["held_for"], row["held_until"], night)
    return ConversationMessage.model_validate({**row, "files": files, "operator": _colleague(row), "waits": waits})


def _colleague(row: RowMapping) -> Mapping[str, object] | None:
    if row["operator_id"] is None or row["operator_name"] is None:
        return None
    return {"id": row["operator_id"], "name": row["operator_name"]}
