"""What can happen to a process, in the engine's own words; use cases translate published events into these."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeAlias
from uuid import UUID

from libs.common.contracts.shared import MessageProgress, Stage
from services.tasks.engine.state import Customer, Operator, Timer


@dataclass(frozen=True, slots=True)
class LeadReceived:
    """The lead came in; its facts already stand in the state."""


@dataclass(frozen=True, slots=True)
class LeadUpdated:
    """The person behind the lead was corrected."""

    customer: Customer
    language: str
    zone: str


@dataclass(frozen=True, slots=True)
class OrderChanged:
    """An order of the lead has another status (S4.1)."""

    order_id: UUID
    to_status: str
    amount: Decimal | None
    currency: str | None
    payment_link: str | None


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Intake applied a status; `by_us` = it answers a request of this process."""

    status: str
    stage: Stage
    by_us: bool


@dataclass(frozen=True, slots=True)
class StatusRefused:
    """Intake did not apply a status that we asked for."""

    status: str
    current: str
    code: str


@dataclass(frozen=True, slots=True)
class Proposed:
    """Assignment proposes an operator for a version of a task."""

    task_id: UUID
    version: int
    operator: Operator
    decision_id: UUID


@dataclass(frozen=True, slots=True)
class Waiting:
    """Nobody is eligible for a pushed task now."""

    task_id: UUID


@dataclass(frozen=True, slots=True)
class Taken:
    """An operator claims a task."""

    task_id: UUID
    operator: Operator


@dataclass(frozen=True, slots=True)
class OutcomeGiven:
    """Somebody ends a task. `operator` None = a supervisor without an operator's record."""

    task_id: UUID
    outcome: str
    comment: str
    actor: str
    operator: Operator | None
    supervisor: bool
    call_made: bool | None = None
    callback_at: datetime | None = None
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A timer's time has come."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class MessageMoved:
    """A message of this process moved on."""

    step: MessageProgress
    purpose: str


Event: TypeAlias = (
    LeadReceived
    | LeadUpdated
    | OrderChanged
    | StatusChanged
    | StatusRefused
    | Proposed
    | Waiting
    | Taken
    | OutcomeGiven
    | TimerFired
    | MessageMoved
)
