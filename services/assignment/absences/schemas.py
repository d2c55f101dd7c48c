"""Absences on the wire."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Self, TypeAlias
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator
from pydantic_core import PydanticCustomError

from libs.common.platform.http.wire import Moment
from services.assignment.absences.rules import AbsenceState, AskedAbsence
from services.assignment.wire import Wire

#: Of a body: far enough ahead for one who tries it.
EXAMPLE: dict[str, JsonValue] = {
    "operator_id": "0190b6d0-0000-7000-8000-0000584598a3",
    "first_day": "2026-12-30",
    "last_day": "2026-12-31",
    "reason": "отпуск",
}


class AbsenceIn(Wire):
    """A planned absence of an operator: whole days by their home desk's clock, or from and to a moment."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    operator_id: UUID
    reason: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    deputy_id: UUID | None = None
    first_day: date | None = None
    last_day: date | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        require_one_way((self.first_day, self.last_day), (self.starts_at, self.ends_at))
        return self

    def asked(self) -> AskedAbsence:
        days, moments = (self.first_day, self.last_day), (self.starts_at, self.ends_at)
        return AskedAbsence(self.operator_id, self.reason, self.deputy_id, *days, *moments)


Subject: TypeAlias = Annotated[str, Field(min_length=1, max_length=255)]


class AbsencePart(Wire):
    """An absence of a desk's document: whole days by its clock, or moments; `deputy`: the `sub` of one."""

    reason: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    deputy: Subject | None = None
    first_day: date | None = None
    last_day: date | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        require_one_way((self.first_day, self.last_day), (self.starts_at, self.ends_at))
        return self

    def asked(self, operator_id: UUID, deputy_id: UUID | None) -> AskedAbsence:
        days, moments = (self.first_day, self.last_day), (self.starts_at, self.ends_at)
        return AskedAbsence(operator_id, self.reason, deputy_id, *days, *moments)


#: By the `sub` of who is absent.
Absences: TypeAlias = dict[Subject, Annotated[tuple[AbsencePart, ...], Field(max_length=100)]]


def require_one_way(days: Sequence[object], moments: Sequence[object]) -> None:
    """Raises PydanticCustomError unless either both days are given or both moments."""
    by_days, by_moments = None not in days, None not in moments
    if by_days == by_moments or sum(each is not None for each in (*days, *moments)) > 2:
        raise PydanticCustomError("one_way", "name first_day and last_day, or starts_at and ends_at")


class AbsenceView(BaseModel):
    """A planned absence."""

    id: UUID
    desk: str
    operator_id: UUID
    operator_name: str
    deputy_id: UUID | None
    deputy_name: str | None
    starts_at: datetime
    ends_at: datetime
    reason: str
    state: AbsenceState
    created_at: datetime
    created_by: str
    version: int
