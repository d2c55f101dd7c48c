"""Events that notifications owns: messages both ways, and templates, whose key is `desk:<code>`.

Of what we send the key is that of the subject, as in tasks; `lead_id` is None when the subject is no lead.
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from libs.common.contracts.envelope import EventData
from libs.common.contracts.shared import Customer, Direction, Language, MessageContent, Speaker
from libs.common.contracts.topics import Topic

OWNER = "notifications"
#: What stands in the place of a template's code where a person wrote the text.
FREE_TEXT = "free_text"


class NotificationsEvent(EventData):
    """An event of notifications' topic."""

    owner: ClassVar[str] = OWNER
    topic: ClassVar[Topic] = Topic.NOTIFICATIONS


class MessageStep(NotificationsEvent):
    """Shared by all steps of one message. `process_id` is that of its request: tasks gives the step to it.

    `actor`: the `sub` of the person who wrote it, `operator_id` who that is of the operators; None: a playbook's.
    """

    message_id: UUID
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    process_id: UUID | None = None
    actor: str | None = None
    operator_id: UUID | None = None
    template: str
    purpose: str
    channel: str
    provider: str


class MessageSent(MessageStep):
    """The provider accepted the message. `rung` is the place of the channel in the playbook's list, from 1.

    Published once for each rung by which a provider accepts it: one that failed afterwards is followed by the next.
    Free text has no template: its name is `free_text`, its version 0. `at`: when a person wrote it.
    """

    event_type: ClassVar[str] = "dozvon.message.sent.v1"

    template_version: int
    rung: int = 1
    at: datetime | None = None


class MessageDelivered(MessageStep):
    """The provider reports that the message reached the customer's device."""

    event_type: ClassVar[str] = "dozvon.message.delivered.v1"


class MessageRead(MessageStep):
    """The customer opened it."""

    event_type: ClassVar[str] = "dozvon.message.read.v1"


class FinalState(StrEnum):
    """The end of a message whose arrival is not certain."""

    FAILED = "failed"
    UNKNOWN = "unknown"  # the provider's answer was lost; the message is never sent again blindly


class MessageFailed(MessageStep):
    """The message was not sent, or it is unknown whether it was; `code` is the machine-readable reason.

    `ladder_exhausted`: all channels have failed, each for the reason in `detail`; `doubtful`: it may have
    arrived, so nothing else was sent, and `message.delivered` may still follow.
    """

    event_type: ClassVar[str] = "dozvon.message.failed.v1"

    state: FinalState
    code: str
    detail: str


class MessageReceived(NotificationsEvent):
    """A customer wrote to a channel, or was written to in the provider's own app (`direction` out).

    Key `address:<kind>:<value>`; intake says whose it is. `channel` is the channel's kind, `channel_code` its name,
    `at` the message's own time. `person.identities` are all that the message shows of its customer.
    """

    event_type: ClassVar[str] = "dozvon.message.received.v1"

    message_id: UUID
    channel_id: UUID
    channel: str
    channel_code: str
    provider: str
    direction: Direction
    content: MessageContent
    at: datetime
    person: Speaker


class AdvertisingSwitched(NotificationsEvent):
    """A customer stopped advertisements by a switch of the provider's own; `wanted`: they are to come again.

    Key `address:<kind>:<value>`. `channel` is the channel's kind, `at` when they did so. A stop word is a message,
    and no switch.
    """

    event_type: ClassVar[str] = "dozvon.advertising.switched.v1"

    channel_id: UUID
    channel: str
    provider: str
    wanted: bool
    at: datetime
    person: Customer


class TemplateApproved(NotificationsEvent):
    """A version of a template may be used (S2.5). Key `desk:<code>`."""

    event_type: ClassVar[str] = "dozvon.template.approved.v1"

    code: str
    version: int
    languages: tuple[Language, ...]
    actor: str


class TemplateRetired(NotificationsEvent):
    """A template may not be used any more, until a new version of it is approved. Key `desk:<code>`."""

    event_type: ClassVar[str] = "dozvon.template.retired.v1"

    code: str
    actor: str


class ChannelChanged(NotificationsEvent):
    """A channel of a desk was made or changed, or is not used any more. Key `channel:<id>`."""

    event_type: ClassVar[str] = "dozvon.channel.changed.v1"

    channel_id: UUID
    code: str
    kind: str
    active: bool
    version: int


EVENTS = (
    MessageSent, MessageDelivered, MessageRead, MessageFailed, MessageReceived, AdvertisingSwitched,
    TemplateApproved, TemplateRetired, ChannelChanged,
)  # fmt: skip
