"""Lateness on the wire."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.domain.money import Money
from services.assignment.attendance.rules import StepKind
from services.assignment.lateness.rules import LatenessState
from services.assignment.wire import Wire

Reason = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class LateReasonIn(Wire):
    """Why they are, or will be, late."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"reason": "пробки"}]})

    reason: Reason


class LatenessView(BaseModel):
    """A planned shift that began without its operator, and what the desk's rule makes of it."""

    id: UUID
    desk: str
    operator_id: UUID
    operator_name: str
    planned_id: UUID
    starts_at: datetime
    state: LatenessState
    minutes: int | None
    announced: bool
    excused: bool
    excused_at: datetime | None
    excused_by: str | None
    excuse: str | None
    step: StepKind | None
    fine: Money | None
    number: int | None
    repeated: bool
    version: int

    @classmethod
    def of(cls, row: Mapping[str, object]) -> Self:
        fine = row["amount"] and Money.model_validate({"amount": row["amount"], "currency": row["currency"]})
        excused = bool(row["announced"]) or row["excused_at"] is not None
        return cls.model_validate({**row, "fine": fine, "excused": excused})
