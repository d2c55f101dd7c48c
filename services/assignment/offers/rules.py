"""The state machine of an offer: pure transitions with their effects on operators and turns.

Tasks is the arbiter (docs/adr/0006): its events override what was proposed here. Every step is defined for every
state, because related events may be missing or late.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never
from uuid import UUID

from libs.common.domain.frozen import replace
from services.assignment.pools.rules import DecisionId, LeadId, Need, OperatorId, PoolId, TaskId


class WorkState(StrEnum):
    """The state of an offer, named as in the API; `returned` may be requested again, `ended` is final.

    A proposal is held when it is made. `offered` is what the release before wrote of one that was not confirmed.
    """

    WAITING = "waiting"
    OFFERED = "offered"
    HELD = "held"
    RETURNED = "returned"
    ENDED = "ended"


class Outcome(StrEnum):
    """The outcome of a decision."""

    CONFIRMED = "confirmed"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class Origin:
    """The cause of the request; events of the offer continue its chain."""

    correlation_id: UUID
    causation_id: UUID | None
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """The request for an operator; `version` fences the answer."""

    version: int
    pool_id: PoolId
    need: Need
    due_at: datetime
    requested_at: datetime
    origin: Origin


@dataclass(frozen=True, slots=True)
class Proposal:
    """The turn spent on an offer: the operator, the decision, the start and cost of the turn."""

    operator_id: OperatorId
    decision_id: DecisionId
    start: int
    cost: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn that was spent: its start and cost in virtual time."""

    start: int
    cost: int


@dataclass(frozen=True, slots=True)
class Offer:
    """The record of one task: `holder` is its operator, `proposal` is set until an event confirms it.

    `key` is that of the task's subject, `lead_id` None when the subject is no lead. `untaken`: the holder
    has not taken it yet; `turn` is what they spent on it by then. `task_type`: None until an event says it.
    """

    task_id: TaskId
    lead_id: LeadId | None
    key: str
    desk: str
    state: WorkState
    request: Request | None = None
    holder: OperatorId | None = None
    proposal: Proposal | None = None
    untaken: bool = False
    turn: Turn | None = None
    task_type: str | None = None

    @property
    def is_untaken(self) -> bool:
        """Whether an operator has it, or is proposed for it, and has not taken it."""
        return self.state is WorkState.OFFERED or self.untaken

    @property
    def is_under_way(self) -> bool:
        """Whether the request is not answered for good: it waits, or nothing confirmed the proposal yet."""
        return self.state is WorkState.WAITING or self.proposal is not None


@dataclass(frozen=True, slots=True)
class Requested:
    """Tasks requests an operator."""

    request: Request


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """The request is withdrawn."""

    reason: str


@dataclass(frozen=True, slots=True)
class Declined:
    """The arbiter declined a proposal."""

    decision_id: DecisionId
    reason: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """The arbiter gave the task to an operator by name.

    `excused`: an operator who loses it does so through no wish or neglect of their own. `previous` had it by the
    arbiter's word, so their proposal was accepted.
    """

    operator_id: OperatorId
    excused: bool = False
    previous: OperatorId | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """An operator pulled the task from a pool's queue."""

    operator_id: OperatorId
    pool_id: PoolId | None


@dataclass(frozen=True, slots=True)
class Released:
    """The operator has the task no more; `excused`: through no wish or neglect of their own."""

    operator_id: OperatorId
    excused: bool


@dataclass(frozen=True, slots=True)
class Ended:
    """The task ended: by an operator, or by a rule (None)."""

    operator_id: OperatorId | None


Step: TypeAlias = Requested | Withdrawn | Declined | Assigned | Taken | Released | Ended


@dataclass(frozen=True, slots=True)
class Release:
    """The operator has one open task fewer."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class Hold:
    """The operator has one open task more."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class Begin:
    """The operator has taken what they were given: they have one untaken task fewer."""

    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class Charge:
    """The operator is charged a turn of the pool."""

    pool_id: PoolId
    operator_id: OperatorId


@dataclass(frozen=True, slots=True)
class GiveBack:
    """The operator's turn is given back."""

    pool_id: PoolId
    operator_id: OperatorId
    turn: Turn


@dataclass(frozen=True, slots=True)
class Settle:
    """The outcome of a decision is recorded, with its reason (P.3)."""

    decision_id: DecisionId
    outcome: Outcome
    reason: str


@dataclass(frozen=True, slots=True)
class AnswerAgain:
    """The request was repeated: its decision is published once more."""

    task_id: TaskId


Effect: TypeAlias = Release | Hold | Begin | Charge | GiveBack | Settle | AnswerAgain
Result: TypeAlias = tuple[Offer, tuple[Effect, ...]]


def new_offer(task_id: TaskId, lead_id: LeadId | None, key: str, desk: str) -> Offer:
    """Return the offer of an unknown task."""
    return Offer(task_id, lead_id, key, desk, WorkState.RETURNED)


