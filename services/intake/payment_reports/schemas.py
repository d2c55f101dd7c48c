"""What a school knows of a payment, on the wire."""

from pydantic import BaseModel

from libs.common.platform.http.wire import Wire
from services.intake.orders.schemas import PlacementState
from services.intake.payment_reports.rules import ReportStep


class PaymentReport(BaseModel):
    """Whether the order's school was told of a payment by hand; `code`: why not, or `by_hand`.

    `part`: its API takes no part of a sum. `known_there`: it says itself that all is paid. `deleted`: that was done
    before. The others are what the school refuses, or what the order lacks.
    """

    state: PlacementState
    code: str | None


class PaymentReportStep(Wire):
    """What is done about it: the school is told `again`, or a person has put it right there `by_hand`."""

    step: ReportStep
