"""Recordings on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class RecordingLink(BaseModel):
    """Where a recording can be played until `valid_until`, without a token: the address alone is enough."""

    contact_id: UUID
    desk: str
    lead_id: UUID | None
    customer_id: UUID | None
    url: str
    valid_until: datetime
