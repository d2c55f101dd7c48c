"""A lead's money, access and appointment as they are stored: in columns of their own.

The release before writes `facts` anew and would lose them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from typing import Any, TypedDict
from uuid import UUID

from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    AppointmentParty,
    AppointmentStep,
    PaymentKind,
    PaymentStatus,
    RefundState,
)
from services.tasks.engine.facts import NO_DEALINGS, Access, Appointment, Dealings, Facts, Paid, Refund


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
        and Paid(
            PaymentKind(paid["kind"]),
            PaymentStatus(paid["status"]),
            paid["doubled"],
            paid["fully_paid"],
            _order_id(paid),
        ),
        refund=refund
        and Refund(
            RefundState(refund["state"]),
            refund["due_on"] and date.fromisoformat(refund["due_on"]),
            _order_id(refund),
        ),
        access=access and Access(AccessAction(access["action"]), AccessStatus(access["status"]), _order_id(access)),
        held_until=held and datetime.fromisoformat(held),
    )


def _order_id(stored: Mapping[str, Any]) -> UUID | None:
    return UUID(found) if (found := stored.get("order_id")) is not None else None


def appointment_json(facts: Facts) -> dict[str, object] | None:
    """Return the lead's appointment and the time that was asked for; None while it has neither."""
    found = facts.appointment
    if found is None and facts.asked_at is None:
        return None
    known = found and {
        "id": found.id,
        "version": found.version,
        "step": found.step,
        "at": found.at,
        "by": found.by,
        "warned": found.warned,
    }
    return {"known": known, "asked_at": facts.asked_at}


class _Appointed(TypedDict):
    appointment: Appointment | None
    asked_at: datetime | None


def read_appointment(stored: Mapping[str, Any] | None) -> _Appointed:
    """Return the lead's appointment as it was stored."""
    if stored is None:
        return {"appointment": None, "asked_at": None}
    known, asked = stored["known"], stored["asked_at"]
    return {"appointment": known and _appointment(known), "asked_at": asked and datetime.fromisoformat(asked)}


def _appointment(known: Mapping[str, Any]) -> Appointment:
    return Appointment(
        id=UUID(known["id"]),
        version=known["version"],
        step=AppointmentStep(known["step"]),
        at=datetime.fromisoformat(known["at"]),
        by=None if known["by"] is None else AppointmentParty(known["by"]),
        warned=known["warned"],
    )
