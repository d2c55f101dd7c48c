"""Held prices, and when packages begin, on the wire."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from libs.common.domain.code import Code
from libs.common.platform.http.wire import Moment, Wire

Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class HoldIn(Wire):
    """Until when the price of an order is held, never beyond the start of its package; null ends the hold."""

    held_until: Moment | None
    reason: Reason | None = None


class PackageStartIn(Wire):
    """When a package begins, by the code or title of its line in orders; null: it is not known any more."""

    desk: Code
    code: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    starts_at: Moment | None


class PackageStartView(BaseModel):
    """When a package begins."""

    desk: str
    code: str
    starts_at: datetime | None
