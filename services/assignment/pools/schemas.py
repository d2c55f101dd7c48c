"""Pools on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, Field

from libs.common.contracts.assignment import MEND_WITHIN
from libs.common.contracts.shared import Presence, TakenWork
from libs.common.domain.code import Code
from libs.common.platform.http.wire import Patch
from services.assignment.pools.actions import NewPool, PoolChange
from services.assignment.pools.rules import DEFAULT_SHARE
from services.assignment.wire import Titles, Wire

OffShiftPull = Annotated[bool, Field(description="operators off shift may take its tasks (S2.3)")]
TakenRule = Annotated[TakenWork, Field(description="what becomes of the taken tasks of an operator who leaves")]
Share = Annotated[
    int, Field(ge=1, le=1000, description="untaken tasks up to which an operator gets work that has waited")
]
MendWithin = Annotated[
    int, Field(ge=0, le=1440, description="minutes in which a wrong outcome of its tasks may be mended; 0: never")
]
AfterCall = Annotated[
    int,
    Field(
        ge=0, le=3600, description="seconds in which who has ended a call writes it up, offered nothing; 0: none"
    ),
]
AwayAfter = Annotated[int, Field(ge=0, le=1440, description="minutes of silence after which one is away; 0: never")]


class PoolIn(Wire):
    """A pool to create; its code is unique in the desk."""

    desk: Code
    code: Code
    title: Titles
    role: Code = "operator"
    off_shift_pull: OffShiftPull = False
    taken_work: TakenRule = TakenWork.KEEP
    away_after: AwayAfter = 5
    share: Share = DEFAULT_SHARE
    mend_within: MendWithin = MEND_WITHIN
    after_call: AfterCall = 0

    def command(self) -> NewPool:
        rules = self.off_shift_pull, self.taken_work, self.away_after, self.share, self.mend_within, self.after_call
        return NewPool(self.desk, self.code, self.title.model_dump(), self.role, *rules)


class PoolPatch(Patch):
    """A change of a pool; a field left out stays."""

    title: Titles | None = None
    role: Code | None = None
    off_shift_pull: OffShiftPull | None = None
    taken_work: TakenRule | None = None
    away_after: AwayAfter | None = None
    share: Share | None = None
    mend_within: MendWithin | None = None
    after_call: AfterCall | None = None
    active: Annotated[bool | None, Field(description="false: retire it; its operators have left it before")] = None

    def command(self) -> PoolChange:
        title = self.title.model_dump() if self.title else None
        rules = self.off_shift_pull, self.taken_work, self.away_after, self.share, self.mend_within, self.after_call
        return PoolChange(title, self.role, *rules, self.active)


class WaitingView(BaseModel):
    """Waiting work of a pool: its count, the oldest request, the next due time."""

    count: int
    oldest_at: datetime | None
    next_due_at: datetime | None


class PoolSeatView(BaseModel):
    """An operator of the pool; the eligible one with the least `virtual_time` (in turns at weight 1) is next."""

    operator_id: UUID
    name: str
    presence: Presence
    away: bool
    presence_since: datetime
    pause_reason: str | None
    weight: int
    turns: int
    virtual_time: float
    open_work: int
    capacity: int


class PoolView(BaseModel):
    """A pool, its seats and its waiting work; `title` is in the caller's language."""

    id: UUID
    desk: str
    code: str
    title: str
    titles: dict[str, str]
    role: str
    off_shift_pull: bool
    taken_work: TakenWork
    away_after: int
    share: int
    mend_within: int
    after_call: int
    active: bool
    turns: int
    waiting: WaitingView
    seats: tuple[PoolSeatView, ...]
    version: int
