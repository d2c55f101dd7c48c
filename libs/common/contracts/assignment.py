"""Events that assignment owns: operators and proposals. Key `operator:<id>` for people.

Of work the key is that of the subject, as in tasks; `lead_id` is None when the subject is no lead.
"""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from libs.common.contracts.envelope import EventData
from libs.common.contracts.shared import Customer, Part, Presence, TakenWork
from libs.common.contracts.topics import Topic

OWNER = "assignment"


class AssignmentEvent(EventData):
    """An event of assignment's topic."""

    owner: ClassVar[str] = OWNER
    topic: ClassVar[Topic] = Topic.ASSIGNMENT


class PeopleEvent(AssignmentEvent):
    """An event about operators, on a topic of its own: who reads it need not read all proposals."""

    topic: ClassVar[Topic] = Topic.PEOPLE


class Candidate(Part):
    """One operator of the pool in a decision; no reasons means eligible (P.3)."""

    operator_id: UUID
    reasons: tuple[str, ...] = ()
    virtual_time: float
    open_work: int


class WorkAssigned(AssignmentEvent):
    """A proposal: this operator should do the task. It becomes true when tasks accepts it."""

    event_type: ClassVar[str] = "dozvon.work.assigned.v1"

    task_id: UUID
    lead_id: UUID | None = None
    task_version: int
    pool: str
    decision_id: UUID
    operator_id: UUID
    operator_name: str
    reason: str
    candidates: tuple[Candidate, ...]
    operator_version: int | None = None  # of the operator as assignment saw them; fences a later change (S2.3)
    deputises_for: UUID | None = None  # the lead's owner, who is absent and has named the operator


class WorkWaiting(AssignmentEvent):
    """No operator is eligible now. The work waits, ordered by deadline, then age, until one is."""

    event_type: ClassVar[str] = "dozvon.work.waiting.v1"

    task_id: UUID
    lead_id: UUID | None = None
    pool: str
    decision_id: UUID
    candidates: tuple[Candidate, ...]


class OperatorChanged(PeopleEvent):
    """An operator was made or changed. `subject` is the `sub` of their token; key `operator:<id>`.

    `person` is how they are reached, None where that is not known; `extension` their telephone at the exchange.
    `department` is theirs, `heads` are those that they head, both by codes of their home desk. `absent_until`: when
    a planned absence ends that lasts, in which `deputy_id` deputises.
    """

    event_type: ClassVar[str] = "dozvon.operator.changed.v1"

    operator_id: UUID
    subject: str
    name: str
    active: bool
    roles: tuple[str, ...]
    desks: tuple[str, ...]
    pools: tuple[str, ...]
    products: tuple[str, ...]
    capacity: int
    presence: Presence
    away: bool = False
    version: int = 0
    person: Customer | None = None
    department: str | None = None
    heads: tuple[str, ...] = ()
    absent_until: datetime | None = None
    deputy_id: UUID | None = None
    extension: str | None = None


class ShiftStarted(PeopleEvent):
    """An operator checked in. Key `operator:<id>`."""

    event_type: ClassVar[str] = "dozvon.shift.started.v1"

    operator_id: UUID
    at: datetime


class ShiftEnded(PeopleEvent):
    """An operator checked out. Key `operator:<id>`.

    `heir_id` is to have their open conversations, whose tasks are `handed` (S4.6); None: no one is named. Said
    before the `operator.changed` of the check-out, so that they are handed over before anything else is released.
    """

    event_type: ClassVar[str] = "dozvon.shift.ended.v1"

    operator_id: UUID
    at: datetime
    heir_id: UUID | None = None
    handed: tuple[UUID, ...] = ()
    actor: str | None = None


MEND_WITHIN = 15  # minutes; of pools that do not say


class PoolChanged(PeopleEvent):
    """A pool was made or changed. Key `pool:<id>`.

    `off_shift_pull`: operators off shift may take its tasks (S2.3). `taken_work`: what becomes of the tasks that an
    operator has taken and leaves behind. `mend_within`: the minutes in which a wrong outcome may be
    mended, 0 = never.
    """

    event_type: ClassVar[str] = "dozvon.pool.changed.v1"

    pool_id: UUID
    desk: str
    code: str
    off_shift_pull: bool
    taken_work: TakenWork
    mend_within: int = MEND_WITHIN
    version: int


EVENTS = (WorkAssigned, WorkWaiting, OperatorChanged, ShiftStarted, ShiftEnded, PoolChanged)
