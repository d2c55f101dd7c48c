"""Pools on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.shared import Presence
from libs.common.domain.code import Code
from services.assignment.pools.actions import NewPool
from services.assignment.wire import Titles, Wire


class PoolIn(Wire):
    """A pool to create; its code is unique in the desk."""

    desk: Code
    code: Code
    title: Titles
    role: Code = "operator"

    def command(self) -> NewPool:
        return NewPool(self.desk, self.code, self.title.model_dump(), self.role)


class PoolPatch(Wire):
    """A change of a pool; a field left out stays."""

    title: Titles | None = None
    role: Code | None = None


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
    turns: int
    waiting: WaitingView
    seats: tuple[PoolSeatView, ...]
    version: int
