"""Pools on the wire."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel

from libs.common.contracts.shared import Presence
from libs.common.domain.code import Code
from services.assignment.pools.actions import NewPool
from services.assignment.wire import Titles, Wire


class PoolIn(Wire):
    """A pool to be made; its code is unique in the desk."""

    desk: Code
    code: Code
    title: Titles
    role: Code = "operator"

    def command(self) -> NewPool:
        """Return the use case's command."""
        return NewPool(self.desk, self.code, self.title.model_dump(), self.role)


class PoolPatch(Wire):
    """What shall be different; a field left out stays."""

    title: Titles | None = None
    role: Code | None = None


class WaitingView(BaseModel):
    """What nobody could be given yet: how much, since when, due when."""

    count: int
    oldest_at: datetime | None
    next_due_at: datetime | None


class PoolSeatView(BaseModel):
    """An operator in the queue; the least `virtual_time` (in turns at weight 1) of the eligible is next."""

    operator_id: UUID
    name: str
    presence: Presence
    weight: int
    turns: int
    virtual_time: float
    open_work: int
    capacity: int


class PoolView(BaseModel):
    """A pool, its queue and what waits; `title` is in the caller's language."""

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
