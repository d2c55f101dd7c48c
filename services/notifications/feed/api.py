"""Routes of an operator's own feed: a list, and a live stream that resumes."""

from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, get_args
from zoneinfo import ZoneInfo

from fastapi import Query, Request
from starlette.responses import StreamingResponse

from libs.common.platform.clock import Clock
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Page, Paged
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.sse import LastEventId, ServerEvent, event_stream, last_event_id, streamed
from libs.common.platform.http.wire import MAX_BIGINT, CustomerOut
from services.notifications.deps import Ctx, Lang, Staff
from services.notifications.feed.hub import FeedHub
from services.notifications.feed.queries import Item, feed_of, items_of
from services.notifications.feed.schemas import FeedItem

router = api_router("/notifications/v1", tags=["feed"])

_STREAM = streamed(FeedItem, get_args(FeedItem.model_fields["kind"].annotation))


@router.get("/feed", operation_id="list_feed")
async def feed(ctx: Ctx, caller: Staff, language: Lang, asked: Paged) -> Page[FeedItem]:
    """List the caller's own feed, newest first (S0.3)."""
    found = await items_of(ctx.core.db, await feed_of(ctx.core.db, caller.sub), asked)
    return found.page(lambda row: shape(Item(**row), language, ctx.core.clock.now()))


@router.get("/stream", operation_id="stream_feed", response_class=StreamingResponse, responses=_STREAM)
async def stream(
    request: Request,
    ctx: Ctx,
    caller: Staff,
    language: Lang,
    _last: LastEventId = None,
    after: Annotated[
        int | None, Query(ge=0, le=MAX_BIGINT, description="position to go on from, as Last-Event-ID")
    ] = None,
) -> StreamingResponse:
    """Follow the caller's own feed as server-sent events (P.5): after `Last-Event-ID`, else `after`, else now."""
    last = last_event_id(request)
    position = int(last) if last is not None and last.isdecimal() else after
    return event_stream(request, _events(ctx.hub, caller.sub, position, language, ctx.core.clock))


async def _events(
    hub: FeedHub, subject: str, position: int | None, language: Language, clock: Clock
) -> AsyncGenerator[ServerEvent, None]:
    # Sent before the first item: a stream that breaks before it would otherwise resume at a later "now".
    start = await hub.start(subject, position)
    yield ServerEvent(str(start))
    async for item in hub.follow(subject, start):
        yield ServerEvent(str(item.position), item.kind, shape(item, language, clock.now()).model_dump_json())


def shape(item: Item, language: Language, now: datetime) -> FeedItem:
    """Return an item in the caller's language."""
    fields = {name: getattr(item, name) for name in Item.__slots__}
    title = item.title.get(language) or next(iter(item.title.values()))
    return FeedItem.model_validate({**fields, "title": title, "customer": _customer(item, now)})


def _customer(item: Item, now: datetime) -> CustomerOut | None:
    if item.person is None or item.zone is None:
        return None
    return CustomerOut.model_validate(
        {**item.person, "zone": item.zone, "local_time": now.astimezone(ZoneInfo(item.zone))}
    )
