"""The snapshot: pools, operators and offers of one transaction, changed in memory before they are written."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import assert_never

from libs.common.domain.frozen import replace
from services.assignment.offers.rules import (
    AnswerAgain,
    Begin,
    Charge,
    Effect,
    GiveBack,
    Hold,
    Offer,
    Proposal,
    Release,
    Request,
    Settle,
    Step,
    WorkState,
    advance,
    proposed,
)
from services.assignment.pools.rules import (
    Choice,
    Decision,
    DecisionId,
    Operator,
    OperatorId,
    PoolId,
    PoolState,
    Seat,
    TaskId,
    charge,
    decide_turn,
    give_back,
)

RESOLUTION = timedelta(microseconds=1)  # of a time in the database


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision about an offer, and the offer after it."""

    decision_id: DecisionId
    offer: Offer
    request: Request
    decision: Decision


@dataclass(slots=True)
class Snapshot:
    """The working copy of one transaction; all pools share the mapping `operators`."""

    operators: dict[OperatorId, Operator]
    pools: dict[PoolId, PoolState]
    offers: dict[TaskId, Offer]
    new_id: Callable[[], DecisionId]
    undecided: set[TaskId] = field(default_factory=set)
    changed: set[TaskId] = field(default_factory=set)
    verdicts: list[Verdict] = field(default_factory=list)
    settled: list[Settle] = field(default_factory=list)
    repeated: set[TaskId] = field(default_factory=set)
    capacity_freed: bool = False
    _operators_before: Mapping[OperatorId, Operator] = field(init=False)
    _pools_before: Mapping[PoolId, PoolState] = field(init=False)

    def __post_init__(self) -> None:
        self._operators_before = dict(self.operators)
        self._pools_before = dict(self.pools)

    def apply(self, offer: Offer, step: Step, now: datetime) -> None:
        """Apply a step to an offer; one that then waits is decided later, by `propose`."""
        after, effects = advance(offer, step)
        if after == offer:
            self.repeated.update(effect.task_id for effect in effects if isinstance(effect, AnswerAgain))
            return
        self._put(after)
        if after.state is WorkState.WAITING:
            self.undecided.add(offer.task_id)
        else:
            self.undecided.discard(offer.task_id)
        for effect in effects:
            self._apply_effect(effect, now)

    def propose(self, offers: Iterable[Offer], now: datetime, choice: Choice) -> int:
        """Decide waiting offers by deadline, then age; return how many were proposed to an operator.

        `choice` replaces the reason of drained offers that the turn decided. An offer that waited before and still
        has no eligible operator gets no new decision.
        """
        asking = [(offer, offer.request) for offer in offers if offer.request is not None]
        asking.sort(key=lambda pair: (pair[1].due_at, pair[1].requested_at, pair[0].task_id))
        return sum([self._decide(offer, request, now, choice) for offer, request in asking])

    def free_capacity(self) -> dict[OperatorId, int]:
        """Return the operators with free capacity, and how much they have."""
        return {
            operator_id: operator.free_capacity
            for operator_id, operator in self.operators.items()
            if operator.free_capacity
        }

    def know_untaken(self, stored: Mapping[OperatorId, int]) -> None:
        """Set how many tasks operators have not taken: what is stored of unchanged offers, and the changed ones."""
        counts = self.untaken_of_changed()
        counts.update(stored)
        for operator_id, operator in self.operators.items():
            if operator.untaken != counts[operator_id]:
                self.operators[operator_id] = replace(operator, untaken=counts[operator_id])

    def untaken_of_changed(self) -> Counter[OperatorId]:
        """Return how many of the changed offers operators have and have not taken."""
        changed = (self.offers[task_id] for task_id in self.changed)
        return Counter(offer.holder for offer in changed if offer.holder is not None and offer.is_untaken)

    def undecided_offers(self) -> list[Offer]:
        """Return offers that were requested in this transaction and are not decided yet."""
        return [self.offers[task_id] for task_id in self.undecided]

    def changed_operators(self) -> list[Operator]:
        """Return the operators whose number of open tasks, last work or work after a call changed."""
        return [
            after
            for before, after in ((self._operators_before[key], each) for key, each in self.operators.items())
            if _written(after) != _written(before)
        ]

    def changed_pools(self) -> list[PoolState]:
        """Return the pools whose turns changed."""
        return [pool for key, pool in self.pools.items() if pool is not self._pools_before[key]]

    def changed_seats(self) -> list[tuple[PoolId, Seat]]:
        """Return the changed seats with their pools."""
        return [
            (pool.pool_id, after)
            for pool in self.changed_pools()
            for before, after in zip(self._pools_before[pool.pool_id].seats, pool.seats, strict=True)
            if after != before
        ]

    def wrap_up(self, operator_id: OperatorId, pool_id: PoolId | None, now: datetime) -> None:
        """Let an operator write up a call that they have ended: nothing is offered for the seconds of its pool."""
        operator, pool = self.operators.get(operator_id), self.pools.get(pool_id) if pool_id else None
        if operator is not None and pool is not None and pool.after_call and operator.is_here:
            until = now + timedelta(seconds=pool.after_call)
            self.operators[operator_id] = replace(operator, after_call_until=until)

    def _put(self, offer: Offer) -> None:
        self.offers[offer.task_id] = offer
        self.changed.add(offer.task_id)

    def _decide(self, offer: Offer, request: Request, now: datetime, choice: Choice) -> bool:
        is_new = offer.task_id in self.undecided
        decision = decide_turn(self.pools[request.pool_id], request.need, now, waited=not is_new)
        self.undecided.discard(offer.task_id)
        # It already waits: no second decision and event.
        if decision.operator_id is None and not is_new:
            return False
        if decision.choice is Choice.LEAST_VIRTUAL_TIME and not is_new:
            decision = replace(decision, choice=choice)
        self.pools[request.pool_id] = decision.pool
        verdict = Verdict(self.new_id(), offer, request, decision)
        if decision.operator_id is not None:
            proposal = Proposal(decision.operator_id, verdict.decision_id, decision.start, decision.cost)
            verdict = replace(verdict, offer=proposed(offer, proposal))
            self._give(decision.operator_id, now)
        self._put(verdict.offer)
        self.verdicts.append(verdict)
        return decision.operator_id is not None

    def _apply_effect(self, effect: Effect, now: datetime) -> None:
        match effect:
            case Release(operator_id):
                self._release(operator_id)
            case Hold(operator_id):
                self._give(operator_id, now)
            case Begin():
                self.capacity_freed = True
            case Charge(pool_id, operator_id):
                self.pools[pool_id] = charge(self.pools[pool_id], operator_id)
            case GiveBack(pool_id, operator_id, turn):
                self.pools[pool_id] = give_back(self.pools[pool_id], operator_id, turn.start, turn.cost)
                # They win the next tie.
                self.operators[operator_id] = replace(self.operators[operator_id], last_work_at=None)
            case Settle():
                self.settled.append(effect)
            case AnswerAgain(task_id):
                self.repeated.add(task_id)
            case _:
                assert_never(effect)

    def _give(self, operator_id: OperatorId, now: datetime) -> None:
        """Count work of an operator: what they got last is later than what the others got before."""
        latest = max((each.last_work_at for each in self.operators.values() if each.last_work_at), default=now)
        operator = self.operators[operator_id]
        self.operators[operator_id] = replace(
            operator,
            open_work=operator.open_work + 1,
            untaken=operator.untaken + 1,
            last_work_at=max(now, latest + RESOLUTION),
        )

    def _release(self, operator_id: OperatorId) -> None:
        self.capacity_freed = True
        operator = self.operators[operator_id]
        self.operators[operator_id] = replace(operator, open_work=operator.open_work - 1)


def _written(operator: Operator) -> tuple[object, ...]:
    return operator.open_work, operator.last_work_at, operator.after_call_until
