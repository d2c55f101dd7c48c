"""What customers are not contacted for → events."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.consents import ConsentChanged
from libs.common.contracts.shared import Purpose
from services.intake.consents.rules import LISTED
from services.intake.consents.store import Settled


def closed_of(barred: Sequence[str] | None) -> tuple[Purpose, ...]:
    """Return the closed purposes of what is stored with a customer."""
    return tuple(Purpose(each) for each in barred or () if each != LISTED)


def consent_changed(settled: Settled, actor: str, now: datetime, cause: Cause) -> list[Outgoing]:
    """Return `consent.changed` of each id for which it is new."""
    return [_event(customer_id, desk, settled.barred, actor, now, cause) for customer_id, desk in settled.fresh]


def _event(
    customer_id: UUID, desk: str, barred: Sequence[str], actor: str, now: datetime, cause: Cause
) -> Outgoing:
    data = ConsentChanged(customer_id=customer_id, closed=closed_of(barred), listed=LISTED in barred, actor=actor)
    return Outgoing(f"customer:{customer_id}", desk, now, data, cause)
