"""The feed over the wire."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from libs.common.platform.http.wire import CustomerOut


class FeedItem(BaseModel):
    """One entry of an operator's feed; `position` grows by one, `title` is in the caller's language.

    `customer` is as known when the entry was written, and absent when the task is about no customer.
    """

    position: int
    kind: Literal["task_assigned", "task_taken", "task_reminded"]
    desk: str
    task_id: UUID
    lead_id: UUID | None
    title: str
    order_number: str | None
    customer: CustomerOut | None
    due_at: datetime
    at: datetime
