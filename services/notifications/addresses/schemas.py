"""Addresses over the wire."""

from datetime import datetime

from pydantic import BaseModel


class Address(BaseModel):
    """What is known of a customer's address. `code`: the provider's word for the last change, empty for good news.

    `unreachable_until`: nothing is sent there before; a message that arrives, or one from there, takes it back.
    """

    desk: str
    kind: str
    address: str
    unreachable_until: datetime | None
    opted_out: bool
    opted_out_of_marketing: bool
    opted_at: datetime | None
    code: str
    changed_at: datetime
