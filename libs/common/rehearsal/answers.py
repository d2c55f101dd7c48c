"""What the four rehearsals say, as far as it is shown."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, Field

Document = dict[str, object]


class Words(BaseModel):
    """A text in both languages."""

    ru: str
    en: str


class Reason(BaseModel):
    """A reason with its title."""

    code: str
    title: str


class Mend(BaseModel):
    """How a fault of a request is mended; `patch` as a change of the source."""

    text: Words
    patch: Document | None


class Note(BaseModel):
    """What could not be read for certain."""

    field: str
    code: str
    detail: str


class Order(BaseModel):
    """An order as it is understood, and under which names its values came."""

    name: str | None
    phone: str | None
    email: str | None
    amount: str | None
    external_id: str | None
    places: dict[str, str]


class Lead(BaseModel):
    """The lead that would begin."""

    playbook: str
    status: str
    language: str
    zone: str
    signals: list[str]


class Tried(BaseModel):
    """Intake's answer; `lead` and `contact` are passed on as they are."""

    disposition: str
    reason: str | None
    notes: list[Note]
    understood: list[Order]
    mends: list[Mend]
    customer_id: UUID | None
    lead: Document | None
    contact: Document | None

    @property
    def lead_read(self) -> Lead | None:
        return None if self.lead is None else Lead.model_validate(self.lead)


class Task(BaseModel):
    """A task that would be open; `work` is passed on as it is."""

    title: str
    pool: str
    due_at: datetime
    offer_from: datetime
    work: Document | None


class Process(BaseModel):
    """A process that would run."""

    playbook: str
    playbook_version: int
    status: str | None
    ended_at: datetime | None
    tasks: list[Task]


class Missing(BaseModel):
    """The playbook that a lead would wait for."""

    playbook: str
    desk_exists: bool
    playbook_exists: bool


class Worked(BaseModel):
    """The answer of tasks; `messages` are passed on as they are."""

    at: datetime
    waits_for: Missing | None = None
    processes: list[Process] = []
    messages: list[Document] = []


class Candidate(BaseModel):
    """An operator of the pool, and what speaks against them."""

    operator_name: str
    reasons: list[Reason]


class Decided(BaseModel):
    """Assignment's answer."""

    pool: str
    pool_exists: bool
    operator_name: str | None
    reason: Reason
    candidates: list[Candidate]


class Rung(BaseModel):
    """A channel of a message; `code`: why not by it."""

    channel: str
    provider: str
    text: str | None
    segments: int | None
    code: str | None


class Said(BaseModel):
    """The answer of notifications."""

    template: str
    at: datetime
    state: str
    code: str | None
    detail: str | None
    rungs: list[Rung]


class Rehearsed(BaseModel):
    """The answers of all services to one request."""

    desk: str
    source: str
    source_id: str
    tried: Tried
    worked: Worked | None = None
    decided: list[Decided] = Field(default_factory=list)
    said: list[Said] = Field(default_factory=list)
