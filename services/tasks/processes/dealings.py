"""A lead's money and access as they are stored: a column of their own, which the release before leaves alone."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from libs.common.contracts.shared import AccessAction, AccessStatus, PaymentKind, PaymentStatus, RefundState
from services.tasks.engine.facts import NO_DEALINGS, Access, Dealings, Paid, Refund


def dealings_json(known: Dealings) -> dict[str, object] | None:
    """Return what is stored; None while nothing is known."""
    return None if known == NO_DEALINGS else asdict(known)


def read_dealings(stored: Mapping[str, Any] | None) -> Dealings:
    """Return what was stored."""
    if stored is None:
        return NO_DEALINGS
    paid, refund, access, held = (stored[name] for name in ("payment", "refund", "access", "held_until"))
    return Dealings(
        payment=paid
        and Paid(PaymentKind(paid["kind"]), PaymentStatus(paid["status"]), paid["doubled"], paid["fully_paid"]),
        refund=refund
        and Refund(RefundState(refund["state"]), refund["due_on"] and date.fromisoformat(refund["due_on"])),
        access=access and Access(AccessAction(access["action"]), AccessStatus(access["status"])),
        held_until=held and datetime.fromisoformat(held),
    )
