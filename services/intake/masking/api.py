"""Routes of what a desk masks."""

from typing import Annotated

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.intake.deps import Admin, Chain, Ctx, Overseer
from services.intake.errors import NotFoundError
from services.intake.masking.actions import mask
from services.intake.masking.queries import read_masking
from services.intake.masking.schemas import Masking

router = api_router("/intake/v1/masking", tags=["erasures"], route_class=IdempotentRoute)


@router.get("", operation_id="get_masking")
@refuses("not_found")
async def get_one(ctx: Ctx, caller: Overseer, desk: Annotated[Code, Query()]) -> Masking:
    """Say whether numbers and addresses are masked to operators."""
    return await read_masking(ctx.core.db, _seen(caller, desk))


@router.put("", operation_id="set_masking")
@refuses("not_found")
async def put_one(body: Masking, ctx: Ctx, caller: Admin, cause: Chain, desk: Annotated[Code, Query()]) -> Masking:
    """Say whether operators see numbers and addresses masked, where neither lead nor task is their own."""
    await mask(ctx, _seen(caller, desk), body, caller.sub, cause)
    return await read_masking(ctx.core.db, desk)


def _seen(caller: Principal, desk: str) -> str:
    if not caller.may_see(desk):
        raise NotFoundError
    return desk
