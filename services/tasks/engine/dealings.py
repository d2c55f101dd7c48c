"""What a step asks of intake about money and access: data in, effects out (S4.9, S4.14, S4.17, S4.20)."""

from collections.abc import Iterator
from typing import assert_never

from libs.common.contracts.shared import ChangeTarget, PaymentStatus
from services.tasks.engine.asking import RequestChange
from services.tasks.engine.fields import moment_of
from services.tasks.engine.requests import NO_ORDER, Asker, Wanted
from services.tasks.playbooks.dealings import AskAccess, AskPayment, AskRefund, Dealing, HoldPrice


def dealt(step: Dealing, asker: Asker) -> Iterator[Wanted]:
    """Yield what a step asks for of the lead's order; a time that was not filled in holds nothing."""
    order = asker.facts.order
    if order is None:
        yield asker.nothing(NO_ORDER)
        return
    match step:
        case AskPayment(status=status):
            yield _ask(asker, ChangeTarget.PAYMENT, **_payment(step, status, asker))
        case AskRefund(state=state, by=by):
            yield _ask(asker, ChangeTarget.REFUND, step=state.value, kept_by=asker.text(by))
        case AskAccess(action=action, status=status):
            yield _ask(asker, ChangeTarget.ACCESS, action=action.value, status=status.value)
        case HoldPrice(until=until):
            at = moment_of(asker.fields, until, asker.zone)
            if at is not None:
                yield _ask(asker, ChangeTarget.ORDER_FIELDS, held_until=at.isoformat())
        case _:
            assert_never(step)


def _payment(step: AskPayment, status: PaymentStatus, asker: Asker) -> dict[str, str | None]:
    if status is PaymentStatus.DELETED:
        return {"step": "delete"}
    return {"step": "record", "type": asker.text(step.type), "amount": asker.text(step.amount)}


def _ask(asker: Asker, target: ChangeTarget, **values: str | None) -> RequestChange:
    order = asker.facts.order
    if order is None:
        raise LookupError(target)
    said = {name: value for name, value in values.items() if value is not None}
    return RequestChange(asker.rule, target, order.id, asker.actor, said)
