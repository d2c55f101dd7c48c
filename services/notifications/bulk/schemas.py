"""Bulk actions over messages, on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.domain.code import Code
from libs.common.domain.plans import BulkMemberState, Progress
from libs.common.platform.http.wire import Moment, Wire, Words
from services.notifications.bulk.actions import PlanCommand
from services.notifications.bulk.rules import LARGEST, MessageBulkKind
from services.notifications.messages.queries import Filter
from services.notifications.messages.rules import MessageState

_Word = Annotated[str | None, Field(max_length=64)]


class MessageFilterIn(Wire):
    """Which messages are meant, as in the list of messages; what is left out does not filter."""

    ids: Annotated[tuple[UUID, ...] | None, Field(max_length=LARGEST)] = None
    lead_id: UUID | None = None
    state: MessageState | None = None
    purpose: _Word = None
    template: _Word = None
    channel: _Word = None
    requested_from: Moment | None = None
    requested_to: Moment | None = None

    def selection(self, desk: str) -> Filter:
        return Filter(frozenset({desk}), **self.model_dump())


class MessageBulkActionIn(Wire):
    """What is done to which messages of a desk, and why in words; `withdraw`: they do not leave."""

    desk: Code
    action: MessageBulkKind
    filter: MessageFilterIn
    comment: Words

    def command(self) -> PlanCommand:
        shown = self.filter.model_dump(mode="json", exclude_none=True)
        return PlanCommand(self.desk, self.action, self.filter.selection(self.desk), shown, self.comment)


class MessageBulkAction(BaseModel):
    """A bulk action, how many of its members are in each state, and why members stay as they are."""

    id: UUID
    desk: str
    action: MessageBulkKind
    filter: dict[str, object]
    comment: str
    state: Progress
    members: dict[BulkMemberState, int]
    notes: dict[str, int]
    planned_at: datetime
    planned_by: str
    applied_at: datetime | None
    applied_by: str | None
    undone_at: datetime | None
    undone_by: str | None
    version: int


class MessageBulkMember(BaseModel):
    """A member: a message as planned, and what became of it.

    `note` says why it stays as it is: `on_its_way`, `sent`, `doubtful` (it may have arrived), `ended`; of an undo
    `deadline_passed`, `unwanted` (its playbook has withdrawn it too), or what bars its address or channel.
    """

    position: int
    message_id: UUID
    lead_id: UUID | None
    purpose: str
    template: str
    channel: str
    state: BulkMemberState
    note: str | None
