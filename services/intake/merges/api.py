"""Routes of merges of customers and leads: plan, receipt, apply, undo (P.13, P.15)."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import Query, Response

from libs.common.contracts import Cause
from libs.common.domain.code import Code
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag, set_location
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.context import Context
from services.intake.deps import Chain, Ctx, Manager
from services.intake.errors import MergeFaultsError, MergeRefusedError, NotFoundError
from services.intake.merges.actions import apply_merge, plan_merge, undo_merge
from services.intake.merges.queries import MergeFilter, get_merge, list_members, list_merges
from services.intake.merges.rules import MergeKind, MergeState
from services.intake.merges.schemas import MergeIn, MergeMemberView, MergeView

router = api_router("/intake/v1/merges", tags=["merges"], route_class=IdempotentRoute)


@router.post("", operation_id="plan_merge", status_code=201)
@refuses("not_found")
async def post_merge(body: MergeIn, ctx: Ctx, caller: Manager, response: Response) -> MergeView:
    """Plan a merge; `left` names what of it cannot be taken back. Nothing is done yet.

    What cannot be merged is refused, every pair at once: no ids are mended here.
    """
    if not caller.may_see(body.desk):
        raise NotFoundError
    try:
        merge_id = await plan_merge(ctx, body.plan(), caller.sub)
    except MergeRefusedError as error:
        pointers = body.pointers()
        raise MergeFaultsError([(pointers[place], code) for place, code in error.places.items()]) from None
    set_location(response, router.prefix, merge_id)
    return await get_one(merge_id, ctx, caller, response)


@router.get("", operation_id="list_merges")
async def get_merges(
    ctx: Ctx,
    caller: Manager,
    asked: Paged,
    desk: Annotated[Code | None, Query()] = None,
    kind: MergeKind | None = None,
    state: MergeState | None = None,
    of: Annotated[UUID | None, Query(description="a customer or lead that won or lost")] = None,
) -> Page[MergeView]:
    """List merges, the latest first."""
    return await list_merges(ctx.core.db, caller, MergeFilter(desk, kind, state, of), asked)


@router.get("/{merge_id}", operation_id="get_merge")
async def get_one(merge_id: UUID, ctx: Ctx, caller: Manager, response: Response) -> MergeView:
    """Return a merge with the number of its members in each state."""
    view = await get_merge(ctx.core.db, caller, merge_id)
    set_etag(response, view.version)
    return view


@router.get("/{merge_id}/members", operation_id="list_merge_members")
async def get_members(merge_id: UUID, ctx: Ctx, caller: Manager, asked: Paged) -> Page[MergeMemberView]:
    """List members: the plan before it is applied, then the receipt."""
    return await list_members(ctx.core.db, caller, merge_id, asked)


@router.post("/{merge_id}/apply", operation_id="apply_merge")
@refuses("merge_state", "conflict")
async def post_apply(
    merge_id: UUID, ctx: Ctx, caller: Manager, cause: Chain, seen: IfMatch, response: Response
) -> MergeView:
    """Do what was planned; what cannot be merged any more stays as it is and says why (`changed`).

    The loser is shown as the winner from now on, what comes to them goes to the winner. The loser's tasks end, and
    second unpaid orders are judged again (S4.2).
    """
    return await _moved(ctx, caller, merge_id, seen, cause, response, undo=False)


@router.post("/{merge_id}/undo", operation_id="undo_merge")
@refuses("merge_state", "later_merges", "conflict")
async def post_undo(
    merge_id: UUID, ctx: Ctx, caller: Manager, cause: Chain, seen: IfMatch, response: Response
) -> MergeView:
    """Take a merge back whole. What came in between stays with the winners, and `between` names it."""
    return await _moved(ctx, caller, merge_id, seen, cause, response, undo=True)


async def _moved(
    ctx: Context, caller: Principal, merge_id: UUID, seen: int, cause: Cause, response: Response, *, undo: bool
) -> MergeView:
    await get_merge(ctx.core.db, caller, merge_id)
    async with answering_stale(partial(get_merge, ctx.core.db, caller, merge_id)):
        await (undo_merge if undo else apply_merge)(ctx, merge_id, seen, caller.sub, cause)
    return await get_one(merge_id, ctx, caller, response)
