"""The feed over the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.platform.http.wire import CustomerOut
from services.notifications.feed.rules import FeedKind


class FeedItem(BaseModel):
    """One entry of an operator's feed; `position` grows by one, `title` is in the caller's language.

    `customer` is as known when the entry was written, and absent when the task is about no customer.
    `message_received`: the customer of a lead wrote who is the operator's, or whose task they have;
    `message_answered`: that customer was answered, through the API or in the provider's app; `message_failed`: what
    was answered has not arrived. These name the message and how it begins. `call_ringing`: the operator's telephone
    rings; `GET /tasks/v1/callers` has the card of who calls. All of these name neither task nor due time, which all
    other entries have.
    """

    position: int
    kind: FeedKind
    desk: str
    task_id: UUID | None
    lead_id: UUID | None
    title: str
    url: Annotated[str | None, Field(description="path of the task that it is about, else of the lead")]
    order_number: str | None
    customer: CustomerOut | None
    due_at: datetime | None
    at: datetime
    message_id: UUID | None
    text: str | None
