"""The route of rehearsals."""

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.dry_run import AlwaysDry
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.notifications.deps import Admin, Chain, Ctx
from services.notifications.errors import NotFoundError
from services.notifications.rehearsals.queries import rehearse
from services.notifications.rehearsals.schemas import MessageRehearsal, MessageRehearsalIn

router = api_router("/notifications/v1/rehearsals", tags=["rehearsals"])


@router.post("", operation_id="rehearse_message")
@refuses("not_found", "event_refused")
@shows("customer:customer_id")
async def post_rehearsal(
    body: MessageRehearsalIn, ctx: Ctx, caller: Admin, chain: Chain, dry_run: AlwaysDry = ""
) -> MessageRehearsal:
    """Say by which channels a message would go and what each would say, or why it would not; store nothing.

    The body is one of the `messages` of `POST /tasks/v1/rehearsals`.
    """
    del dry_run
    if not caller.may_see(body.desk):
        raise NotFoundError
    return await rehearse(ctx, body, chain)
