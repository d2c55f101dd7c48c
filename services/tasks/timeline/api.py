"""Routes of the timeline."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Ctx, Lang, Staff
from services.tasks.timeline.queries import lead_of, timeline
from services.tasks.timeline.schemas import TimelineOut

router = api_router("/tasks/v1", tags=["timeline"])

Word = Annotated[str | None, Query(max_length=200)]


@router.get("/timeline")
async def get_timeline(
    ctx: Ctx,
    caller: Staff,
    lang: Lang,
    lead_id: Annotated[UUID | None, Query()] = None,
    source: Word = None,
    external_id: Word = None,
) -> TimelineOut:
    """Return the timeline of a lead, found by its id or by source and external id."""
    if lead_id is None:
        if source is None or external_id is None:
            text = Text("укажите lead_id или source и external_id", "give lead_id, or source and external_id")
            raise Problem(422, "validation_failed", errors=[Fault("/lead_id", "missing", text, "query")])
        lead_id = await lead_of(ctx, caller, source, external_id)
    return await timeline(ctx, caller, lead_id, lang)
