"""The live stream of tasks: of desks for who runs them, of their own and their pools' tasks for operators."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Annotated

from fastapi import Query, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from libs.common.platform.audit.shown import shows
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.language import Language
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
from services.tasks.deps import Ctx, Follower, Lang
from services.tasks.live.convert import Change, Sight
from services.tasks.live.hub import TaskHub
from services.tasks.live.rules import GONE, ChangeKind, Cursor, Me, lost, sees
from services.tasks.live.schemas import TaskChange, TaskGone

router = api_router("/tasks/v1", tags=["stream"])

Word = Annotated[str | None, Query(max_length=64)]
Place = Annotated[
    str | None,
    Query(
        max_length=40, pattern="^[0-9]{1,18}-[0-9]{1,18}$", description="`id` to go on behind, as `Last-Event-ID`"
    ),
]
QUIET = 200  # changes of others, after which a stream says where it is
_EVENTS: Mapping[str, type[BaseModel]] = {**dict.fromkeys(ChangeKind, TaskChange), GONE: TaskGone}


@router.get("/stream", operation_id="stream_tasks", response_class=StreamingResponse)
@streams(_EVENTS)
@refuses("invalid_ticket")
@shows()
async def stream(
    request: Request,
    ctx: Ctx,
    caller: Follower,
    language: Lang,
    desk: Word = None,
    pool: Word = None,
    _last: LastEventId = None,
    after: Place = None,
) -> StreamingResponse:
    """Follow the tasks that the caller sees, as server-sent events: from `Last-Event-ID`, else `after`, else now.

    Supervisors and administrators follow their desks, operators their own tasks, those they lent and what waits in
    their pools. All that the list of tasks would show changed comes within moments, without gap or double.
    When an operator's pools change, read the list anew. A ticket opens it in a browser's EventSource (`?ticket=`).
    """
    place = Cursor.parse(last_event_id(request) or after or "")
    events = _events(ctx.live, caller, place, place_of(request), language, desk, pool)
    return event_stream(request, events, until=caller.accepted_until)


async def _events(
    hub: TaskHub,
    caller: Principal,
    place: Cursor | None,
    at: Callable[[object], ServerEvent],
    language: Language,
    desk: str | None,
    pool: str | None,
) -> AsyncGenerator[ServerEvent, None]:
    # Sent before the first change: a stream that breaks before it would otherwise resume at a later "now".
    start = await hub.start(place)
    yield at(start)
    oversees, silent = caller.sees_whole_desks, 0
    async with aclosing(hub.follow(None if oversees else caller.sub, start)) as steps:
        async for step in steps:
            for change in step.changes:
                event = _event(caller, None if oversees else step.me, change, language)
                if event is not None and desk in (None, change.where.desk) and pool in (None, change.where.pool):
                    yield event
                    silent = 0
                else:
                    silent += 1
            if silent >= QUIET:
                yield at(step.end)
                silent = 0
            if step.me.dismissed:
                yield ended(EndReason.DISMISSED)


def _event(caller: Principal, me: Me | None, change: Change, language: Language) -> ServerEvent | None:
    """Return what a caller hears of a change; `me` None: they see all tasks of their desks."""
    where = change.where
    if not caller.may_see(where.desk):
        return None
    if me is None:
        return change.event(language, Sight.WHOLE)
    if sees(me, where):
        return change.event(language, change.sight(me.first))
    return change.gone() if lost(me, where) else None
