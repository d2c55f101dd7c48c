"""Decides whether a lead takes a requested status: pure and total."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NewType
from uuid import UUID

from libs.common.contracts.shared import Stage

LeadId = NewType("LeadId", UUID)

SYSTEM = "system"


FINAL = frozenset({Stage.WON, Stage.LOST, Stage.INVALID})


class Refusal(StrEnum):
    """The machine-readable reason for refusing a status."""

    UNKNOWN_LEAD = "unknown_lead"
    LEAD_IS_FINAL = "lead_is_final"


@dataclass(frozen=True, slots=True)
class LeadState:
    """The facts of a lead that the decision about a status needs."""

    id: LeadId
    desk: str
    status: str
    stage: Stage
    title: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class StatusRequest:
    """A requested status; `actor` is an operator's id or `system`, `id` that of the request's event."""

    id: UUID
    lead_id: LeadId
    desk: str
    status: str
    stage: Stage
    title: Mapping[str, str]
    actor: str
    reason: str


@dataclass(frozen=True, slots=True)
class Applied:
    """The lead moves from `before` to `after`."""

    before: LeadState
    after: LeadState


@dataclass(frozen=True, slots=True)
class Retitled:
    """The lead has the status already, by another title: it was born before its playbook was seen, or renamed."""

    after: LeadState


@dataclass(frozen=True, slots=True)
class Refused:
    """The lead stays where it is; `current` is its status, empty for an unknown lead."""

    code: Refusal
    current: str


def decide_status(lead: LeadState | None, request: StatusRequest) -> Applied | Retitled | Refused | None:
    """Return the result of a request; None when the lead has that status and title already.

    A lead of another desk is unknown. Only people reopen a lead that is won, lost or invalid: a request of the
    system was made before the end was known. A change from one final stage to another is allowed.
    """
    if lead is None or lead.desk != request.desk:
        return Refused(Refusal.UNKNOWN_LEAD, "")
    if (lead.status, lead.stage) == (request.status, request.stage):
        return None if lead.title == request.title else Retitled(replace(lead, title=request.title))
    if request.actor == SYSTEM and lead.stage in FINAL and request.stage not in FINAL:
        return Refused(Refusal.LEAD_IS_FINAL, lead.status)
    return Applied(lead, replace(lead, status=request.status, stage=request.stage, title=request.title))
