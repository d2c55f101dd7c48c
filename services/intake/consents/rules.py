"""What a customer may be contacted for, and by which ground they were. Data in, decision out."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from libs.common.contracts.shared import ContactKind, Purpose

#: What stands among the closed purposes of a customer one of whose identities is on the black list.
LISTED = "black_list"


class ConsentStep(StrEnum):
    """What a customer did."""

    GIVEN = "given"
    WITHDRAWN = "withdrawn"


class ConsentKind(StrEnum):
    """By what a customer may be contacted."""

    FORM = "form"
    CONTRACT = "contract"
    VERBAL = "verbal"
    IMPORT = "import"
    PROVIDER = "provider"  # a switch at a messenger


class Withdrawn(StrEnum):
    """What is withdrawn: each channel at once, advertisements by all channels, or calls."""

    ALL = "all"
    MARKETING = "marketing"
    CALLS = "calls"


_CLOSES: Mapping[Withdrawn, tuple[Purpose, ...]] = {
    Withdrawn.ALL: tuple(Purpose),
    Withdrawn.MARKETING: (Purpose.MARKETING,),
    Withdrawn.CALLS: (Purpose.CALLS,),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A consent or a withdrawal; `lead_id`: the form that this lead came by."""

    id: UUID
    what: ConsentStep
    purposes: frozenset[Purpose]
    at: datetime
    lead_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Basis:
    """By which step a customer was contacted; without one, `withdrawn` is the step that had closed it, if any."""

    ground: UUID | None
    withdrawn: UUID | None = None


def purposes_of(what: Withdrawn) -> tuple[Purpose, ...]:
    """Return what a withdrawal closes."""
    return _CLOSES[what]


def in_order(steps: Iterable[Step]) -> list[Step]:
    """Return steps as customers took them; of two at one moment the withdrawal counts."""
    return sorted(steps, key=lambda step: (step.at, step.what is ConsentStep.WITHDRAWN, step.id))


def barred_of(steps: Iterable[Step], *, listed: bool) -> tuple[str, ...]:
    """Return for what a customer is not contacted; a form of a later lead opens nothing by itself."""
    closed: set[Purpose] = set()
    for step in in_order(step for step in steps if step.lead_id is None):
        closed = closed - step.purposes if step.what is ConsentStep.GIVEN else closed | step.purposes
    return (*sorted(closed), *([LISTED] if listed else ()))


def stops_calls(barred: Collection[str]) -> bool:
    """Return whether a customer is not called."""
    return Purpose.CALLS in barred or LISTED in barred


def purpose_of(kind: ContactKind) -> Purpose:
    """Return for what a customer was contacted; a message that no playbook has asked for is of their affairs."""
    return Purpose.CALLS if kind is ContactKind.CALL_OUT else Purpose.TRANSACTIONAL


def basis_of(steps: Sequence[Step], purpose: Purpose, at: datetime, lead_id: UUID | None) -> Basis:
    """Return by which ground a customer was contacted: that of the lead, else the last before that moment."""
    known = [step for step in in_order(steps) if step.at <= at and purpose in step.purposes]
    grounds: list[Step] = []
    withdrawn: Step | None = None
    for step in known:
        if step.what is ConsentStep.WITHDRAWN:
            grounds, withdrawn = [], step
        else:
            grounds.append(step)
    own = next((step for step in grounds if lead_id is not None and step.lead_id == lead_id), None)
    ground = own or (grounds[-1] if grounds else None)
    return Basis(ground.id) if ground is not None else Basis(None, withdrawn.id if withdrawn else None)
