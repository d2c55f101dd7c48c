"""Events of erasures: intake says who is to be forgotten, every other service answers once nothing is left (P.7).

The request has personal data, so that readers find what names the person; it lives as long as its topic keeps
events. The answers have none. Key `customer:<id>`.
"""

from typing import ClassVar
from uuid import UUID

from libs.common.contracts.envelope import EventData
from libs.common.contracts.shared import Customer, Part
from libs.common.contracts.topics import Topic


class Forgotten(Customer):
    """A person who is to be forgotten. `spellings`: how else their numbers and addresses were written."""

    spellings: tuple[str, ...] = ()


class CustomerErased(EventData):
    """A customer is erased: what is kept of them goes, and what still comes of these ids is not kept.

    `customer_ids` are all that are one with them by merges, `lead_ids` all leads of these.
    """

    event_type: ClassVar[str] = "dozvon.customer.erased.v1"
    owner: ClassVar[str] = "intake"
    topic: ClassVar[Topic] = Topic.PARTIES

    erasure_id: UUID
    customer_id: UUID
    customer_ids: tuple[UUID, ...]
    lead_ids: tuple[UUID, ...] = ()
    person: Forgotten


class Emptied(Part):
    """How many rows of a table have lost a person's data, or are gone."""

    table: str
    rows: int


class Scrubbed(EventData):
    """Nothing of an erased customer is left at a service."""

    erasure_id: UUID
    customer_id: UUID
    emptied: tuple[Emptied, ...] = ()


class TasksScrubbed(Scrubbed):
    """Nothing is left at tasks."""

    event_type: ClassVar[str] = "dozvon.tasks_customer.scrubbed.v1"
    owner: ClassVar[str] = "tasks"
    topic: ClassVar[Topic] = Topic.TASKS


class AssignmentScrubbed(Scrubbed):
    """Nothing is left at assignment."""

    event_type: ClassVar[str] = "dozvon.assignment_customer.scrubbed.v1"
    owner: ClassVar[str] = "assignment"
    topic: ClassVar[Topic] = Topic.ASSIGNMENT


class NotificationsScrubbed(Scrubbed):
    """Nothing is left at notifications."""

    event_type: ClassVar[str] = "dozvon.notifications_customer.scrubbed.v1"
    owner: ClassVar[str] = "notifications"
    topic: ClassVar[Topic] = Topic.NOTIFICATIONS


EVENTS = (CustomerErased, TasksScrubbed, AssignmentScrubbed, NotificationsScrubbed)
