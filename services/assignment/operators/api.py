"""Routes of operators."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.contracts.shared import Presence
from libs.common.domain.code import Code
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.assignment.deps import Chain, Ctx, Manager, Myself, People
from services.assignment.operators.actions import change_operator, create_operator
from services.assignment.operators.queries import Filter, get_me, get_operator, list_operators
from services.assignment.operators.schemas import MeView, OperatorIn, OperatorPatch, OperatorView

router = api_router("/assignment/v1/operators", tags=["operators"], route_class=IdempotentRoute)
me = api_router("/assignment/v1/me", tags=["operators"])


@router.post("", operation_id="create_operator", status_code=201)
@refuses("already_exists", "not_found")
async def post_operator(
    body: OperatorIn, ctx: Ctx, caller: Manager, cause: Chain, response: Response
) -> OperatorView:
    """Create an operator, checked out; 409 with the `existing` id if the `subject` is taken."""
    operator_id = await create_operator(ctx, caller, body.command(), cause)
    set_location(response, router.prefix, operator_id)
    view = await get_operator(ctx.db, caller, operator_id)
    set_etag(response, view.version)
    return view


@router.get("", operation_id="list_operators")
async def get_operators(
    ctx: Ctx,
    caller: People,
    page: Paged,
    desk: Annotated[Code | None, Query()] = None,
    presence: Annotated[list[Presence] | None, Query(max_length=len(Presence))] = None,
    away: Annotated[bool | None, Query(description="on shift and not there")] = None,
    active: Annotated[bool | None, Query()] = None,
) -> Page[OperatorView]:
    """List the operators of the caller's desks; operators see only themselves."""
    return await list_operators(ctx.db, caller, Filter(desk, presence, away, active), page)


@router.get("/{operator_id}", operation_id="get_operator")
async def get_one(operator_id: UUID, ctx: Ctx, caller: People, response: Response) -> OperatorView:
    """Return one operator."""
    view = await get_operator(ctx.db, caller, operator_id)
    set_etag(response, view.version)
    return view


@router.patch("/{operator_id}", operation_id="change_operator")
async def patch_operator(
    operator_id: UUID,
    body: OperatorPatch,
    seen: IfMatch,
    ctx: Ctx,
    caller: Manager,
    cause: Chain,
    response: Response,
) -> OperatorView:
    """Change an operator; more capacity or a new pool drains waiting work, deactivation checks them out."""
    current = await get_operator(ctx.db, caller, operator_id)
    async with answering_stale(partial(get_operator, ctx.db, caller, operator_id)):
        await change_operator(ctx, caller, operator_id, seen, body.command(current.desk), cause)
    view = await get_operator(ctx.db, caller, operator_id)
    set_etag(response, view.version)
    return view


@me.get("", operation_id="get_me")
@refuses("no_operator")
async def get_own(ctx: Ctx, caller: Myself, response: Response) -> MeView:
    """Return the caller's own operator with what they have open; 404 `no_operator` for a token without one."""
    view = await get_me(ctx.db, caller)
    set_etag(response, view.version)
    return view
