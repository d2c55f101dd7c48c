"""A desk's configuration at assignment, on the wire."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from libs.common.contracts.assignment import MEND_WITHIN
from libs.common.contracts.shared import TakenWork
from libs.common.domain.code import Code
from libs.common.platform.configuration import Configuration, Configured
from services.assignment.absences.schemas import Absences
from services.assignment.attendance.schemas import AttendancePart
from services.assignment.operators.actions import NewOperator, OperatorChange
from services.assignment.operators.schemas import (
    Capacity,
    OperatorContactIn,
    OperatorIn,
    OperatorPatch,
    Products,
    SeatIn,
    Telephone,
    refuse_repeated_pools,
)
from services.assignment.pauses.schemas import PauseReasonPart
from services.assignment.pools.actions import NewPool, PoolChange
from services.assignment.pools.rules import DEFAULT_SHARE
from services.assignment.pools.schemas import (
    AfterCall,
    AwayAfter,
    MendWithin,
    OffShiftPull,
    PoolIn,
    PoolPatch,
    Share,
    TakenRule,
)
from services.assignment.schedule.schemas import ShiftPart
from services.assignment.wire import Codes, Name, Titles, Wire


class PoolPart(Wire):
    """A pool of the desk; see `PoolIn`."""

    title: Titles
    role: Code = "operator"
    off_shift_pull: OffShiftPull = False
    taken_work: TakenRule = TakenWork.KEEP
    away_after: AwayAfter = 5
    share: Share = DEFAULT_SHARE
    mend_within: MendWithin = MEND_WITHIN
    after_call: AfterCall = 0

    def new(self, desk: str, code: str) -> NewPool:
        return PoolIn(desk=desk, code=code, **_given(self)).command()

    def change(self) -> PoolChange:
        return PoolPatch(active=True, **_given(self)).command()


class SeatPart(Wire):
    """A seat in a pool of the desk; a code alone is a seat of weight 1."""

    code: Code
    weight: Annotated[int, Field(ge=1, le=100)] = 1

    def seat(self) -> SeatIn:
        return SeatIn(code=self.code, weight=self.weight)


Seat = Annotated[SeatPart, BeforeValidator(lambda given: {"code": given} if isinstance(given, str) else given)]


class OperatorPart(Wire):
    """An operator whose home desk this is; null: as it is. Seats in pools of other desks stay."""

    name: Name
    roles: Codes = ("operator",)
    desks: Codes | None = None
    products: Products = ("*",)
    capacity: Capacity | None = None
    pools: Annotated[tuple[Seat, ...], Field(max_length=100)] = ()
    contact: OperatorContactIn | None = None
    department: Code | None = None
    extension: Telephone | None = None

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        refuse_repeated_pools([seat.seat() for seat in self.pools])
        return self

    def new(self, desk: str, subject: str) -> NewOperator:
        given = _given(self) | {"pools": self._seats(), "desks": self.desks or ()}
        return OperatorIn(desk=desk, subject=subject, **given).command()

    def change(self, desk: str) -> OperatorChange:
        given = _given(self) | {"pools": self._seats()}
        return OperatorPatch(active=True, **given).command(desk)

    def _seats(self) -> Sequence[SeatIn]:
        return tuple(seat.seat() for seat in self.pools)


class DepartmentPart(Wire):
    """A department of the desk, and the `sub` of who heads it."""

    title: Titles
    head: Annotated[str | None, Field(min_length=1, max_length=255)] = None


class AssignmentPart(Wire):
    """What a desk has at assignment; null: as it is. What is not named in one that is given is retired."""

    pools: dict[Code, PoolPart] | None = None
    operators: Annotated[
        dict[Annotated[str, Field(min_length=1, max_length=255)], OperatorPart] | None,
        Field(description="by the `sub` of their tokens"),
    ] = None
    shifts: dict[Code, ShiftPart] | None = None
    departments: dict[Code, DepartmentPart] | None = None
    pauses: dict[Code, PauseReasonPart] | None = None
    attendance: AttendancePart | None = None
    absences: Annotated[
        Absences | None, Field(description="by the `sub` of who is absent; one that is not named is cancelled")
    ] = None


def _given(part: Wire) -> dict[str, object]:
    """Return the members that a part has, as they are; null is what stays."""
    members = ((name, getattr(part, name)) for name in type(part).model_fields)
    return {name: value for name, value in members if value is not None}


class AssignmentConfiguration(Configuration[AssignmentPart]):
    """What the desk has at assignment, as a document that can be applied again."""


class AssignmentConfigured(Configured[AssignmentPart]):
    """What applying the document changes."""
