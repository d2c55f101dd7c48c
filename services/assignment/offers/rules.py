"""What becomes of one piece of work: pure transitions, each with its effect on operators and turns.

Tasks is the arbiter (docs/adr/0006): what it says is true whatever was proposed here. Each step is total over every
state, for a related event may be missing or late.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never
from uuid import UUID

from services.assignment.pools.rules import DecisionId, LeadId, Need, OperatorId, PoolId, TaskId


class WorkState(StrEnum):
    """Where work stands; `returned` may be requested again, `ended` is for good."""

    WAITING = "waiting"
    OFFERED = "offered"
    HELD = "held"
    RETURNED = "returned"
    ENDED = "ended"


class Outcome(StrEnum):
    """What became of a decision."""

    CONFIRMED = "confirmed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Origin:
    """The request that work came from: what its events follow. `correlation_id` names the chain."""

    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked for; `version` fences the answer."""

    version: int
    pool_id: PoolId
    need: Need
    due_at: datetime
    requested_at: datetime
    origin: Origin


@dataclass(frozen=True, slots=True)
class Proposal:
    """The turn that was given for work: who, by which decision, where it began, how long it was."""

    operator_id: OperatorId
    decision_id: DecisionId
    start: int
    cost: int


@dataclass(frozen=True, slots=True)
class Offer:
    """One task as assignment sees it; `holder` has it on their account, `offer` is not yet confirmed."""

    task_id: TaskId
    lead_id: LeadId
    desk: str
    state: WorkState
    request: Request | None = None
    holder: OperatorId | None = None
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Requested:
    """Tasks asks for an operator."""

    request: Request


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The work needs nobody any more."""

    reason: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The arbiter refused a proposal."""

    decision_id: DecisionId
    reason: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """The arbiter gave the task to an operator, normally the proposed one."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class Taken:
    """An operator pulled the task out of a pool's queue."""

    operator_id: OperatorId
    pool_id: PoolId | None


@dataclass(frozen=True, slots=True)
class Ended:
    """The task is over; by its operator, or with none by a rule."""

    operator_id: OperatorId | None


Step: TypeAlias = Requested | Withdrawn | Declined | Assigned | Taken | Ended


@dataclass(frozen=True, slots=True)
class Release:
    """One open task fewer for the operator."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class Hold:
    """One open task more for the operator."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class Charge:
    """A turn of the pool counts for the operator."""

    pool_id: PoolId
    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The operator gets a turn back."""

    pool_id: PoolId
    proposal: Proposal


@dataclass(frozen=True, slots=True)
class Settle:
    """What a decision came to, and why (P.3)."""

    decision_id: DecisionId
    outcome: Outcome
    reason: str


Effect: TypeAlias = Release | Hold | Charge | GiveBack | Settle
Result: TypeAlias = tuple[Offer, tuple[Effect, ...]]


def new_offer(task_id: TaskId, lead_id: LeadId, desk: str) -> Offer:
    """Return the work that stands for a task never heard of before."""
    return Offer(task_id, lead_id, desk, WorkState.RETURNED)


def advance(offer: Offer, step: Step) -> Result:
    """Apply what tasks said to one piece of work. Total: what does not fit changes nothing."""
    if offer.state is WorkState.ENDED:
        return offer, ()
    match step:
        case Requested(request):
            return _request(offer, request)
        case Withdrawn(reason):
            return _close(offer, WorkState.RETURNED, reason)
        case Declined():
            return _decline(offer, step)
        case Assigned(operator_id):
            return _hand_over(offer, operator_id, charge=None)
        case Taken(operator_id, pool_id):
            return _hand_over(offer, operator_id, charge=pool_id)
        case Ended(operator_id):
            return _end(offer, operator_id)
        case _:
            assert_never(step)


def proposed(offer: Offer, proposal: Proposal) -> Offer:
    """Give waiting work to the operator of a decision."""
    return replace(offer, state=WorkState.OFFERED, holder=proposal.operator_id, proposal=proposal)


def _request(offer: Offer, request: Request) -> Result:
    known = 0 if offer.request is None else offer.request.version
    # The same version once more is news only for work that came back.
    if request.version < known or (request.version == known and offer.state is not WorkState.RETURNED):
        return offer, ()
    _, effects = _close(offer, WorkState.RETURNED, "requested_again")
    return replace(offer, state=WorkState.WAITING, request=request, holder=None, proposal=None), effects


def _decline(offer: Offer, step: Declined) -> Result:
    if offer.proposal is None or offer.proposal.decision_id != step.decision_id:
        return offer, ()
    return _close(offer, WorkState.RETURNED, step.reason)


def _hand_over(offer: Offer, operator_id: OperatorId, charge: PoolId | None) -> Result:
    held = replace(offer, state=WorkState.HELD, holder=operator_id, proposal=None)
    if offer.holder == operator_id:
        return held, _settled(offer.proposal, Outcome.CONFIRMED, "confirmed")
    # The arbiter's word stands whatever was proposed here: whoever had it before loses it.
    _, effects = _close(offer, WorkState.RETURNED, "given_to_another")
    turn = (Charge(charge, operator_id),) if charge else ()
    return held, (*effects, Hold(operator_id), *turn)


def _end(offer: Offer, operator_id: OperatorId | None) -> Result:
    if offer.holder != operator_id:
        return _close(offer, WorkState.ENDED, "ended")
    # Who finishes a task has accepted it, even if the arbiter's word has not come yet.
    confirmed = _settled(offer.proposal, Outcome.CONFIRMED, "ended")
    ended, effects = _close(replace(offer, proposal=None), WorkState.ENDED, "ended")
    return ended, (*effects, *confirmed)


def _close(offer: Offer, state: WorkState, reason: str) -> Result:
    closed = replace(offer, state=state, holder=None, proposal=None)
    effects: tuple[Effect, ...] = (Release(offer.holder),) if offer.holder else ()
    if offer.proposal is not None and offer.request is not None:
        effects = (*effects, GiveBack(offer.request.pool_id, offer.proposal))
    return closed, (*effects, *_settled(offer.proposal, Outcome.RETURNED, reason))


def _settled(proposal: Proposal | None, outcome: Outcome, reason: str) -> tuple[Effect, ...]:
    return (Settle(proposal.decision_id, outcome, reason),) if proposal else ()
