"""The schedule on the wire."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from libs.common.domain.code import Code
from libs.common.platform.http.wire import Moment
from services.assignment.schedule.rules import LATE_AFTER, Asked, PlanState, ShiftKind, Weekday
from services.assignment.wire import Titles, Wire

Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["09:00"])]
Subjects = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=255)], ...], Field(max_length=500)]
#: Of a body: far enough ahead for one who tries it.
EXAMPLE: dict[str, JsonValue] = {
    "desk": "demo",
    "operator_id": "0190b6d0-0000-7000-8000-0000584598a3",
    "shift": "day",
    "day": "2026-12-31",
}


class ShiftPart(Wire):
    """A shift of the desk: its hours in the desk's zone, and who works it on which days of the week.

    `needed`: how many people the plan of a month wants on which days. `ends` not after `starts` is on the next day.
    """

    title: Titles
    starts: Clock
    ends: Clock
    late_after: Annotated[int, Field(ge=1, le=1440)] = LATE_AFTER
    week: dict[Weekday, Subjects] = {}
    needed: dict[Weekday, Annotated[int, Field(ge=1, le=200)]] = {}

    def kind(self, code: str) -> ShiftKind:
        hours = time.fromisoformat(self.starts), time.fromisoformat(self.ends)
        return ShiftKind(code, *hours, self.late_after, self.week, self.needed)


class PlannedShiftIn(Wire):
    """A shift of an operator: one of the desk's on a day, or hours of its own."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    desk: Code
    operator_id: UUID
    shift: Code | None = None
    day: date | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_code = self.shift is not None and self.day is not None
        by_hours = self.starts_at is not None and self.ends_at is not None
        given = [self.shift, self.day, self.starts_at, self.ends_at]
        if by_code == by_hours or sum(each is not None for each in given) > 2:
            raise PydanticCustomError("one_way", "name a shift and its day, or starts_at and ends_at")
        return self

    def asked(self) -> Asked:
        return Asked(self.desk, self.operator_id, self.shift, self.day, self.starts_at, self.ends_at)


class PlannedShiftView(BaseModel):
    """A shift that an operator is to work. `late`: minutes from its start until they came, null until then.

    `announcement`: why they will be late, as it was announced before it began.
    """

    id: UUID
    desk: str
    operator_id: UUID
    operator_name: str
    shift: str | None
    title: str | None
    starts_at: datetime
    ends_at: datetime
    state: PlanState
    came_at: datetime | None
    late: int | None
    announced_at: datetime | None
    announcement: str | None
    version: int

    @classmethod
    def of(cls, row: Mapping[str, object], title: str | None) -> Self:
        came, starts = row["came_at"], row["starts_at"]
        both = isinstance(came, datetime) and isinstance(starts, datetime)
        late = int((came - starts).total_seconds() // 60) if both else None  # type: ignore[operator] # both are times
        return cls.model_validate({**row, "title": title, "late": late})


class BoardShift(BaseModel):
    """A planned shift on the board; `late`: minutes, null where they came in time or are still awaited."""

    id: UUID
    shift: str | None
    starts_at: datetime
    ends_at: datetime
    state: PlanState
    came_at: datetime | None
    late: int | None
    no_show: bool
    announcement: str | None


class BoardWorked(BaseModel):
    """From when until when an operator was on shift; `ended_at` is null while it lasts."""

    started_at: datetime
    ended_at: datetime | None


class BoardDay(BaseModel):
    """A day of a person: what was planned, what was worked, and why they are absent."""

    day: date
    planned: tuple[BoardShift, ...]
    worked: tuple[BoardWorked, ...]
    absent: str | None


class BoardPerson(BaseModel):
    """A person's month; days without anything are left out."""

    operator_id: UUID
    operator_name: str
    days: tuple[BoardDay, ...]


class BoardView(BaseModel):
    """A month of a desk by person and day, by the desk's clock."""

    desk: str
    month: str
    people: tuple[BoardPerson, ...]
