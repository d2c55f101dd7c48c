"""Routes of lateness."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from services.assignment.deps import Ctx, Manager, People
from services.assignment.lateness.actions import excuse
from services.assignment.lateness.queries import LatenessFilter, get_lateness, list_lateness
from services.assignment.lateness.rules import LatenessState
from services.assignment.lateness.schemas import LatenessView, LateReasonIn
from services.assignment.spans import SpanFilter

router = api_router("/assignment/v1/lateness", tags=["schedule"], route_class=IdempotentRoute)


@router.get("", operation_id="list_lateness")
async def get_many(
    ctx: Ctx,
    caller: People,
    page: Paged,
    desk: Annotated[Code | None, Query()] = None,
    operator_id: Annotated[UUID | None, Query()] = None,
    since: Annotated[Moment | None, Query(description="of shifts that end later")] = None,
    until: Annotated[Moment | None, Query(description="of shifts that begin earlier")] = None,
    state: Annotated[LatenessState | None, Query()] = None,
    excused: Annotated[bool | None, Query(description="announced beforehand, or excused by a supervisor")] = None,
    repeated: Annotated[bool | None, Query(description="flagged as repeated")] = None,
) -> Page[LatenessView]:
    """List who came late or not at all, the latest first; operators see their own."""
    span = SpanFilter(desk, operator_id, since, until, state)
    return await list_lateness(ctx.db, caller, LatenessFilter(span, excused, repeated), page)


@router.get("/{lateness_id}", operation_id="get_lateness")
async def get_one(lateness_id: UUID, ctx: Ctx, caller: People, response: Response) -> LatenessView:
    """Return one lateness."""
    view = await get_lateness(ctx.db, caller, lateness_id)
    set_etag(response, view.version)
    return view


@router.post("/{lateness_id}/excuse", operation_id="excuse_lateness")
@refuses("lateness_excused")
async def post_excuse(
    lateness_id: UUID, seen: IfMatch, body: LateReasonIn, ctx: Ctx, caller: Manager, response: Response
) -> LatenessView:
    """Excuse a lateness: it counts no more for those to come. What was judged since stays as it is."""
    async with answering_stale(partial(get_lateness, ctx.db, caller, lateness_id)):
        await excuse(ctx, caller, lateness_id, seen, body.reason)
    view = await get_lateness(ctx.db, caller, lateness_id)
    set_etag(response, view.version)
    return view
