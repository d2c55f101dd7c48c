"""A rehearsed message on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.contracts.tasks import MessageRequested
from libs.common.domain.code import Code
from libs.common.platform.http.events import as_published
from libs.common.platform.http.wire import Moment, Wire
from services.notifications.messages.rules import MessageState
from services.notifications.messages.schemas import MessageNight


class AskedMessage(MessageRequested):
    """A request for a message as the rehearsal of tasks gives it."""

    template: Code
    deadline: Moment | None = None


class MessageRehearsalIn(Wire):
    """The message to be rehearsed."""

    desk: Code
    message: Annotated[AskedMessage, as_published(AskedMessage)]


class RehearsedRung(BaseModel):
    """A channel by which the message would be tried, or would not: `code` says why."""

    number: int
    channel: str
    provider: str
    address: str | None
    text: str | None
    language: str | None
    segments: Annotated[int | None, Field(description="text messages that it takes, of an SMS")]
    registered: Annotated[
        str | None, Field(description="the provider's own template, for when free text is not allowed")
    ]
    code: str | None


class MessageRehearsal(BaseModel):
    """What would become of a message; nothing is stored.

    `state` is `pending` when it would be sent, at `at`: at once, or when the customer's night is over; by the
    first of its rungs without a code. Else `code` says why not. `night`: the quiet hours that it would keep.
    """

    desk: str
    customer_id: UUID | None
    template: str
    template_version: int | None
    at: datetime
    deadline: datetime | None
    state: MessageState
    code: str | None
    detail: str | None
    night: MessageNight | None
    rungs: tuple[RehearsedRung, ...]
