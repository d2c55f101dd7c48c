"""Events into steps of the rules, and decisions into events: the only place of the slice that knows both."""

from functools import lru_cache

from libs.common.contracts import Cause, EventData, Outgoing, Received, assignment, tasks
from services.assignment.pools.rules import (
    SCALE,
    Candidate,
    Decision,
    DecisionId,
    LeadId,
    Need,
    OperatorId,
    PoolId,
    TaskId,
)
from services.assignment.work.floor import Floor, Verdict
from services.assignment.work.rules import (
    Assigned,
    Declined,
    Ended,
    Origin,
    Request,
    Requested,
    Step,
    Taken,
    Withdrawn,
    Work,
    unknown,
)

ENDS = tasks.TaskCompleted | tasks.TaskFailed | tasks.TaskDeferred
WorkEvent = (
    tasks.WorkRequested
    | tasks.WorkWithdrawn
    | tasks.WorkDeclined
    | tasks.TaskAssigned
    | tasks.TaskTaken
    | tasks.TaskCompleted
    | tasks.TaskFailed
    | tasks.TaskDeferred
)


def work_event(event: Received[EventData]) -> WorkEvent:
    """Return the payload of an event that is about work. Raises TypeError for any other."""
    if not isinstance(event.data, WorkEvent):
        raise TypeError(f"{event.data.event_type} is not about work")
    return event.data


def pool_named(event: Received[EventData]) -> tuple[str, str] | None:
    """Return desk and code of the pool that an event names, if it names one."""
    data = event.data
    return (event.desk, data.pool) if isinstance(data, tasks.WorkRequested | tasks.TaskTaken | ENDS) else None


def people_named(event: Received[EventData]) -> list[OperatorId]:
    """Return the operators that an event puts work on."""
    data = event.data
    return [OperatorId(data.operator_id)] if isinstance(data, tasks.TaskAssigned | tasks.TaskTaken) else []


def work_of(event: Received[EventData], floor: Floor) -> Work:
    """Return the work that an event is about, as far as it is known."""
    data = work_event(event)
    task_id = TaskId(data.task_id)
    return floor.works.get(task_id) or unknown(task_id, LeadId(data.lead_id), event.desk)


def step_of(event: Received[EventData], pool_id: PoolId | None, floor: Floor) -> Step:
    """Return what an event means for its work; `pool_id` is the pool it names, when there is such a pool.

    An operator who is not ours cannot be counted: for us such work is gone.
    """
    match work_event(event):
        case tasks.WorkRequested() as data if pool_id is not None:
            return Requested(_request(event, data, pool_id))
        case tasks.WorkRequested() as data:
            raise LookupError(f"no pool {data.pool!r} at {event.desk!r}")
        case tasks.WorkWithdrawn(reason=reason):
            return Withdrawn(reason)
        case tasks.WorkDeclined(decision_id=decision_id, reason=reason):
            return Declined(DecisionId(decision_id), reason)
        case (tasks.TaskAssigned() | tasks.TaskTaken()) as data if data.operator_id not in floor.people:
            return Withdrawn("given_to_a_stranger")
        case tasks.TaskAssigned(operator_id=operator_id):
            return Assigned(OperatorId(operator_id))
        case tasks.TaskTaken(operator_id=operator_id):
            return Taken(OperatorId(operator_id), pool_id)
        case tasks.TaskCompleted() | tasks.TaskFailed() | tasks.TaskDeferred() as data:
            return Ended(OperatorId(data.operator_id) if data.operator_id else None)


def announcement(floor: Floor, verdict: Verdict, most: int) -> Outgoing:
    """Return the event of a decision with at most `most` candidates: the chosen one, then the eligible ones."""
    origin = verdict.request.origin
    return Outgoing(
        key=f"lead:{verdict.work.lead_id}",
        desk=verdict.work.desk,
        time=verdict.decision.at,
        data=_payload(floor, verdict, most),
        cause=Cause(origin.correlation_id, origin.causation_id, origin.traceparent),
    )


def _request(event: Received[EventData], data: tasks.WorkRequested, pool_id: PoolId) -> Request:
    prefer = OperatorId(data.prefer_operator_id) if data.prefer_operator_id else None
    cause = event.follow()
    return Request(
        data.task_version,
        pool_id,
        Need(data.role, frozenset(data.products), prefer),
        data.due_at,
        data.requested_at,
        Origin(cause.correlation_id, cause.causation_id, cause.traceparent),
    )


def _payload(floor: Floor, verdict: Verdict, most: int) -> EventData:
    work, request, operator_id = verdict.work, verdict.request, verdict.decision.operator_id
    pool = floor.pools[request.pool_id].code
    candidates = _candidates(verdict.decision, most)
    if operator_id is None:
        return assignment.WorkWaiting(
            task_id=work.task_id,
            lead_id=work.lead_id,
            pool=pool,
            decision_id=verdict.decision_id,
            candidates=candidates,
        )
    return assignment.WorkAssigned(
        task_id=work.task_id,
        lead_id=work.lead_id,
        task_version=request.version,
        pool=pool,
        decision_id=verdict.decision_id,
        operator_id=operator_id,
        operator_name=floor.people[operator_id].name,
        reason=verdict.decision.choice.value,
        candidates=candidates,
    )


def _candidates(decision: Decision, most: int) -> tuple[assignment.Candidate, ...]:
    def rank(candidate: Candidate) -> tuple[bool, bool, int]:
        return candidate.operator_id != decision.operator_id, bool(candidate.refusals), candidate.virtual_time

    return tuple(map(_candidate, sorted(decision.candidates, key=rank)[:most]))


# Between two decisions of a batch only one candidate changes: the others are found again.
@lru_cache(maxsize=4096)
def _candidate(candidate: Candidate) -> assignment.Candidate:
    return assignment.Candidate(
        operator_id=candidate.operator_id,
        reasons=tuple(refusal.value for refusal in candidate.refusals),
        virtual_time=candidate.virtual_time / SCALE,
        open_work=candidate.open_work,
    )
