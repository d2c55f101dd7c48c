"""Routes of reasons of pauses; a desk file says which there are."""

from typing import Annotated

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.http.pagination import Keyset, Page
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router
from services.assignment.deps import Ctx, Lang, Staff
from services.assignment.pauses.schemas import PauseReasonView
from services.assignment.pauses.store import LIST
from services.assignment.wire import title_in

router = api_router("/assignment/v1/pause-reasons", tags=["presence"])
_BY_CODE = Keyset("code", {"desk": str, "code": str})


@router.get("", operation_id="list_pause_reasons")
async def get_reasons(
    ctx: Ctx, caller: Staff, lang: Lang, page: Paged, desk: Annotated[Code | None, Query()] = None
) -> Page[PauseReasonView]:
    """List the reasons for which operators of the caller's desks may pause, with their limits."""
    desks = None if caller.sees_all_desks else list(caller.desks)
    if desk is not None:
        desks = [desk] if caller.may_see(desk) else []
    rows = await ctx.db.pool.fetch(LIST, desks, *_BY_CODE.parameters(page))
    return _BY_CODE.cut(rows, page).page(
        lambda row: PauseReasonView.model_validate(
            {**row, "title": title_in(row["title"], lang), "titles": row["title"]}
        )
    )
