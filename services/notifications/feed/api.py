"""Routes of an operator's own feed: a list, and a live stream that resumes."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from starlette.responses import StreamingResponse

from libs.common.domain.masking import masked_person
from libs.common.platform.audit.shown import shows
from libs.common.platform.clock import Clock
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.server_event import ServerEvent
from libs.common.platform.http.sse import (
    EndReason,
    LastEventId,
    ended,
    event_stream,
    last_event_id,
    place_of,
    streams,
)
from libs.common.platform.http.wire import MAX_BIGINT, CustomerOut
from services.notifications.deps import Ctx, Lang, Myself, OwnFollower
from services.notifications.feed.hub import FeedHub
from services.notifications.feed.queries import Item, feed_of, items_of
from services.notifications.feed.rules import FeedKind, rings
from services.notifications.feed.schemas import FeedItem

router = api_router("/notifications/v1", tags=["feed"])


@router.get("/feed", operation_id="list_feed")
@shows("lead:lead_id", "task:task_id")
async def feed(ctx: Ctx, caller: Myself, language: Lang, asked: Paged) -> Page[FeedItem]:
    """List the caller's own feed, newest first (S0.3)."""
    found = await items_of(ctx.core.db, await feed_of(ctx.core.db, caller.sub), asked)
    return found.page(lambda row: shape(Item(**row), language, ctx.core.clock.now()))


@router.get("/stream", operation_id="stream_feed", response_class=StreamingResponse)
@streams(dict.fromkeys(FeedKind, FeedItem))
@refuses("invalid_ticket")
@shows()
async def stream(
    request: Request,
    ctx: Ctx,
    caller: OwnFollower,
    language: Lang,
    _last: LastEventId = None,
    after: Annotated[
        int | None, Query(ge=0, le=MAX_BIGINT, description="position to go on from, as Last-Event-ID")
    ] = None,
) -> StreamingResponse:
    """Follow the caller's own feed as server-sent events (P.5): after `Last-Event-ID`, else `after`, else now.

    A ticket opens it in a browser's EventSource (`?ticket=`).
    """
    last = last_event_id(request)
    position = int(last) if last is not None and last.isascii() and last.isdecimal() else after
    events = _events(ctx.hub, caller.sub, position, place_of(request), language, ctx.core.clock)
    return event_stream(request, events, until=caller.accepted_until)


async def _events(
    hub: FeedHub,
    subject: str,
    position: int | None,
    at: Callable[[object], ServerEvent],
    language: Language,
    clock: Clock,
) -> AsyncGenerator[ServerEvent, None]:
    # Sent before the first item: a stream that breaks before it would otherwise resume at a later "now".
    start = await hub.start(subject, position)
    yield at(start)
    async with aclosing(hub.follow(subject, start)) as items:
        async for item in items:
            yield ServerEvent(str(item.position), item.kind, shape(item, language, clock.now()).model_dump_json())
    yield ended(EndReason.DISMISSED)


def shape(item: Item, language: Language, now: datetime) -> FeedItem:
    """Return an item in the caller's language."""
    fields = {name: getattr(item, name) for name in Item.__slots__}
    title = item.title.get(language) or next(iter(item.title.values()))
    more = {"title": title, "url": _url(item), "customer": _customer(item, now)}
    return FeedItem.model_validate({**fields, **more})


def _url(item: Item) -> str | None:
    """Return where a notification of the entry leads."""
    if item.task_id is not None:
        return f"/tasks/v1/tasks/{item.task_id}"
    return f"/tasks/v1/leads/{item.lead_id}" if item.lead_id is not None else None


def _customer(item: Item, now: datetime) -> CustomerOut | None:
    if item.person is None or item.zone is None:
        return None
    hidden = item.hidden and not rings(item.kind, item.at, now)
    person = masked_person(item.person) if hidden else item.person
    return CustomerOut.model_validate(
        {**person, "zone": item.zone, "local_time": now.astimezone(ZoneInfo(item.zone))}
    )
