"""The route of rehearsals."""

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.dry_run import AlwaysDry
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Admin, Chain, Ctx, Lang
from services.tasks.errors import NotFoundError
from services.tasks.rehearsals.queries import rehearse
from services.tasks.rehearsals.schemas import LeadRehearsal, RehearsalIn

router = api_router("/tasks/v1/rehearsals", tags=["rehearsals"])


@router.post("", operation_id="rehearse_lead")
@refuses("not_found", "event_refused")
@shows("customer:messages.customer_id")
async def post_rehearsal(
    body: RehearsalIn, ctx: Ctx, caller: Admin, chain: Chain, lang: Lang, dry_run: AlwaysDry = ""
) -> LeadRehearsal:
    """Say what would become of a lead: status, tasks, requests for operators, messages, timers; keep nothing.

    The body is what the rehearsal of the source has said (`POST /intake/v1/sources/{source_id}/test-lead?dry_run`).
    A lead whose playbook is not active would wait for it.
    """
    del dry_run
    if not caller.may_see(body.desk):
        raise NotFoundError
    return await rehearse(ctx, body, chain, lang)
