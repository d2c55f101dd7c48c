"""Access on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.contracts.shared import AccessAction, AccessStatus
from libs.common.platform.http.wire import Wire

Reason = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]


class AccessIn(Wire):
    """What is to be done to the access to what was bought: close it, or reset its password and send that again."""

    action: AccessAction
    reason: Reason | None = None


class AccessDone(Wire):
    """It is done where the platform keeps it."""

    reason: Reason | None = None


class AccessView(BaseModel):
    """What is to be done to the access of an order, or was done."""

    id: UUID
    desk: str
    lead_id: UUID
    customer_id: UUID
    order_id: UUID
    action: AccessAction
    status: AccessStatus
    refund_id: UUID | None
    requested_at: datetime
    requested_by: str
    done_at: datetime | None
    done_by: str | None
    version: int
