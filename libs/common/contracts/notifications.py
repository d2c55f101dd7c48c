"""Events that notifications owns: the progress of messages. Key `desk:<code>` for templates.

Of messages the key is that of the subject, as in tasks; `lead_id` is None when the subject is no lead.
"""

from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from libs.common.contracts.envelope import EventData
from libs.common.contracts.shared import Language
from libs.common.contracts.topics import Topic

OWNER = "notifications"


class NotificationsEvent(EventData):
    """An event of notifications' topic."""

    owner: ClassVar[str] = OWNER
    topic: ClassVar[Topic] = Topic.NOTIFICATIONS


class MessageStep(NotificationsEvent):
    """Shared by all steps of one message. `process_id` is that of its request: tasks gives the step to it."""

    message_id: UUID
    lead_id: UUID | None = None
    process_id: UUID | None = None
    template: str
    purpose: str
    channel: str
    provider: str


class MessageSent(MessageStep):
    """The provider accepted the message. `rung` is the place of the channel in the playbook's list, from 1.

    Published once for each rung by which a provider accepts it: one that failed afterwards is followed by the next.
    """

    event_type: ClassVar[str] = "dozvon.message.sent.v1"

    template_version: int
    rung: int = 1


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


EVENTS = (MessageSent, MessageDelivered, MessageRead, MessageFailed, TemplateApproved, TemplateRetired)
