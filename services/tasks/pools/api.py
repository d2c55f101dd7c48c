"""Route of pools: the open tasks of each, for a supervisor's board."""

from typing import Annotated

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.http.pagination import Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Ctx, Overseer
from services.tasks.pools.queries import list_pools
from services.tasks.pools.schemas import PoolOut

router = api_router("/tasks/v1/pools", tags=["pools"])


@router.get("", operation_id="list_task_pools")
async def get_pools(
    ctx: Ctx, caller: Overseer, page: Paged, desk: Annotated[Code | None, Query()] = None
) -> Page[PoolOut]:
    """List the pools that have open tasks: how many, how many wait or are overdue, and whether the pool exists.

    The tasks of a pool that does not exist wait for ever: a playbook misspells its code, or it is yet to be made.
    """
    return (await list_pools(ctx, caller, desk, page)).page(lambda row: PoolOut.model_validate(dict(row)))
