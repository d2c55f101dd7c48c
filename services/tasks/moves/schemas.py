"""Moves on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.shared import Stage
from libs.common.platform.http.wire import Moment, Wire, Words
from services.tasks.moves.actions import Handover
from services.tasks.tasks.schemas import TaskOut


class WordsIn(Wire):
    """Why, in words."""

    comment: Words


class HandoverIn(Wire):
    """To which operator, and why in words."""

    operator_id: UUID
    comment: Words

    def command(self) -> Handover:
        return Handover(self.operator_id, self.comment)


class LoanIn(Wire):
    """To which operator, until when, and why in words."""

    operator_id: UUID
    until: Moment
    comment: Words

    def command(self) -> Handover:
        return Handover(self.operator_id, self.comment, self.until)


class LeadOut(BaseModel):
    """A lead as it is worked: its process, owner and open tasks. `version` rises with each change of the owner."""

    lead_id: UUID
    desk: str
    order_number: str | None
    playbook: str
    playbook_version: int
    status: str | None
    stage: Stage | None
    owner_id: UUID | None
    owner_name: str | None
    started_at: datetime
    ended_at: datetime | None
    tasks: tuple[TaskOut, ...]
    version: int
