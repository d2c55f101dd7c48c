"""What a step asks of intake about money and access: data in, effects out (S4.9, S4.14, S4.17, S4.20)."""

from collections.abc import Iterator
from typing import assert_never
from uuid import UUID

from libs.common.contracts.shared import AccessStatus, ChangeTarget, PaymentStatus, RefundState
from services.tasks.engine.asking import RequestChange
from services.tasks.engine.facts import Access, Facts, Paid, Refund
from services.tasks.engine.fields import moment_of
from services.tasks.engine.requests import NO_ORDER, Asker, Wanted
from services.tasks.playbooks.dealings import AskAccess, AskPayment, AskRefund, Dealing, HoldPrice


def dealt(step: Dealing, asker: Asker) -> Iterator[Wanted]:
    """Yield what a step asks for: of the order that its event named, else of the lead's own.

    A time that was not filled in holds nothing.
    """
    order_id = _order_id(step, asker.facts)
    if order_id is None:
        yield asker.nothing(NO_ORDER)
        return
    match step:
        case AskPayment(status=status):
            yield _ask(asker, order_id, ChangeTarget.PAYMENT, **_payment(step, status, asker))
        case AskRefund(state=state, by=by):
            yield _ask(asker, order_id, ChangeTarget.REFUND, step=state.value, kept_by=asker.text(by))
        case AskAccess(action=action, status=status):
            yield _ask(asker, order_id, ChangeTarget.ACCESS, action=action.value, status=status.value)
        case HoldPrice(until=until):
            at = moment_of(asker.fields, until, asker.zone)
            if at is not None:
                yield _ask(asker, order_id, ChangeTarget.ORDER_FIELDS, held_until=at.isoformat())
        case _:
            assert_never(step)


def _order_id(step: Dealing, facts: Facts) -> UUID | None:
    """Return which order a step is of: what goes on, of the one that was said; what begins, of the lead's own."""
    known = facts.dealings
    said: Paid | Refund | Access | None = None
    match step:
        case AskPayment(status=PaymentStatus.DELETED):
            said = known.payment
        case AskRefund(state=state) if state is not RefundState.ASKED:
            said = known.refund
        case AskAccess(action=action, status=AccessStatus.DONE):
            said = known.access if known.access is not None and known.access.action is action else None
        case _:
            pass
    own = facts.order.id if facts.order else None
    return (said.order_id if said else None) or own


def _payment(step: AskPayment, status: PaymentStatus, asker: Asker) -> dict[str, str | None]:
    if status is PaymentStatus.DELETED:
        return {"step": "delete"}
    return {"step": "record", "type": asker.text(step.type), "amount": asker.text(step.amount)}


def _ask(asker: Asker, order_id: UUID, target: ChangeTarget, **values: str | None) -> RequestChange:
    said = {name: value for name, value in values.items() if value is not None}
    return RequestChange(asker.rule, target, order_id, asker.actor, said)
