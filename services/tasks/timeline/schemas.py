"""The timeline on the wire."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, JsonValue

from services.tasks.tasks.schemas import SubjectOut


class StepOut(BaseModel):
    """A step: what happened, the actor or rule behind it, and the facts (P.3).

    `owner` is the service of the step, `kind` the event type or the code of the step, `caused_by` the step that
    caused it.
    """

    id: UUID
    time: datetime
    owner: str
    kind: str
    title: str
    actor: str
    actor_name: str | None
    rule: str | None
    task_id: UUID | None
    facts: Mapping[str, JsonValue]
    caused_by: UUID | None
    correlation_id: UUID


class DocumentOut(BaseModel):
    """A document that is linked to the subject."""

    title: str
    url: str
    number: str | None


class TimelineOut(BaseModel):
    """The steps of a lead or another subject, ordered by cause and time.

    `source` to `owner_id` are those of the process with which the lead began, or of the subject's newest one.
    `documents` are those of all its processes, each once. No `next_cursor`: there are no more steps.
    """

    subject: SubjectOut
    lead_id: UUID | None
    desk: str
    source: str | None
    external_id: str | None
    order_number: str | None
    playbook: str | None
    playbook_version: int | None
    status: str | None
    stage: str | None
    owner_id: UUID | None
    documents: list[DocumentOut]
    items: list[StepOut]
    next_cursor: str | None = None
