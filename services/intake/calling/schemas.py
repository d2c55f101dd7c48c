"""How often a desk calls, on the wire."""

from typing import Annotated, Self

from pydantic import Field

from libs.common.platform.http.wire import Wire
from services.intake.calling.rules import Calling


class CallingPart(Wire):
    """How often the desk calls one customer, over all their leads; null: as often as it wants."""

    calls_a_day: Annotated[
        int | None, Field(ge=1, le=100, description="calls to one customer in a day by their clock")
    ] = None

    def calling(self) -> Calling:
        return Calling(self.calls_a_day)

    @classmethod
    def of(cls, found: Calling) -> Self:
        return cls(calls_a_day=found.calls_a_day)
