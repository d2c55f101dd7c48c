"""Events of what waits for a person: raised once, cleared once nothing waits any more (P.12). Key `desk:<code>`.

Every service but tasks says so on its own topic, by types of its own; tasks opens a task and closes it.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.contracts.envelope import EventData
from libs.common.contracts.shared import Text
from libs.common.contracts.topics import Topic


class Raised(EventData):
    """Something waits for a person: `count` things of a kind, the first of them since `since`.

    `ref` names what waits where each waits by itself, and is empty where the kind as a whole does. `title` says
    what is to be done, until `due_at`. `operator_id`: whose work waits with it, one who did not come (S2.2).
    `assignee_id`: who is to do it, where that is one person.
    """

    kind: str
    ref: str
    title: Text
    count: int
    since: datetime
    due_at: datetime
    operator_id: UUID | None = None
    assignee_id: UUID | None = None


class Cleared(EventData):
    """Nothing waits any more of what was raised under this kind and `ref`."""

    kind: str
    ref: str


class IntakeAttentionRaised(Raised):
    """Something waits for a person at intake."""

    event_type: ClassVar[str] = "dozvon.intake_attention.raised.v1"
    owner: ClassVar[str] = "intake"
    topic: ClassVar[Topic] = Topic.INTAKE


class IntakeAttentionCleared(Cleared):
    """It waits no more at intake."""

    event_type: ClassVar[str] = "dozvon.intake_attention.cleared.v1"
    owner: ClassVar[str] = "intake"
    topic: ClassVar[Topic] = Topic.INTAKE


class AssignmentAttentionRaised(Raised):
    """Something waits for a person at assignment."""

    event_type: ClassVar[str] = "dozvon.assignment_attention.raised.v1"
    owner: ClassVar[str] = "assignment"
    topic: ClassVar[Topic] = Topic.ASSIGNMENT


class AssignmentAttentionCleared(Cleared):
    """It waits no more at assignment."""

    event_type: ClassVar[str] = "dozvon.assignment_attention.cleared.v1"
    owner: ClassVar[str] = "assignment"
    topic: ClassVar[Topic] = Topic.ASSIGNMENT


class NotificationsAttentionRaised(Raised):
    """Something waits for a person at notifications."""

    event_type: ClassVar[str] = "dozvon.notifications_attention.raised.v1"
    owner: ClassVar[str] = "notifications"
    topic: ClassVar[Topic] = Topic.NOTIFICATIONS


class NotificationsAttentionCleared(Cleared):
    """It waits no more at notifications."""

    event_type: ClassVar[str] = "dozvon.notifications_attention.cleared.v1"
    owner: ClassVar[str] = "notifications"
    topic: ClassVar[Topic] = Topic.NOTIFICATIONS


EVENTS = (
    IntakeAttentionRaised,
    IntakeAttentionCleared,
    AssignmentAttentionRaised,
    AssignmentAttentionCleared,
    NotificationsAttentionRaised,
    NotificationsAttentionCleared,
)
