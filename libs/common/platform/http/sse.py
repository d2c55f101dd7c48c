"""Server-sent events (WHATWG HTML §9.2): resumable by `id:`, a heartbeat every 15 s, an end with the token.

Not `fastapi.sse` (tried with FastAPI 0.165): its streams ignore a shutdown, and an idle one stays open until the
server cuts it (docs/adr/0001).
"""

import asyncio
import math
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import suppress
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from fastapi import Header
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import StreamingResponse

from libs.common.platform.http.server_event import ServerEvent

HEARTBEAT = 15.0  # seconds
RETRY = 2_000  # milliseconds a client waits before it comes again
_MAX_ID = 200


MEDIA_TYPE = "text/event-stream"
TICKET = "ticket"  # the parameter by which a stream is opened without a header
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID", description="`id` of the last event that was received: the stream goes on behind it"
    ),
]


class StreamPlace(BaseModel):
    """Where a stream is: its `id` is what to go on behind. Only streams that were opened by a ticket say it."""


PLACE = "place"


def place_of(request: Request) -> Callable[[object], ServerEvent]:
    """Return how a stream says where it is while it has nothing else to say.

    A browser keeps the id alone for its next request. By a ticket the page makes that, and sees the ids of events.
    """
    if TICKET not in request.query_params:
        return lambda place: ServerEvent(str(place))
    return lambda place: ServerEvent(str(place), PLACE, StreamPlace().model_dump_json())


class EndReason(StrEnum):
    """Why a stream ended for good: coming again with the same token is of no use."""

    TOKEN_EXPIRED = "token_expired"  # noqa: S105 - a reason
    DISMISSED = "dismissed"


class StreamEnd(BaseModel):
    """The last event of a stream: why it ended. Neither this nor a break of the connection moves the position."""

    reason: EndReason


END = "end"


def ended(reason: EndReason) -> ServerEvent:
    """Return the last event of a stream."""
    return ServerEvent(None, END, StreamEnd(reason=reason).model_dump_json())


def last_event_id(request: Request) -> str | None:
    """Return where the client wants to resume (`Last-Event-ID`), or None for a fresh start or nonsense."""
    value = request.headers.get("last-event-id", "")
    return value if 0 < len(value) <= _MAX_ID and value.isprintable() else None


def event_stream(
    request: Request,
    events: AsyncGenerator[ServerEvent, None],
    heartbeat: float = HEARTBEAT,
    *,
    until: float | None = None,
) -> StreamingResponse:
    """Answer with `events` until they end, the client leaves, or the app stops (`app.state.stopping`).

    `until`: when the caller's token ends, in Unix seconds; the stream says so and ends with it.
    """
    return StreamingResponse(
        _frames(events, request.app.state.stopping, heartbeat, math.inf if until is None else until),
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


F = TypeVar("F", bound=Callable[..., object])
_NAME = "__events__"


def streams(events: Mapping[str, type[BaseModel]]) -> Callable[[F], F]:
    """Name the events of a stream, each with the model of its data, for the OpenAPI document."""

    def named(endpoint: F) -> F:
        setattr(endpoint, _NAME, {**events, PLACE: StreamPlace, END: StreamEnd})
        return endpoint

    return named


def events_of(endpoint: Callable[..., object]) -> Mapping[str, type[BaseModel]]:
    """Return what `streams` has named; nothing for what is no stream."""
    found: Mapping[str, type[BaseModel]] = getattr(endpoint, _NAME, {})
    return found


async def _frames(
    events: AsyncGenerator[ServerEvent, None], stopping: asyncio.Event, heartbeat: float, until: float
) -> AsyncIterator[bytes]:
    stop = asyncio.ensure_future(stopping.wait())
    following: asyncio.Future[ServerEvent] | None = None
    yield f"retry: {RETRY}\n\n".encode()
    try:
        while (left := until - time.time()) > 0:
            following = following or asyncio.ensure_future(anext(events))
            waiting: set[asyncio.Future[ServerEvent] | asyncio.Future[Literal[True]]] = {following, stop}
            await asyncio.wait(waiting, timeout=min(heartbeat, left), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                event, following = following, None
                yield event.result().encode()
            elif stop.done():
                return
            else:
                yield b": alive\n\n"
        yield ended(EndReason.TOKEN_EXPIRED).encode()
    except StopAsyncIteration:
        return
    finally:
        await _close(events, following, stop)


async def _close(
    events: AsyncGenerator[ServerEvent, None],
    following: asyncio.Future[ServerEvent] | None,
    stop: asyncio.Future[Literal[True]],
) -> None:
    stop.cancel()
    if following is not None:
        following.cancel()
        with suppress(asyncio.CancelledError, StopAsyncIteration):
            await following
    await events.aclose()
