"""A rehearsed lead on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, model_validator

from libs.common.contracts.intake import ContactRecorded, LeadReceivedV2
from libs.common.contracts.shared import Mode, Stage
from libs.common.contracts.tasks import MessageRequested, WorkRequested
from libs.common.domain.code import Code
from libs.common.platform.http.events import as_published, example_of
from libs.common.platform.http.wire import Moment, Wire, WrongValueError
from services.tasks.desks.schemas import Zone
from services.tasks.engine.state import TimerKind


class RehearsedLead(LeadReceivedV2):
    """A lead as intake's rehearsal gives it."""

    playbook: Code
    zone: Zone
    received_at: Moment


class RehearsedContact(ContactRecorded):
    """A call or a message as intake's rehearsal gives it."""

    at: Moment


class RehearsalIn(Wire):
    """What intake's rehearsal said: the lead that begins, the contact, or both."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"desk": "demo", "lead": example_of(LeadReceivedV2)}]}
    )

    desk: Code
    lead: Annotated[RehearsedLead, as_published(RehearsedLead)] | None = None
    contact: Annotated[RehearsedContact, as_published(RehearsedContact)] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> "RehearsalIn":
        if self.lead is None and self.contact is None:
            raise WrongValueError("нужны lead или contact", "lead or contact is needed")
        return self


class RequestedWork(WorkRequested):
    """The request for an operator: the body of assignment's rehearsal."""


class RequestedMessage(MessageRequested):
    """The request for a message: the body of notifications' rehearsal."""


class RehearsedTask(BaseModel):
    """A task that would be open. `work`: how and when an operator is asked for; null: operators take it."""

    type: str
    title: str
    role: str
    pool: str
    mode: Mode
    lane: str
    important: bool
    due_at: datetime
    offer_from: datetime
    work: RequestedWork | None


class RehearsedTimer(BaseModel):
    """Something that would happen later."""

    name: str
    kind: TimerKind
    at: datetime


class RehearsedProcess(BaseModel):
    """A process that would run for it; `ended_at` of one that would be over at once."""

    playbook: str
    playbook_version: int
    status: str | None
    stage: Stage | None
    ended_at: datetime | None
    tasks: tuple[RehearsedTask, ...]
    timers: tuple[RehearsedTimer, ...]


class MissingPlaybook(BaseModel):
    """What the lead would wait for: a playbook that is active on its desk."""

    playbook: str
    desk_exists: bool
    playbook_exists: bool


class LeadRehearsal(BaseModel):
    """What would become of a lead; nothing of it is kept. `waits_for`: it would wait, and nothing else happen."""

    desk: str
    at: datetime
    waits_for: MissingPlaybook | None = None
    processes: tuple[RehearsedProcess, ...] = ()
    messages: tuple[RequestedMessage, ...] = ()