def advance(offer: Offer, step: Step) -> Result:
    """Apply a step to an offer. Total: a step that does not apply changes nothing."""
    if offer.state is WorkState.ENDED:
        return offer, ()
    match step:
        case Requested(request):
            return _request(offer, request)
        case Withdrawn(reason):
            return _close(offer, WorkState.RETURNED, reason)
        case Declined():
            return _decline(offer, step)
        case Assigned():
            return _assign(offer, step)
        case Taken(operator_id, pool_id):
            return _hand_over(offer, operator_id, untaken=False, charge=pool_id)
        case Released():
            return _release(offer, step)
        case Ended(operator_id):
            return _end(offer, operator_id)
        case _:
            assert_never(step)


def proposed(offer: Offer, proposal: Proposal) -> Offer:
    """Return a waiting offer with the proposal of a decision: it is held until tasks declines.

    Tasks answers each proposal by exactly one of three: it accepts, which need not be read, it declines, or the
    task ends or moves later. The first that is no decline confirms.
    """
    return replace(
        offer, state=WorkState.HELD, holder=proposal.operator_id, proposal=proposal, untaken=True, turn=None
    )


def _request(offer: Offer, request: Request) -> Result:
    known = 0 if offer.request is None else offer.request.version
    granted = offer.state is WorkState.HELD and offer.proposal is None
    if request.version < known or (request.version == known and granted):
        return offer, ()
    # A repeated version is decided anew only for an offer that was returned.
    if request.version == known and offer.state is not WorkState.RETURNED:
        return offer, (AnswerAgain(offer.task_id),)
    closed, effects = _close(offer, WorkState.RETURNED, "requested_again")
    return replace(closed, state=WorkState.WAITING, request=request), effects


def _decline(offer: Offer, step: Declined) -> Result:
    if offer.proposal is None or offer.proposal.decision_id != step.decision_id:
        return offer, ()
    return _close(offer, WorkState.RETURNED, step.reason)


def _assign(offer: Offer, step: Assigned) -> Result:
    accepted = step.previous is not None and step.previous == offer.holder
    known, confirmed = _confirmed(offer, "moved") if accepted else (offer, ())
    back = _excuse(known) if step.excused and known.holder != step.operator_id else ()
    held, effects = _hand_over(known, step.operator_id, untaken=True)
    return held, (*effects, *back, *confirmed)


def _hand_over(offer: Offer, operator_id: OperatorId, *, untaken: bool, charge: PoolId | None = None) -> Result:
    held = replace(offer, state=WorkState.HELD, holder=operator_id, proposal=None, untaken=untaken)
    if offer.holder == operator_id:
        held = replace(held, turn=_turn(offer) if untaken else None)
        begun = (Begin(operator_id),) if offer.is_untaken and not untaken else ()
        return held, (*_settled(offer.proposal, Outcome.CONFIRMED, "confirmed"), *begun)
    # The arbiter's assignment overrides the proposal: the previous holder loses the task.
    _, effects = _close(offer, WorkState.RETURNED, "given_to_another")
    turn = (Charge(charge, operator_id),) if charge else ()
    return replace(held, turn=None), (*effects, Hold(operator_id), *turn)


def _release(offer: Offer, step: Released) -> Result:
    if offer.holder != step.operator_id:
        return _close(offer, WorkState.RETURNED, "released")
    known, confirmed = _confirmed(offer, "released")
    back = _excuse(known) if step.excused else ()
    released, effects = _close(known, WorkState.RETURNED, "released")
    return released, (*effects, *back, *confirmed)


def _end(offer: Offer, operator_id: OperatorId | None) -> Result:
    if offer.holder != operator_id:
        return _close(offer, WorkState.ENDED, "ended")
    known, confirmed = _confirmed(offer, "ended")
    ended, effects = _close(known, WorkState.ENDED, "ended")
    return ended, (*effects, *confirmed)


def _close(offer: Offer, state: WorkState, reason: str) -> Result:
    closed = replace(offer, state=state, holder=None, proposal=None, untaken=False, turn=None)
    effects: tuple[Effect, ...] = (Release(offer.holder),) if offer.holder else ()
    if offer.proposal is not None and offer.request is not None:
        proposal = offer.proposal
        turn = Turn(proposal.start, proposal.cost)
        effects = (*effects, GiveBack(offer.request.pool_id, proposal.operator_id, turn))
    return closed, (*effects, *_settled(offer.proposal, Outcome.RETURNED, reason))


def _confirmed(offer: Offer, reason: str) -> Result:
    """Return an offer whose operator had it by the arbiter's word: its turn is spent, its proposal was accepted."""
    known = replace(offer, proposal=None, turn=_turn(offer))
    return known, _settled(offer.proposal, Outcome.CONFIRMED, reason)


def _excuse(offer: Offer) -> tuple[Effect, ...]:
    """Return the turn of confirmed work that its holder has not taken; that of a proposal comes back anyway."""
    if offer.turn is None or offer.request is None or offer.holder is None:
        return ()
    return (GiveBack(offer.request.pool_id, offer.holder, offer.turn),)


def _turn(offer: Offer) -> Turn | None:
    """Return what the holder spent on the work, as long as they have not taken it."""
    return Turn(offer.proposal.start, offer.proposal.cost) if offer.proposal is not None else offer.turn


def _settled(proposal: Proposal | None, outcome: Outcome, reason: str) -> tuple[Effect, ...]:
    return (Settle(proposal.decision_id, outcome, reason),) if proposal else ()
