"""Queues on the wire."""

from datetime import datetime

from pydantic import BaseModel

from services.tasks.tasks.schemas import TaskOut


class QueueOut(BaseModel):
    """A queue: the number of its tasks and the age of its oldest lead in seconds (S1.1).

    Several queues of a desk may have one `code`, where playbooks declare it differently; `id` names one of them.
    """

    id: str
    code: str
    desk: str
    title: str
    playbooks: tuple[str, ...]
    priority: int
    count: int
    oldest_at: datetime | None
    oldest_age: int | None


class WhyOut(BaseModel):
    """Why the task comes next (P.3)."""

    lane: str
    desk: str
    text: str


class NextOut(BaseModel):
    """The next task and the reason; both are absent if there is none."""

    task: TaskOut | None
    why: WhyOut | None
