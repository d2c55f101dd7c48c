"""The verbs that ask intake for a change, and those that hurry, move or withdraw what is under way already."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from libs.common.contracts.shared import AppointmentParty, AppointmentStep
from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.source import Log, Node, Reference
from services.tasks.playbooks.values import Declared, Flag, Kind, choice, ref, refs, word_of

#: What `pin` takes for the comment of the outcome in hand.
COMMENT = "comment"
_ENDS = (AppointmentStep.CANCELLED, AppointmentStep.KEPT, AppointmentStep.MISSED)


class Neutral(Declared):
    """A step that leads to no task, and leaves open what is open."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class AskOrder(Neutral):
    """Ask intake to change the lead's order: its `status`, or its `remarks` and `amount` from fields."""

    status: Annotated[str, ref("order_status")] | None = None
    remarks: Annotated[str, ref("field")] | None = None
    amount: Annotated[str, ref("field")] | None = None

    def __post_init__(self) -> None:
        """Refuse a step that asks for nothing."""
        if (self.status, self.remarks, self.amount) == (None, None, None):
            raise WrongPartError("nothing_asked", "'order' names a status, or fields for remarks and amount")


@dataclass(frozen=True, slots=True)
class AskCustomer(Neutral):
    """Ask intake to change the customer's name, phone or e-mail to what fields say."""

    name: Annotated[str, ref("field")] | None = None
    phone: Annotated[str, ref("field")] | None = None
    email: Annotated[str, ref("field")] | None = None

    def __post_init__(self) -> None:
        """Refuse a step that asks for nothing."""
        if (self.name, self.phone, self.email) == (None, None, None):
            raise WrongPartError("nothing_asked", "'customer' names fields for name, phone or email")


def _pinned(node: Node, log: Log) -> str:
    word = word_of(node)
    if word != COMMENT:
        log.references.append(Reference("field", word))
    return str(word)


PINNED = Kind(_pinned, {"type": "string", "description": "`comment`, or a text field of an outcome"})


@dataclass(frozen=True, slots=True)
class Pin(Neutral):
    """Ask intake to pin the outcome's comment, or what a field says, to the lead as its situation now (S2.7)."""

    text: Annotated[str, PINNED]


_STEPS = Kind(choice(AppointmentStep).read, {"enum": [step.value for step in _ENDS]})


@dataclass(frozen=True, slots=True)
class AskAppointment(Neutral):
    """Ask intake for an appointment `at` the time in a field: a new one, or the known one moved.

    A word says that it `is` cancelled, kept or missed. `by` and `warned` say who moved or cancelled it, and whether
    they said so beforehand (S0.15).
    """

    at: Annotated[str, ref("field")] | None = None
    step: Annotated[Annotated[AppointmentStep, _STEPS] | None, Field(alias="is")] = None
    by: Annotated[AppointmentParty, choice(AppointmentParty)] | None = None
    warned: Flag | None = None

    def __post_init__(self) -> None:
        """Refuse two changes in one, and more to say than there is of a change."""
        if (self.at is None) == (self.step is None) or self.step not in (None, *_ENDS):
            raise WrongPartError("one_change", "an appointment is 'at' a time, or cancelled, kept or missed")
        if self.step not in (None, AppointmentStep.CANCELLED) and (self.by, self.warned) != (None, None):
            raise WrongPartError("not_said", "'by' and 'warned' belong to a new time or to cancelled")


@dataclass(frozen=True, slots=True)
class Withdraw(Neutral):
    """Take back the last request of a message: what has not left is not sent; nothing when none was requested."""

    message: Annotated[str, ref("message")]


def _some(types: tuple[str, ...], verb: str) -> None:
    if not types:
        raise WrongPartError("no_types", f"{verb!r} names at least one type")


@dataclass(frozen=True, slots=True)
class Reschedule(Neutral):
    """Close open tasks of these types as deferred and open each anew, if its type's schedule has changed (S2.8)."""

    types: Annotated[tuple[str, ...], refs("task_type")]

    def __post_init__(self) -> None:
        """Refuse an empty list."""
        _some(self.types, "move")


@dataclass(frozen=True, slots=True)
class Wake(Neutral):
    """Let tasks of these types that wait for their time be given out at once; their attempts begin anew (S0.4)."""

    types: Annotated[tuple[str, ...], refs("task_type")]

    def __post_init__(self) -> None:
        """Refuse an empty list."""
        _some(self.types, "wake")


#: What is asked of intake.
Asking: TypeAlias = AskOrder | AskCustomer | Pin | AskAppointment
