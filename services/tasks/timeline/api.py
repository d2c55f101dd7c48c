"""Routes of the timeline."""

from typing import Annotated
from uuid import UUID

from fastapi import Query

from libs.common.platform.audit.shown import shows
from libs.common.platform.http.language import Text
from libs.common.platform.http.pagination import MAX_LIMIT, PageQuery
from libs.common.platform.http.paging import CursorParam
from libs.common.platform.http.problems import Fault, Problem
from libs.common.platform.http.refusals import refuses
from libs.common.platform.http.routes import api_router
from services.tasks.deps import Crew, Ctx, Lang
from services.tasks.engine.facts import Subject
from services.tasks.timeline.queries import lead_of, timeline
from services.tasks.timeline.schemas import TimelineOut

router = api_router("/tasks/v1", tags=["timeline"])

_WHICH = Text(
    "укажите lead_id, source и external_id или subject", "give lead_id, source and external_id, or subject"
)
_SUBJECT = Text("вид и id: lead, customer, partner или staff", "a kind and an id: lead, customer, partner or staff")

Word = Annotated[str | None, Query(max_length=200)]


@router.get("/timeline", operation_id="get_timeline")
@refuses("not_found", "invalid_cursor")
@shows("subject")
async def get_timeline(
    ctx: Ctx,
    caller: Crew,
    lang: Lang,
    lead_id: Annotated[UUID | None, Query()] = None,
    subject: Annotated[str | None, Query(max_length=64, description="such as `customer:<id>`")] = None,
    source: Word = None,
    external_id: Word = None,
    limit: Annotated[int | None, Query(ge=1, le=MAX_LIMIT, description="a page; all steps unless given")] = None,
    cursor: CursorParam = None,
) -> TimelineOut:
    """Return the timeline of a lead, found by its id or by source and external id, or of another subject.

    Pages follow the order of causes; a step that comes in between pages is on none that was given before.
    """
    page = None if limit is None and cursor is None else PageQuery(limit or 50, cursor)
    if subject is not None:
        return await timeline(ctx, caller, _subject(subject), lang, page)
    if lead_id is None:
        if source is None or external_id is None:
            raise Problem(422, "validation_failed", errors=[Fault("/lead_id", "missing", _WHICH, "query")])
        lead_id = await lead_of(ctx, caller, source, external_id)
    return await timeline(ctx, caller, Subject.lead(lead_id), lang, page)


def _subject(key: str) -> Subject:
    found = Subject.of_key(key)
    if found is None:
        raise Problem(422, "validation_failed", errors=[Fault("/subject", "unknown_subject", _SUBJECT, "query")])
    return found
