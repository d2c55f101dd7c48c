"""Swaps on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from services.assignment.swaps.actions import AskedSwap
from services.assignment.swaps.rules import SwapState
from services.assignment.wire import Wire

EXAMPLE_ID = "0190b6d0-0000-7000-8000-0000584598a3"


class SwapIn(Wire):
    """That another operator takes a shift, or exchanges it for one of theirs."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"planned_id": EXAMPLE_ID, "to_operator_id": EXAMPLE_ID}]}
    )

    planned_id: UUID
    to_operator_id: UUID
    in_return_id: UUID | None = None
    comment: Annotated[str | None, Field(min_length=1, max_length=500, pattern=r"\S")] = None

    def asked(self) -> AskedSwap:
        return AskedSwap(self.planned_id, self.to_operator_id, self.in_return_id, self.comment)


class SwapView(BaseModel):
    """What an operator asks of another: to take a shift, or to exchange it for `in_return_id`."""

    id: UUID
    desk: str
    from_operator_id: UUID
    from_operator_name: str
    to_operator_id: UUID
    to_operator_name: str
    planned_id: UUID
    starts_at: datetime | None
    in_return_id: UUID | None
    in_return_starts_at: datetime | None
    comment: str | None
    state: SwapState
    expires_at: datetime
    created_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    version: int
