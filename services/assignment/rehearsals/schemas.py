"""A rehearsed decision on the wire."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from libs.common.contracts.tasks import WorkRequested
from libs.common.domain.code import Code
from libs.common.platform.http.events import as_published
from libs.common.platform.http.wire import MAX_INTEGER, Moment, Wire
from services.assignment.decisions.schemas import CandidateView, ReasonView


def _number(value: object) -> object:
    """Refuse what pydantic would also read as a number: JSON's true and false."""
    return str(value) if isinstance(value, bool) else value


class RehearsedWork(WorkRequested):
    """A request for an operator as the rehearsal of tasks gives it."""

    task_version: Annotated[int, Field(ge=1, le=MAX_INTEGER), BeforeValidator(_number)]
    pool: Code
    role: Code
    due_at: Moment
    requested_at: Moment


class WorkRehearsalIn(Wire):
    """Whom to find an operator for."""

    desk: Code
    work: Annotated[RehearsedWork, as_published(RehearsedWork)]


class WorkRehearsal(BaseModel):
    """Who would get the work now, and why; none: it would wait. `pool_exists`: the desk has such a pool."""

    desk: str
    pool: str
    pool_exists: bool
    at: datetime
    operator_id: UUID | None
    operator_name: str | None
    reason: ReasonView
    candidates: tuple[CandidateView, ...]
