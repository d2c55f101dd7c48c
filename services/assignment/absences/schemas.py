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


class Span(Wire):
    """When a person is absent and why: whole days by a desk's clock, or from and to a moment."""

    reason: Annotated[str, Field(min_length=1, max_length=100, pattern=r"\S")]
    first_day: date | None = None
    last_day: date | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        require_one_way((self.first_day, self.last_day), (self.starts_at, self.ends_at))
        return self

    def absence(self, operator_id: UUID, deputy_id: UUID | None) -> AskedAbsence:
        """Return the absence of an operator that is asked for."""
        days, moments = (self.first_day, self.last_day), (self.starts_at, self.ends_at)
        return AskedAbsence(operator_id, self.reason, deputy_id, *days, *moments)


class AbsenceIn(Span):
    """A planned absence of an operator: whole days by their home desk's clock, or from and to a moment."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    operator_id: UUID
    deputy_id: UUID | None = None

    def asked(self) -> AskedAbsence:
        return self.absence(self.operator_id, self.deputy_id)


Subject: TypeAlias = Annotated[str, Field(min_length=1, max_length=255)]


class AbsencePart(Span):
    """An absence of a desk's document: whole days by its clock, or moments; `deputy`: the `sub` of one."""

    deputy: Subject | None = None

    def asked(self, operator_id: UUID, deputy_id: UUID | None) -> AskedAbsence:
        return self.absence(operator_id, deputy_id)


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
