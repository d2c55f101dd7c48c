"""The route of rehearsals."""

from libs.common.platform.http.dry_run import AlwaysDry
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.assignment.deps import Admin, Chain, Ctx, Lang
from services.assignment.errors import NotFoundError
from services.assignment.rehearsals.queries import rehearse
from services.assignment.rehearsals.schemas import WorkRehearsal, WorkRehearsalIn

router = api_router("/assignment/v1/rehearsals", tags=["rehearsals"])


@router.post("", operation_id="rehearse_work")
@refuses("not_found", "event_refused")
async def post_rehearsal(
    body: WorkRehearsalIn, ctx: Ctx, caller: Admin, chain: Chain, lang: Lang, dry_run: AlwaysDry = ""
) -> WorkRehearsal:
    """Say who would get work now, with every candidate and what speaks against them; keep nothing.

    The body is a task's `work` of `POST /tasks/v1/rehearsals`. Turns and counts of operators stay as they are.
    """
    del dry_run
    if not caller.may_see(body.desk):
        raise NotFoundError
    return await rehearse(ctx, body, chain, lang)
