"""Wishes on the wire."""

from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from libs.common.domain.code import Code
from services.assignment.wire import Wire
from services.assignment.wishes.actions import Wished
from services.assignment.wishes.rules import Wish, WishKind

Month = Annotated[str, Field(pattern=r"^(19|20)\d\d-(0[1-9]|1[0-2])$", examples=["2026-12"])]


def first_day(month: str) -> date:
    """Return the first day of a month as it is written."""
    return date.fromisoformat(f"{month}-01")


class WishPart(Wire):
    """What an operator says of a shift of a day."""

    day: date
    shift: Code
    wish: WishKind


class WishesIn(Wire):
    """All that an operator wishes of a month, the caller by default."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"desk": "demo", "month": "2026-12", "wishes": []}]})

    desk: Code
    operator_id: UUID | None = None
    month: Month
    wishes: Annotated[tuple[WishPart, ...], Field(max_length=1000)]

    def command(self) -> Wished:
        wishes = tuple(Wish(one.day, one.shift, one.wish) for one in self.wishes)
        return Wished(self.desk, self.operator_id, first_day(self.month), wishes)


class WishView(BaseModel):
    """What an operator says of a shift of a day; who says nothing can work it."""

    desk: str
    operator_id: UUID
    operator_name: str
    day: date
    shift: str
    wish: WishKind


class WishesView(BaseModel):
    """All that an operator wishes of a month."""

    desk: str
    operator_id: UUID
    month: str
    wishes: tuple[WishPart, ...]
