"""Mending an outcome, on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.platform.http.wire import Words
from services.tasks.engine.deeds import Lasting, Left
from services.tasks.mending.actions import Mend
from services.tasks.mending.rules import Final
from services.tasks.tasks.schemas import OutcomeIn, OutcomeOut

AcceptLeft = Annotated[bool, Field(description="true: what stays of the wrong outcome is known and accepted")]


class MendIn(OutcomeIn):
    """The right outcome, and why the first was wrong; `accept_left`: the caller has read what stays of it."""

    reason: Words
    accept_left: AcceptLeft = False

    def command(self) -> Mend:
        return Mend(self.input(), self.reason, self.accept_left)


class LeftOut(BaseModel):
    """What stays of a wrong outcome: a message that has left, a change that intake was asked for, a charge."""

    kind: Lasting
    code: str

    @classmethod
    def of(cls, left: Left) -> "LeftOut":
        return cls(kind=left.kind, code=left.code)


class MendingOut(BaseModel):
    """What mending the outcome of a task would mean.

    `final`: why it cannot be mended, absent when it can. `successor_ids` are the tasks that it opened, which are
    closed; `left` is what stays and must be accepted; `outcomes` are those that the task may get instead.
    """

    task_id: UUID
    outcome: str | None
    final: Final | None
    until: datetime | None
    successor_ids: tuple[UUID, ...]
    left: tuple[LeftOut, ...]
    outcomes: tuple[OutcomeOut, ...]
    version: int
