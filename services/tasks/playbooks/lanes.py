"""Lanes: what an operator sees of the open tasks, and the order in which `next` tries them (S1.1, S4.5)."""

from dataclasses import dataclass
from datetime import time
from typing import Annotated

from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.terms import WINDOW, DurationRange, Holder, NumberRange, Text
from services.tasks.playbooks.values import HIDDEN, LIST, Declared, Duration, Flag, Number, choice, refs


@dataclass(frozen=True, slots=True)
class Lane(Declared):
    """A queue (S1.1, S4.5): a filter of tasks, their order, and the queue's priority.

    `of` names the lanes of tasks that it shows (none: its own code; for holder `me` any lane). `window` limits the
    lead's age, `days` its age in days of the desk's zone, `attempts` the number of unsuccessful attempts,
    `received_between` and `received_outside` the time of day of its arrival, from the first end to before the
    second and over midnight too. `interrupts`: the lane precedes all others if `next` gave the operator no task of
    it for that long. `dialled` false: `next` skips it. `ahead`: it shows the tasks whose time has not come, and no
    others; `next` gives none of them.
    """

    code: Annotated[str, HIDDEN]
    title: Text
    priority: Number
    holder: Annotated[Holder, choice(Holder)]
    of: Annotated[tuple[str, ...], refs("lane")] = ()
    newest_first: Flag = False
    window: DurationRange | None = None
    attempts: NumberRange | None = None
    days: NumberRange | None = None
    received_between: Annotated[tuple[time, time], WINDOW] | None = None
    received_outside: Annotated[tuple[time, time], WINDOW] | None = None
    interrupts: Duration | None = None
    dialled: Flag = True
    ahead: Flag = False

    def __post_init__(self) -> None:
        """Refuse a lane that nothing can be in."""
        if self.received_between is not None and self.received_outside is not None:
            raise WrongPartError("two_windows", "'received_between' and 'received_outside' are two windows in one")
        if self.ahead and self.interrupts is not None:
            raise WrongPartError(
                "nothing_to_give", "'next' gives nothing of a lane that is 'ahead': no 'interrupts'"
            )

    @property
    def draws(self) -> tuple[str, ...]:
        """The lanes of the tasks that it shows; none = any."""
        if self.of:
            return self.of
        return () if self.holder is Holder.ME else (self.code,)


@dataclass(frozen=True, slots=True)
class Turn(Declared):
    """The lanes that `next` tries in a part of the day of the desk, in this order; the others it skips (S4.5).

    Without `between` at any time. The lanes take the places that their priorities have among all queues.
    """

    lanes: Annotated[tuple[str, ...], refs("lane"), LIST]
    between: Annotated[tuple[time, time], WINDOW] | None = None
