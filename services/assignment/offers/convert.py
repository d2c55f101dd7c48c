"""Events of tasks → steps of the rules, and decisions → events."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from typing import TypeAlias, assert_never
from uuid import UUID

from asyncpg import Record

from libs.common.contracts import Cause, EventData, Outgoing, Received, assignment, tasks
from libs.common.domain.frozen import replace
from services.assignment.offers.rules import (
    Assigned,
    Declined,
    Ended,
    Offer,
    Origin,
    Released,
    Request,
    Requested,
    Step,
    Taken,
    Withdrawn,
    new_offer,
)
from services.assignment.offers.snapshot import Snapshot, Verdict
from services.assignment.pools.rules import (
    SCALE,
    Candidate,
    Choice,
    DecisionId,
    LeadId,
    Need,
    OperatorId,
    PoolId,
    TaskId,
)
from services.assignment.pools.store import PoolName

WorkEvent: TypeAlias = (
    tasks.WorkRequested
    | tasks.WorkWithdrawn
    | tasks.WorkDeclined
    | tasks.TaskAssigned
    | tasks.TaskTaken
    | tasks.TaskReleased
    | tasks.TaskReassigned
    | tasks.TaskLent
    | tasks.TaskReturned
    | tasks.TaskCompleted
    | tasks.TaskFailed
    | tasks.TaskDeferred
)

#: Reasons of a move for which the turn of who loses the task is given back.
EXCUSED = frozenset(
    {
        "inactive",
        "absent",
        "off_shift",
        "away",
        "taken_away",
        "assigned",
        "lender_gone",
        "redistributed",
        "undone",
        "handed_over",
    }
)


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """A parsed event: its offer, the pool that it names, and the operator to whom it assigns the task.

    `step` builds the step once the pool's id is known. `role` is that of a request. `called` has ended a call.
    `task_type` is None where the event does not say it.
    """

    task_id: TaskId
    lead_id: LeadId | None
    key: str
    desk: str
    step: Callable[[PoolId | None], Step]
    pool: PoolName | None = None
    role: str | None = None
    new_holder: OperatorId | None = None
    called: OperatorId | None = None
    task_type: str | None = None

    def offer(self, snapshot: Snapshot) -> Offer:
        """Return the known offer, or a new one, with the type of its task if the event says it."""
        known = snapshot.offers.get(self.task_id) or new_offer(self.task_id, self.lead_id, self.key, self.desk)
        return known if self.task_type is None else replace(known, task_type=self.task_type)

    def step_at(self, snapshot: Snapshot, pool_id: PoolId | None) -> Step:
        """Return the step of the event; `pool_id` is the pool that it names, if it exists.

        An unknown operator has no open count, so an offer assigned to one is withdrawn.
        """
        if self.new_holder is not None and self.new_holder not in snapshot.operators:
            return Withdrawn("given_to_a_stranger")
        return self.step(pool_id)


def parse(event: Received[EventData]) -> ParsedEvent:
    """Parse an event. Raises TypeError for an event that is not about work."""
    data = event.data
    if not isinstance(data, WorkEvent):
        raise TypeError(f"{data.event_type} is not about work")
    lead_id = LeadId(data.lead_id) if data.lead_id else None
    named = getattr(data, "task_type", None)
    build = partial(ParsedEvent, TaskId(data.task_id), lead_id, event.key, event.desk, task_type=named)
    match data:
        case tasks.WorkRequested(pool=pool, role=role):
            return build(partial(_requested, event, data), (event.desk, pool), role)
        case tasks.WorkWithdrawn(reason=reason):
            return build(lambda _: Withdrawn(reason))
        case tasks.WorkDeclined(decision_id=decision_id, reason=reason):
            return build(lambda _: Declined(DecisionId(decision_id), reason))
        case tasks.TaskAssigned():
            who = OperatorId(data.operator_id)
            return build(lambda _: Assigned(who), new_holder=who)
        case tasks.TaskTaken(pool=pool):
            who = OperatorId(data.operator_id)
            return build(partial(Taken, who), (event.desk, pool), new_holder=who)
        case tasks.TaskReleased(pool=pool, reason=reason):
            who = OperatorId(data.operator_id)
            return build(lambda _: Released(who, excused=reason in EXCUSED), (event.desk, pool))
        case tasks.TaskReassigned() | tasks.TaskLent() | tasks.TaskReturned():
            who, excused = OperatorId(data.to_operator_id), data.reason in EXCUSED
            previous = OperatorId(data.from_operator_id) if data.from_operator_id else None
            return build(lambda _: Assigned(who, excused, previous), (event.desk, data.pool), new_holder=who)
        case tasks.TaskCompleted() | tasks.TaskFailed() | tasks.TaskDeferred():
            by = OperatorId(data.operator_id) if data.operator_id else None
            called = by if data.call_made and data.actor == str(by) else None
            return build(lambda _: Ended(by), (event.desk, data.pool), called=called)
        case _:
            assert_never(data)


def accepts_proposal(data: EventData) -> bool:
    """Return whether tasks only says that it accepted a proposal, which is held since it was made.

    What tasks gave to its person without asking for an operator names itself as the decision.
    """
    return isinstance(data, tasks.TaskAssigned) and data.decision_id != data.task_id


def decision_event(snapshot: Snapshot, verdict: Verdict, limit: int) -> Outgoing:
    """Return the event of a decision with at most `limit` candidates: the chosen one, then the eligible ones."""
    origin = verdict.request.origin
    return Outgoing(
        key=verdict.offer.key,
        desk=verdict.offer.desk,
        time=verdict.decision.at,
        data=_payload(snapshot, verdict, limit),
        cause=Cause(origin.correlation_id, origin.causation_id, origin.traceparent),
    )


def repeated_event(snapshot: Snapshot, row: Record, now: datetime, limit: int) -> Outgoing:
    """Return the event of a stored decision once more: tasks has heard nothing of it.

    `operator_version` is the least there is: what has happened to the operator since counts.
    """
    offer = snapshot.offers[TaskId(row["task_id"])]
    known = [
        assignment.Candidate(
            operator_id=each["operator_id"],
            reasons=tuple(each["reasons"]),
            virtual_time=each["virtual_time"] / SCALE,
            open_work=each["open_work"],
        )
        for each in row["candidates"]
    ]
    candidates = _foremost(known, row["operator_id"], limit)
    about = {
        "task_id": offer.task_id, "lead_id": offer.lead_id, "pool": row["pool"], "decision_id": row["id"],
        "candidates": candidates,
    }  # fmt: skip
    if row["operator_id"] is None:
        data: EventData = assignment.WorkWaiting.model_validate(about)
    else:
        of_operator = {name: row[name] for name in ("operator_id", "operator_name", "reason", "task_version")}
        deputises_for = deputised(row["reason"], offer.request)
        known_of = {**of_operator, "operator_version": 0, "deputises_for": deputises_for}
        data = assignment.WorkAssigned.model_validate({**about, **known_of})
    origin = offer.request.origin if offer.request else Origin(row["id"], None, None)
    cause = Cause(origin.correlation_id, origin.causation_id, origin.traceparent)
    return Outgoing(key=offer.key, desk=offer.desk, time=now, data=data, cause=cause)


def deputised(reason: str, request: Request | None) -> UUID | None:
    """Return the absent owner for whom a decision has given the work to their deputy."""
    return request.need.prefer if request is not None and reason == Choice.DEPUTY_OF_OWNER else None


def _requested(event: Received[EventData], data: tasks.WorkRequested, pool_id: PoolId | None) -> Requested:
    if pool_id is None:
        raise LookupError(f"no pool {data.pool!r} at {event.desk!r}")
    prefer = OperatorId(data.prefer_operator_id) if data.prefer_operator_id else None
    avoid = OperatorId(data.avoid_operator_id) if data.avoid_operator_id else None
    among = frozenset(map(OperatorId, data.among_operator_ids))
    cause = event.follow()
    request = Request(
        data.task_version,
        pool_id,
        Need(data.role, frozenset(data.products), prefer, avoid, among),
        data.due_at,
        data.requested_at,
        Origin(cause.correlation_id, cause.causation_id, cause.traceparent),
    )
    return Requested(request)


def _payload(snapshot: Snapshot, verdict: Verdict, limit: int) -> EventData:
    offer, request, operator_id = verdict.offer, verdict.request, verdict.decision.operator_id
    pool = snapshot.pools[request.pool_id].code
    candidates = _foremost(map(_candidate, verdict.decision.candidates), operator_id, limit)
    if operator_id is None:
        return assignment.WorkWaiting(
            task_id=offer.task_id,
            lead_id=offer.lead_id,
            pool=pool,
            decision_id=verdict.decision_id,
            candidates=candidates,
        )
    operator = snapshot.operators[operator_id]
    return assignment.WorkAssigned(
        task_id=offer.task_id,
        lead_id=offer.lead_id,
        task_version=request.version,
        pool=pool,
        decision_id=verdict.decision_id,
        operator_id=operator_id,
        operator_name=operator.name,
        reason=verdict.decision.choice.value,
        candidates=candidates,
        operator_version=operator.version,
        deputises_for=deputised(verdict.decision.choice, request),
    )


def _foremost(
    candidates: Iterable[assignment.Candidate], chosen: UUID | None, limit: int
) -> tuple[assignment.Candidate, ...]:
    def rank(candidate: assignment.Candidate) -> tuple[bool, bool, float]:
        return candidate.operator_id != chosen, bool(candidate.reasons), candidate.virtual_time

    return tuple(sorted(candidates, key=rank)[:limit])


# Cached: between two decisions of a batch only one candidate changes.
@lru_cache(maxsize=4096)
def _candidate(candidate: Candidate) -> assignment.Candidate:
    return assignment.Candidate(
        operator_id=candidate.operator_id,
        reasons=tuple(refusal.value for refusal in candidate.refusals),
        virtual_time=candidate.virtual_time / SCALE,
        open_work=candidate.open_work,
    )
