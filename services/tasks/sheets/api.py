"""Routes of call sheets."""

from typing import Annotated
from uuid import UUID

from fastapi import Path

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Crew, Ctx, Lang, Worker
from services.tasks.sheets.actions import set_step
from services.tasks.sheets.queries import get_sheet, message_values
from services.tasks.sheets.schemas import MessageValues, SheetOut

router = api_router("/tasks/v1/tasks", tags=["tasks"], route_class=IdempotentRoute)
of_leads = api_router("/tasks/v1/leads", tags=["tasks"])

StepCode = Annotated[str, Path(max_length=64)]


@router.get("/{task_id}/sheet", operation_id="get_call_sheet")
@shows("task:task_id")
async def get_one_sheet(task_id: UUID, ctx: Ctx, caller: Crew, lang: Lang) -> SheetOut:
    """Return the call sheet of a task: its goal, the steps to tick, and what to say now (P.9)."""
    return await get_sheet(ctx, caller, task_id, lang)


@of_leads.get("/{lead_id}/message-values", operation_id="get_message_values")
@shows("lead:lead_id")
async def get_values(lead_id: UUID, ctx: Ctx, caller: Crew, lang: Lang) -> MessageValues:
    """Return what a message to the lead's customer would say in its placeholders, to try a template with (S2.5)."""
    return await message_values(ctx, caller, lead_id, lang)


@router.put("/{task_id}/sheet/steps/{step}", operation_id="tick_call_step")
@refuses("no_operator", "task_closed", "task_not_taken", "task_taken")
@shows("task:task_id")
async def put_step(task_id: UUID, step: StepCode, ctx: Ctx, caller: Worker, lang: Lang) -> SheetOut:
    """Tick a step; one that is ticked stays as it is."""
    await set_step(ctx, caller, task_id, step, done=True)
    return await get_sheet(ctx, caller, task_id, lang)


@router.delete("/{task_id}/sheet/steps/{step}", operation_id="untick_call_step")
@refuses("no_operator", "task_closed", "task_not_taken", "task_taken")
@shows("task:task_id")
async def delete_step(task_id: UUID, step: StepCode, ctx: Ctx, caller: Worker, lang: Lang) -> SheetOut:
    """Take the tick off a step."""
    await set_step(ctx, caller, task_id, step, done=False)
    return await get_sheet(ctx, caller, task_id, lang)
