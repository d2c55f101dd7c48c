"""Conversations over the wire."""

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from libs.common.contracts.shared import Direction, Identity, Language, MessageContent, Text
from libs.common.domain.code import Code
from libs.common.platform.http.wire import CustomerOut, Wire, WrongValueError
from services.notifications.conversations.rules import Writer
from services.notifications.media.schemas import MessageFile
from services.notifications.messages.rules import MessageState
from services.notifications.received.schemas import MediaReference

MOST = 10_000  # characters; what a channel takes is less, mostly


class Colleague(BaseModel):
    """An operator."""

    id: UUID
    name: str


class ConversationMessage(BaseModel):
    """A message of a conversation, whichever way it went and by whichever channel.

    `by`: the customer, a `person` of ours through the API (`author` is their token's `sub`), one of us in the
    provider's own `app`, or a `playbook`. `at`: the message's own time. What we sent has `state`, `code`,
    `template` and `purpose`, and while it waits `held_until`, `held_for` and
    `waits`, as `GET /notifications/v1/messages/{id}` has them.
    """

    id: UUID
    desk: str
    direction: Direction
    by: Writer
    at: datetime
    channel: str
    channel_code: str | None
    provider: str
    lead_id: UUID | None
    content: MessageContent
    text: str | None
    button: str | None
    media: MediaReference | None
    files: list[MessageFile]
    reply_to: str | None
    template: str | None
    purpose: str | None
    state: MessageState | None
    code: str | None
    held_until: datetime | None
    held_for: str | None
    waits: Text | None
    author: str | None
    operator: Colleague | None


class LastMessage(BaseModel):
    """The last message that a person wrote, the customer or one of us; `text`: how it begins."""

    id: UUID
    direction: Direction
    at: datetime
    content: MessageContent
    text: str | None


class ConversationWay(BaseModel):
    """A channel by which the customer can be answered.

    `last`: they wrote by it last, so it is answered by unless another is named. `free_text`: whether provider and
    role allow it now, until `free_text_until` (null: always, or not now); a template is allowed all the same.
    `refusal`: why nothing can be sent by it, such as `opted_out` or `channel_halted`.
    """

    channel_id: UUID
    code: str
    kind: str
    provider: str
    last: bool
    free_text: bool
    free_text_until: datetime | None
    refusal: str | None


class Conversation(BaseModel):
    """All messages with one customer over all channels. `id` is the customer's, once intake has said who it is.

    Until then `customer_id` is null, and the conversation is that of an address; it goes into the customer's.
    `operator` works the lead: is responsible for it, else has its task; the thread follows them to their heir.
    `customer` is as the lead has them, `name` as they call themselves. `unanswered_since`: the time of the first
    message after our last one. `last_message` gives the conversation its place in lists.
    """

    id: UUID
    desk: str
    customer_id: UUID | None
    lead_id: UUID | None
    operator: Colleague | None
    customer: CustomerOut | None
    name: str | None
    known_by: list[Identity]
    last_message: LastMessage
    unanswered_since: datetime | None
    ways: list[ConversationWay]


class WriteMessage(Wire):
    """What to write to the customer: free `text`, where the channel allows it now, or an approved `template`.

    `variables` fill the template besides name, phone and e-mail, which are the customer's. `channel` is the code of
    one of the conversation's ways; null: by which the customer wrote last.
    """

    text: Annotated[str | None, Field(min_length=1, max_length=MOST, pattern=r"\S")] = None
    template: Code | None = None
    variables: dict[str, Annotated[str, Field(max_length=1000)]] = {}
    language: Language = Language.RU
    channel: Code | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        if (self.text is None) == (self.template is None):
            raise WrongValueError("нужен либо текст, либо шаблон", "either a text or a template is needed")
        return self
