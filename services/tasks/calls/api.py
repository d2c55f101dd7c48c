"""Routes of calls: the card of a caller with whom to ring (S0.4), and the report of missed calls (P.11)."""

from typing import Annotated

from fastapi import Query

from libs.common.domain.code import Code
from libs.common.platform.audit.shown import shows
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment
from services.tasks.calls.queries import find_caller, report_missed
from services.tasks.calls.schemas import CallerOut, MissedReport
from services.tasks.deps import Crew, Ctx, Lang, Overseer
from services.tasks.errors import NotFoundError

router = api_router("/tasks/v1", tags=["calls"])

Number = Annotated[str, Query(min_length=1, max_length=64, description="who calls")]
Line = Annotated[str | None, Query(min_length=1, max_length=64, description="the telephone line that is called")]


@router.get("/callers", operation_id="find_caller")
@refuses("not_found")
@shows("customer:customer_id", "lead:lead.id")
async def get_caller(
    ctx: Ctx, caller: Crew, lang: Lang, desk: Annotated[Code, Query()], number: Number, line: Line = None
) -> CallerOut:
    """Say who calls and who should ring, in one look: for telephony, and for who is called (S0.4)."""
    if not caller.may_see(desk):
        raise NotFoundError
    return await find_caller(ctx, caller, desk, number, line, lang)


@router.get("/reports/missed-calls", operation_id="report_missed_calls")
@refuses("not_found")
async def get_missed_calls(
    ctx: Ctx,
    caller: Overseer,
    desk: Annotated[Code, Query()],
    created_from: Annotated[Moment, Query()],
    created_to: Annotated[Moment, Query()],
) -> MissedReport:
    """Count the calls that a desk missed in a time, by what became of them (P.11)."""
    if not caller.may_see(desk):
        raise NotFoundError
    return await report_missed(ctx, desk, created_from, created_to)
