"""Reasons of pauses on the wire."""

from typing import Annotated

from pydantic import BaseModel, Field

from services.assignment.wire import Titles, Wire

Minutes = Annotated[int | None, Field(ge=1, le=1440)]


class PauseReasonPart(Wire):
    """A reason for which operators of the desk may pause, and for how long; null: without a limit."""

    title: Titles
    paid: bool = False
    minutes: Minutes = None
    shift_minutes: Minutes = None


class PauseReasonView(BaseModel):
    """A reason for which operators of the desk may pause; `title` is in the caller's language."""

    desk: str
    code: str
    title: str
    titles: dict[str, str]
    paid: bool
    minutes: int | None
    shift_minutes: int | None
