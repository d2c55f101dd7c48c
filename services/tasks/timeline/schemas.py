"""The timeline on the wire."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, JsonValue


class StepOut(BaseModel):
    """One step: what happened, who or which rule did it, and on what facts (P.3).

    `owner` is the service that took the step, `kind` the event's type or the record's code, `caused_by` the step
    before it.
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


class TimelineOut(BaseModel):
    """Everything that happened to a lead, ordered by cause and time."""

    lead_id: UUID
    desk: str
    source: str | None
    external_id: str | None
    order_number: str | None
    playbook: str | None
    playbook_version: int | None
    status: str | None
    stage: str | None
    owner_id: UUID | None
    items: list[StepOut]
