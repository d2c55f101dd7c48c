"""The verbs that ask intake about money and access: payments, refunds, access, held prices (S4.9, S4.14, S4.17)."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from pydantic import Field

from libs.common.contracts.shared import AccessAction, AccessStatus, PaymentStatus, RefundState
from services.tasks.playbooks.asks import Neutral
from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.values import Kind, choice, ref

_STEPS = tuple(state for state in RefundState if state is not RefundState.DETAILS_GIVEN)
_REFUND_STEP = Kind(choice(RefundState).read, {"enum": [state.value for state in _STEPS]})


@dataclass(frozen=True, slots=True)
class AskPayment(Neutral):
    """Have a payment of the lead's order recorded as received, or the newest manual one deleted (S4.9, S4.10).

    `type` is a field that says how it was paid; `amount` one with the sum, else it is what the order lacks.
    """

    status: Annotated[PaymentStatus, choice(PaymentStatus), Field(alias="is")]
    type: Annotated[str, ref("field")] | None = None
    amount: Annotated[str, ref("field")] | None = None

    def __post_init__(self) -> None:
        """Refuse a payment of no type, and a deletion that says more."""
        if (self.status is PaymentStatus.RECEIVED) != (self.type is not None):
            raise WrongPartError("one_payment", "a payment that is received has a 'type', a deleted one none")
        if self.status is PaymentStatus.DELETED and self.amount is not None:
            raise WrongPartError("not_said", "'amount' belongs to a payment that is received")


@dataclass(frozen=True, slots=True)
class AskRefund(Neutral):
    """Take a step of the refund of the lead's order (S4.14): the first is `asked`.

    `by`: a field that says by what the customer was kept. Payout details are given to intake's API, never here.
    """

    state: Annotated[Annotated[RefundState, _REFUND_STEP], Field(alias="is")]
    by: Annotated[str, ref("field")] | None = None

    def __post_init__(self) -> None:
        """Refuse details, and a customer who was kept by nothing."""
        if self.state is RefundState.DETAILS_GIVEN:
            raise WrongPartError("not_said", "payout details go straight to intake, no playbook gives them")
        if (self.state is RefundState.KEPT) != (self.by is not None):
            raise WrongPartError("one_step", "'by' says by what a customer is 'kept', and belongs to nothing else")


@dataclass(frozen=True, slots=True)
class AskAccess(Neutral):
    """Have access to what was bought closed, or its password reset and sent again; or say that it `is: done`."""

    action: Annotated[AccessAction, choice(AccessAction), Field(alias="to")]
    status: Annotated[AccessStatus, choice(AccessStatus), Field(alias="is")] = AccessStatus.REQUESTED


@dataclass(frozen=True, slots=True)
class HoldPrice(Neutral):
    """Hold the price of the lead's order `until` the time in a field, never beyond its package's start (S4.17)."""

    until: Annotated[str, ref("field")]


#: What is asked of intake about money and access.
Dealing: TypeAlias = AskPayment | AskRefund | AskAccess | HoldPrice
