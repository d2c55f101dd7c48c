"""Queues on the wire."""

from datetime import datetime

from pydantic import BaseModel

from services.tasks.tasks.schemas import TaskOut


class QueueOut(BaseModel):
    """A lane of a desk: how much is in it, and how old its oldest lead is (S1.1). Age in seconds."""

    code: str
    desk: str
    title: str
    playbooks: tuple[str, ...]
    priority: int
    count: int
    oldest_at: datetime | None
    oldest_age: int | None


class WhyOut(BaseModel):
    """Why a task comes next (P.3)."""

    lane: str
    desk: str
    text: str


class NextOut(BaseModel):
    """What comes next; nothing to do = both absent."""

    task: TaskOut | None
    why: WhyOut | None
