"""Effects of steps that ask others for a change, or take back what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from libs.common.contracts.shared import ChangeTarget
from services.tasks.engine.facts import Customer


@dataclass(frozen=True, slots=True)
class RequestChange:
    """A change is requested of intake, which alone writes it; `person` names what changes of a customer."""

    rule: str
    target: ChangeTarget
    target_id: UUID
    actor: str
    values: Mapping[str, str] = field(default_factory=dict)
    person: Customer | None = None


@dataclass(frozen=True, slots=True)
class WithdrawMessage:
    """A message is not wanted any more; `number` is that of its last request."""

    rule: str
    purpose: str
    number: int
    actor: str


@dataclass(frozen=True, slots=True)
class StopAttempts:
    """The attempts counted for a policy are over; the next one is the first again."""

    rule: str
    policy: str


Asked: TypeAlias = RequestChange | WithdrawMessage | StopAttempts
