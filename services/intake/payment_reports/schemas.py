"""What a school knows of a payment, on the wire."""

from typing import Self

from pydantic import BaseModel

from libs.common.platform.http.wire import Wire
from services.intake.orders.schemas import PlacementState
from services.intake.payment_reports.rules import ReportStep


class PaymentReport(BaseModel):
    """Whether the order's school was informed of a payment by hand; `code`: why not, or `by_hand`.

    `part`: its API takes no part of a sum. `several_items`: nor an order of several products. `known_there`: it
    says itself that all is paid. `deleted`: that was done before. The others are what the school refuses, or what
    the order lacks.
    """

    state: PlacementState
    code: str | None

    @classmethod
    def of(cls, state: str | None, code: str | None) -> Self | None:
        """Return how far a stored report is; None: there is none."""
        if state is None:
            return None
        shown = PlacementState(state) if state in set(PlacementState) else PlacementState.PENDING
        return cls(state=shown, code=code)


class PaymentReportStep(Wire):
    """What is done about it: it is reported `again`, or a person has put it right at the school `by_hand`."""

    step: ReportStep
