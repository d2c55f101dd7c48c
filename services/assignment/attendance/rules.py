"""What a desk asks of those who work its shifts; all of it is data of the desk (S4.6)."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

REST = 11 * 60  # minutes; of a desk that does not say
GAP = 60  # minutes; as above


class StepKind(StrEnum):
    """What a lateness leads to; these codes are stored."""

    WARNING = "warning"
    FINE = "fine"


@dataclass(frozen=True, slots=True)
class Step:
    """A warning, or a fine of an amount."""

    kind: StepKind
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class LatenessRule:
    """What a desk does of lateness.

    Up to `short` minutes it is the next of `steps` for each one in the last `window` days, the last step for all
    further ones; over it, and for who does not come at all, it is `long`. Less than `grace` minutes is none. From
    `repeated` in the window on it is flagged; None: never.
    """

    currency: str
    short: int
    steps: tuple[Step, ...]
    long: Step
    window: timedelta
    repeated: int | None = None
    grace: int = 1


@dataclass(frozen=True, slots=True)
class HandoverRule:
    """Who leaves hands over: to the next shift, which begins up to `gap` minutes after theirs ends.

    `conversations`: the types of tasks that are open conversations.
    """

    gap: int = GAP
    conversations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Attendance:
    """The rules of a desk; None: it has none of that kind. `rest`: minutes between two shifts of one person."""

    rest: int = REST
    handover: HandoverRule | None = None
    lateness: LatenessRule | None = None


NONE = Attendance()
