"""Route of recordings: leave to listen to one. Who asked for it stands in the audit log."""

from datetime import UTC, datetime
from uuid import UUID

from fastapi import Response

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.routes import api_router
from services.intake.deps import Ctx, Listener
from services.intake.recordings.player import address_of
from services.intake.recordings.queries import listened_to
from services.intake.recordings.rules import Grant, ends_at
from services.intake.recordings.schemas import RecordingLink

router = api_router("/intake/v1/contacts", tags=["contacts"])


@router.get("/{contact_id}/recording", operation_id="get_contact_recording")
@shows("contact:contact_id", "lead:lead_id", "customer:customer_id")
async def get_recording(contact_id: UUID, ctx: Ctx, caller: Listener, response: Response) -> RecordingLink:
    """Return an address at which the recording of a call can be played for ten minutes.

    For supervisors, for the operator of the lead or of the call, and of their own leads for a partner whose card
    says `listens`. This and each playing are in the audit log. The address is played without a token, as `<audio>`
    needs it: pass it to no one.
    """
    row = await listened_to(ctx.core.db, caller, contact_id)
    until = ends_at(datetime.now(UTC), caller.accepted_until)
    grant = Grant(contact_id, caller.sub, caller.role or "", caller.scope, until)
    response.headers["Cache-Control"] = "no-store"
    return RecordingLink(
        contact_id=contact_id,
        desk=row["desk"],
        lead_id=row["lead_id"],
        customer_id=row["customer_id"],
        url=address_of(grant, ctx.core.keys),
        valid_until=datetime.fromtimestamp(grant.until, UTC),
    )
