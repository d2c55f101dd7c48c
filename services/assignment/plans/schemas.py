"""Plans of months on the wire."""

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.domain.code import Code
from services.assignment.plans.rules import Place
from services.assignment.wire import Wire
from services.assignment.wishes.rules import WishKind
from services.assignment.wishes.schemas import Month


class MonthPlanState(StrEnum):
    """How the plan of a month stands; these codes are stored."""

    DRAFT = "draft"
    PUBLISHED = "published"
    DISCARDED = "discarded"


class MonthPlanIn(Wire):
    """The month of a desk that is to be planned."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"desk": "demo", "month": "2026-12"}]})

    desk: Code
    month: Month


class PlacePart(Wire):
    """That an operator works a shift of a day."""

    day: date
    shift: Code
    operator_id: UUID


class MonthPlanPatch(Wire):
    """All places of a plan, as a supervisor would have them."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"places": []}]})

    places: Annotated[tuple[PlacePart, ...], Field(max_length=10_000)]

    def given(self) -> tuple[Place, ...]:
        return tuple(Place(one.day, one.shift, one.operator_id) for one in self.places)


class PlaceView(BaseModel):
    """That an operator works a shift of a day."""

    day: date
    shift: str
    operator_id: UUID
    operator_name: str | None
    starts_at: datetime | None
    ends_at: datetime | None


class UncoveredView(BaseModel):
    """A shift of a day that wants more people."""

    day: date
    shift: str
    missing: int


class UnkeptView(BaseModel):
    """A wish that the plan does not keep: one who cannot is planned, or one who prefers it is not."""

    day: date
    shift: str
    operator_id: UUID
    operator_name: str | None
    wish: WishKind


class MonthPlanRow(BaseModel):
    """The plan of a month, without its places."""

    id: UUID
    desk: str
    month: str
    state: MonthPlanState
    version: int
    created_at: datetime
    created_by: str
    published_at: datetime | None
    published_by: str | None


class MonthPlanView(MonthPlanRow):
    """The plan of a month, and what is to be said of it as wishes, absences and needs are now."""

    places: tuple[PlaceView, ...]
    uncovered: tuple[UncoveredView, ...]
    unkept: tuple[UnkeptView, ...]
    short_rest: tuple[PlacePart, ...]
