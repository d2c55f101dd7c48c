"""Routes of plans of months."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.domain.code import Code
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.assignment.context import Context
from services.assignment.deps import Ctx, Manager, Overseer
from services.assignment.plans.actions import discard_plan, edit_plan, propose_plan, publish_plan
from services.assignment.plans.queries import get_plan, list_plans
from services.assignment.plans.schemas import (
    MonthPlanIn,
    MonthPlanPatch,
    MonthPlanRow,
    MonthPlanState,
    MonthPlanView,
)
from services.assignment.wishes.schemas import Month, first_day

router = api_router("/assignment/v1/month-plans", tags=["schedule"], route_class=IdempotentRoute)


@router.get("", operation_id="list_month_plans")
async def get_many(
    ctx: Ctx,
    caller: Overseer,
    page: Paged,
    desk: Annotated[Code | None, Query()] = None,
    month: Annotated[Month | None, Query(description="of this month")] = None,
    state: Annotated[MonthPlanState | None, Query()] = None,
) -> Page[MonthPlanRow]:
    """List plans of months, the latest month first."""
    of = None if month is None else first_day(month)
    return await list_plans(ctx.db, caller, desk, of, state, page)


@router.post("", operation_id="propose_month_plan", status_code=201)
@refuses("already_exists", "not_found", "validation_failed")
async def post_plan(body: MonthPlanIn, ctx: Ctx, caller: Manager, response: Response) -> MonthPlanView:
    """Propose who works which shift in what is to come of a month; nothing is planned until it is published.

    Nobody gets two shifts a day, one in an absence, one that they cannot work, or one too soon after another. What
    stays uncovered and which wishes are not kept is said.
    """
    plan_id = await propose_plan(ctx, caller, body.desk, first_day(body.month))
    set_location(response, router.prefix, plan_id)
    return await _view(ctx, caller, plan_id, response)


@router.get("/{plan_id}", operation_id="get_month_plan")
async def get_one(plan_id: UUID, ctx: Ctx, caller: Overseer, response: Response) -> MonthPlanView:
    """Return a plan of a month, with what is uncovered and which wishes are not kept as they are now."""
    return await _view(ctx, caller, plan_id, response)


@router.patch("/{plan_id}", operation_id="edit_month_plan")
@refuses("plan_over", "validation_failed")
async def patch_plan(
    plan_id: UUID, seen: IfMatch, body: MonthPlanPatch, ctx: Ctx, caller: Manager, response: Response
) -> MonthPlanView:
    """Say all places of a draft anew; a supervisor may break wishes and rest, and it is said where."""
    async with answering_stale(partial(get_plan, ctx.db, caller, plan_id)):
        await edit_plan(ctx, caller, plan_id, seen, body.given())
    return await _view(ctx, caller, plan_id, response)


@router.post("/{plan_id}/publish", operation_id="publish_month_plan")
@refuses("plan_over", "validation_failed")
async def post_publish(
    plan_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, response: Response
) -> MonthPlanView:
    """Make planned shifts of a draft: all of them or, with every fault, none."""
    async with answering_stale(partial(get_plan, ctx.db, caller, plan_id)):
        await publish_plan(ctx, caller, plan_id, seen)
    return await _view(ctx, caller, plan_id, response)


@router.post("/{plan_id}/discard", operation_id="discard_month_plan")
@refuses("plan_over")
async def post_discard(
    plan_id: UUID, seen: IfMatch, ctx: Ctx, caller: Manager, response: Response
) -> MonthPlanView:
    """Discard a draft; its month can be proposed anew."""
    async with answering_stale(partial(get_plan, ctx.db, caller, plan_id)):
        await discard_plan(ctx, caller, plan_id, seen)
    return await _view(ctx, caller, plan_id, response)


async def _view(ctx: Context, caller: Principal, plan_id: UUID, response: Response) -> MonthPlanView:
    view = await get_plan(ctx.db, caller, plan_id)
    set_etag(response, view.version)
    return view
