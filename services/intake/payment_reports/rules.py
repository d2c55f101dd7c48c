"""What is reported to a school of a manual payment (S4.9). Pure.

Its import API takes the word that an order is paid, and no sum of a payment: so the payment that completes an order
is reported, and those before it with it. A part of the sum is entered there by a person.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

from libs.common.contracts.shared import PaymentStatus
from services.intake.placements.rules import Placing, placing_of

#: Why a payment is not reported: the school cannot take it.
PART = "part"
#: Why it need not be: the school says itself that all is paid, the payment was deleted, its customer is forgotten.
KNOWN_THERE, DELETED, ERASED = "known_there", "deleted", "erased"
NEEDLESS = frozenset({KNOWN_THERE, DELETED, ERASED})
#: It was deleted, and the school may have it: that is a person's to see.
IN_DOUBT = "in_doubt"
#: A person has entered it at the school.
BY_HAND = "by_hand"


class ReportStep(StrEnum):
    """What a person does about a payment that the school does not know of."""

    AGAIN = "again"
    BY_HAND = "by_hand"


def report_of(payment: Mapping[str, object]) -> Placing | str:
    """Return the order that is paid as it is reported to its school, or why it is not.

    `said_paid` is what the school says was paid, `received` the sum of all payments on record; `last`: no manual
    payment of the order that stands is newer. `in_doubt`: it was reported, perhaps, so what it says may be this.
    """
    cost, said, received = (_sum(payment[name]) for name in ("amount", "said_paid", "received"))
    if payment["payment_status"] != PaymentStatus.RECEIVED:
        return IN_DOUBT if payment["in_doubt"] else DELETED
    if not payment["in_doubt"] and cost is not None and said is not None and said >= cost:
        return KNOWN_THERE
    if cost is None or received is None or received < cost or not payment["last"]:
        return PART
    return placing_of(payment)


def _sum(value: object) -> Decimal | None:
    return value if isinstance(value, Decimal) else None
