"""Server-sent events (WHATWG HTML §9.2): resumable by `id:`, a heartbeat every 15 s, a clean end at shutdown.

Not `fastapi.sse` (tried with FastAPI 0.165): its streams ignore a shutdown, and an idle one stays open until the
server cuts it (docs/adr/0001).
"""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Header
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import StreamingResponse

HEARTBEAT = 15.0  # seconds
RETRY = 2_000  # milliseconds a client waits before it comes again
_MAX_ID = 200
_LINE_END = re.compile(r"\r\n|\r|\n")  # what ends a line of a stream, and nothing else of Unicode does


MEDIA_TYPE = "text/event-stream"
LastEventId = Annotated[
    str | None,
    Header(
        alias="Last-Event-ID", description="`id` of the last event that was received: the stream goes on behind it"
    ),
]


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event; `data` is JSON text, `id` the position to resume after.

    Without data it is no event for the client, yet its `id` is where the client resumes after a break.
    """

    id: str
    event: str = ""
    data: str | None = None

    def encode(self) -> bytes:
        """Return the event as it goes over the wire."""
        if self.data is None:
            return f"id: {self.id}\n\n".encode()
        lines = "".join(f"data: {line}\n" for line in _LINE_END.split(self.data))
        return f"id: {self.id}\nevent: {self.event}\n{lines}\n".encode()


def last_event_id(request: Request) -> str | None:
    """Return where the client wants to resume (`Last-Event-ID`), or None for a fresh start or nonsense."""
    value = request.headers.get("last-event-id", "")
    return value if 0 < len(value) <= _MAX_ID and value.isprintable() else None


def event_stream(
    request: Request, events: AsyncGenerator[ServerEvent, None], heartbeat: float = HEARTBEAT
) -> StreamingResponse:
    """Answer with `events` until they end, the client leaves, or the app stops (`app.state.stopping`)."""
    return StreamingResponse(
        _frames(events, request.app.state.stopping, heartbeat),
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


def streamed(data: type[BaseModel], events: Sequence[str]) -> dict[int | str, dict[str, object]]:
    """Return how a stream is described: the data of each of its events has the schema of `data`."""
    reference = {"$ref": f"#/components/schemas/{data.__name__}"}
    frame = f"id: 17\nevent: {events[0]}\ndata: {{…}}\n\n"
    shown = {"type": "string", "contentMediaType": "application/json", "contentSchema": reference}
    names = ", ".join(f"`{name}`" for name in events)
    return {
        200: {
            "description": f"A stream that stays open. Events: {names}; `data` is a {data.__name__} as JSON. "
            f"A line that begins with a colon comes every {HEARTBEAT:.0f} s and says that the stream is alive.",
            "content": {MEDIA_TYPE: {"schema": shown, "example": f"retry: {RETRY}\n\nid: 16\n\n{frame}"}},
            "x-events": dict.fromkeys(events, reference),
        }
    }


async def _frames(
    events: AsyncGenerator[ServerEvent, None], stopping: asyncio.Event, heartbeat: float
) -> AsyncIterator[bytes]:
    stop = asyncio.ensure_future(stopping.wait())
    following: asyncio.Future[ServerEvent] | None = None
    yield f"retry: {RETRY}\n\n".encode()
    try:
        while True:
            following = following or asyncio.ensure_future(anext(events))
            waiting: set[asyncio.Future[ServerEvent] | asyncio.Future[Literal[True]]] = {following, stop}
            await asyncio.wait(waiting, timeout=heartbeat, return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                event, following = following, None
                yield event.result().encode()
            elif stop.done():
                return
            else:
                yield b": alive\n\n"
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
