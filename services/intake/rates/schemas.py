"""Rates on the wire."""

from datetime import date, datetime
from typing import Annotated

from pydantic import BaseModel, Field, PlainSerializer

from libs.common.domain.code import Code
from libs.common.platform.http.wire import Rate, Wire

PerUnit = Annotated[
    Rate, PlainSerializer(lambda value: f"{value.normalize():f}", return_type=str), Field(examples=["0.154321"])
]


class RateIn(Wire):
    """A rate that a desk sets by hand: it goes before the official one of that day."""

    desk: Code
    per_unit: PerUnit


class RateView(BaseModel):
    """What one unit of a currency costs in `base` from `day` on; `desk` is `*` of an official rate."""

    desk: str
    currency: str
    day: date
    base: str
    per_unit: PerUnit
    holds_until: date
    official: bool
    actor: str
    changed_at: datetime
