"""Erasures on the wire; nothing of the person is in them."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.common.platform.http.wire import Days, Wire
from services.intake.erasures.rules import ErasureReason, ErasureState


class ErasureIn(Wire):
    """Why the customer is erased."""

    reason: ErasureReason


class ErasurePart(BaseModel):
    """What has become of the customer's data at one service; `counts` are rows by table."""

    service: str
    state: ErasureState
    done_at: datetime | None
    counts: dict[str, int]


class ErasureView(BaseModel):
    """An erasure: who asked for it and why, and what each service says of it. It is done when all say so."""

    id: UUID
    desk: str
    customer_id: UUID
    reason: ErasureReason
    requested_at: datetime
    requested_by: str
    state: ErasureState
    services: list[ErasurePart]


class IntakeRetention(Wire):
    """For how many days intake keeps what names persons; null: for good.

    `customers`: after the last change of a customer's leads, all of them ended, the customer is erased everywhere.
    """

    deliveries: Days | None = None
    recordings: Days | None = None
    customers: Days | None = None
