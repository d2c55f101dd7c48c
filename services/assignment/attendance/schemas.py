"""The rules of attendance on the wire and as they are stored."""

from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from libs.common.domain.code import Code
from services.assignment.attendance.rules import (
    GAP,
    REST,
    Attendance,
    HandoverRule,
    LatenessRule,
    Step,
    StepKind,
)
from services.assignment.wire import Wire


def _written(given: object) -> object:
    """Read a number of a desk file as what it is: an amount."""
    return str(given) if isinstance(given, int | float) and not isinstance(given, bool) else given


# A text both ways, so that a desk has one document.
Fine = Annotated[str, Field(pattern=r"^\d{1,12}(\.\d{1,2})?$", examples=["500.00"]), BeforeValidator(_written)]


class LatenessStep(Wire):
    """A warning, or a fine of an amount."""

    step: StepKind
    amount: Fine | None = None

    @model_validator(mode="after")
    def _fine_has_amount(self) -> Self:
        if (self.step is StepKind.FINE) != (self.amount is not None and Decimal(self.amount) > 0):
            raise PydanticCustomError("fine_has_amount", "a fine has an amount, a warning has none")
        return self

    def rule(self) -> Step:
        return Step(self.step, None if self.amount is None else Decimal(self.amount))


class LatenessPart(Wire):
    """What a desk does of lateness; minutes, and days of the window."""

    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    short: Annotated[int, Field(ge=1, le=1440)] = 60
    steps: Annotated[tuple[LatenessStep, ...], Field(min_length=1, max_length=20)]
    long: LatenessStep
    window_days: Annotated[int, Field(ge=1, le=366)] = 31
    repeated: Annotated[int | None, Field(ge=2, le=100)] = None
    grace: Annotated[int, Field(ge=1, le=60)] = 1

    def rule(self) -> LatenessRule:
        steps = tuple(step.rule() for step in self.steps)
        window = timedelta(days=self.window_days)
        return LatenessRule(self.currency, self.short, steps, self.long.rule(), window, self.repeated, self.grace)


class HandoverPart(Wire):
    """That who leaves hands over: `gap` minutes, and the types of tasks that are conversations."""

    gap: Annotated[int, Field(ge=0, le=720)] = GAP
    conversations: Annotated[tuple[Code, ...], Field(max_length=50)] = ()

    def rule(self) -> HandoverRule:
        return HandoverRule(self.gap, self.conversations)


class AttendancePart(Wire):
    """How the desk's shifts are attended; null: no such rule."""

    rest: Annotated[int, Field(ge=0, le=2880)] = REST
    handover: HandoverPart | None = None
    lateness: LatenessPart | None = None

    def rule(self) -> Attendance:
        handover = None if self.handover is None else self.handover.rule()
        return Attendance(self.rest, handover, None if self.lateness is None else self.lateness.rule())
