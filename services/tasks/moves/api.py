"""Routes by which open tasks and leads change hands."""

from functools import partial
from uuid import UUID

from fastapi import Response

from libs.common.platform.audit.shown import shows
from libs.common.platform.auth.principal import Principal
from libs.common.platform.http.etag import IfMatch, answering_stale, set_etag
from libs.common.platform.http.idempotent_route import IdempotentRoute
from libs.common.platform.http.language import Language
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.tasks.context import Context
from services.tasks.deps import Chain, Crew, Ctx, Lang, Manager, Worker
from services.tasks.engine.state import MoveReason
from services.tasks.moves.actions import assign, assign_lead, hand_back, lend, release
from services.tasks.moves.queries import get_lead
from services.tasks.moves.schemas import HandoverIn, LeadOut, LoanIn, WordsIn
from services.tasks.tasks.queries import answering_stale_task, one_task
from services.tasks.tasks.schemas import TaskOut

router = api_router("/tasks/v1/tasks", tags=["moves"], route_class=IdempotentRoute)
leads = api_router("/tasks/v1/leads", tags=["moves"], route_class=IdempotentRoute)


@router.post("/{task_id}/release", operation_id="release_task")
@refuses("no_operator", "task_closed", "task_not_held", "task_taken", "conflict")
@shows("subject")
async def post_release(
    task_id: UUID,
    body: WordsIn,
    seen: IfMatch,
    ctx: Ctx,
    caller: Worker,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> TaskOut:
    """Give a task back to its lane, or take it from its operator. Who gave it back is not asked for it again."""
    async with answering_stale_task(ctx, caller, task_id, lang):
        await release(ctx, caller, task_id, seen, body.comment, chain)
    return await _moved(ctx, caller, task_id, lang, response)


@router.post("/{task_id}/assign", operation_id="assign_task")
@refuses("no_operator", "operator_unfit", "task_already_theirs", "task_closed", "conflict")
@shows("subject")
async def post_assign(
    task_id: UUID,
    body: HandoverIn,
    seen: IfMatch,
    ctx: Ctx,
    caller: Manager,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> TaskOut:
    """Give a task to an operator by name; 409 `operator_unfit` with every reason."""
    async with answering_stale_task(ctx, caller, task_id, lang):
        await assign(ctx, caller, task_id, seen, body.command(), MoveReason.ASSIGNED, chain)
    return await _moved(ctx, caller, task_id, lang, response)


@router.post("/{task_id}/redirect", operation_id="redirect_task")
@refuses("no_operator", "operator_unfit", "task_already_theirs", "task_closed", "task_taken", "conflict")
@shows("subject")
async def post_redirect(
    task_id: UUID,
    body: HandoverIn,
    seen: IfMatch,
    ctx: Ctx,
    caller: Worker,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> TaskOut:
    """Pass a task on to another operator (S3.5): its own operator does, or a supervisor."""
    async with answering_stale_task(ctx, caller, task_id, lang):
        await assign(ctx, caller, task_id, seen, body.command(), MoveReason.REDIRECTED, chain)
    return await _moved(ctx, caller, task_id, lang, response)


@router.post("/{task_id}/lend", operation_id="lend_task")
@refuses(
    "no_operator", "operator_unfit", "task_already_theirs", "task_closed", "task_not_held", "task_taken", "conflict"
)
@shows("subject")
async def post_lend(
    task_id: UUID,
    body: LoanIn,
    seen: IfMatch,
    ctx: Ctx,
    caller: Worker,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> TaskOut:
    """Lend a task to another operator until a time, when it returns by itself."""
    async with answering_stale_task(ctx, caller, task_id, lang):
        await lend(ctx, caller, task_id, seen, body.command(), chain)
    return await _moved(ctx, caller, task_id, lang, response)


@router.post("/{task_id}/return", operation_id="return_task")
@refuses("no_operator", "task_closed", "task_not_lent", "task_taken", "conflict")
@shows("subject")
async def post_return(
    task_id: UUID,
    body: WordsIn,
    seen: IfMatch,
    ctx: Ctx,
    caller: Worker,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> TaskOut:
    """Return a lent task before its time: who has it, who lent it, or a supervisor."""
    async with answering_stale_task(ctx, caller, task_id, lang):
        await hand_back(ctx, caller, task_id, seen, body.comment, chain)
    return await _moved(ctx, caller, task_id, lang, response)


@leads.get("/{lead_id}", operation_id="get_lead_work")
@shows("lead:lead_id")
async def get_one(lead_id: UUID, ctx: Ctx, caller: Crew, lang: Lang, response: Response) -> LeadOut:
    """Return a lead as it is worked: owner and open tasks. Its version is that of the owner."""
    found = await get_lead(ctx, caller, lead_id, lang)
    set_etag(response, found.version)
    return found


@leads.post("/{lead_id}/assign", operation_id="assign_lead")
@refuses("operator_unfit", "lead_ended", "conflict")
@shows("lead:lead_id")
async def post_assign_lead(
    lead_id: UUID,
    body: HandoverIn,
    seen: IfMatch,
    ctx: Ctx,
    caller: Manager,
    lang: Lang,
    chain: Chain,
    response: Response,
) -> LeadOut:
    """Give a lead to an operator by name, with its open tasks that no operator has taken."""
    async with answering_stale(partial(get_lead, ctx, caller, lead_id, lang)):
        await assign_lead(ctx, caller, lead_id, seen, body.command(), chain)
    return await get_one(lead_id, ctx, caller, lang, response)


async def _moved(ctx: Context, caller: Principal, task_id: UUID, language: Language, response: Response) -> TaskOut:
    found = await one_task(ctx, caller, task_id, language)
    set_etag(response, found.version)
    return found
