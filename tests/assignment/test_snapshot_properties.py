"""Histories of one snapshot: the invariants of counts, capacity and waiting offers (S2.1, P.3)."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import count
from uuid import UUID

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from libs.common.contracts.shared import Presence
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
    WorkState,
    new_offer,
)
from services.assignment.offers.snapshot import Snapshot
from services.assignment.pools.rules import Choice, LeadId, OperatorId, PoolId, TaskId, why_not
from tests.assignment.operators import CALL, NOW, decision_id, operator, operator_id, pool_of

TASKS = st.integers(1, 6)
PEOPLE = st.integers(1, 3)


@dataclass
class History:
    """A snapshot that is kept from transaction to transaction."""

    snapshot: Snapshot
    versions: Counter[int] = field(default_factory=Counter)

    @property
    def pool(self) -> PoolId:
        return next(iter(self.snapshot.pools))

    def offer(self, task: int) -> Offer:
        task_id = TaskId(UUID(int=task))
        return self.snapshot.offers.get(task_id) or new_offer(task_id, LeadId(task_id), f"lead:{task_id}", "demo")

    def apply(self, task: int, step: Step) -> None:
        self.snapshot.apply(self.offer(task), step, NOW)
        self.propose_waiting()

    def propose_waiting(self) -> None:
        self.snapshot.know_untaken({})
        waiting = [offer for offer in self.snapshot.offers.values() if offer.state is WorkState.WAITING]
        self.snapshot.propose(waiting, NOW, Choice.DRAINED_WORK_FINISHED)

    def request(self, task: int) -> Requested:
        self.versions[task] += 1
        due = NOW + timedelta(minutes=task)
        return Requested(Request(self.versions[task], self.pool, CALL, due, NOW, Origin(UUID(int=1), None, None)))


class SnapshotMachine(RuleBasedStateMachine):
    """Any events of tasks about six tasks, while three operators change their presence."""

    @initialize(capacity=st.integers(1, 4), share=st.integers(1, 4))
    def open(self, capacity: int, share: int) -> None:
        pool = replace(pool_of([operator(n, capacity=capacity) for n in (1, 2, 3)]), share=share)
        operators = dict(pool.operators)
        ids = count(1)
        self.capacity = capacity
        snapshot = Snapshot(
            operators, {pool.pool_id: replace(pool, operators=operators)}, {}, lambda: decision_id(next(ids))
        )
        self.history = History(snapshot)

    @rule(task=TASKS)
    def requested(self, task: int) -> None:
        self.history.apply(task, self.history.request(task))

    @rule(task=TASKS)
    def withdrawn(self, task: int) -> None:
        self.history.apply(task, Withdrawn("closed"))

    @rule(task=TASKS)
    def declined(self, task: int) -> None:
        proposal = self.history.offer(task).proposal
        self.history.apply(task, Declined(proposal.decision_id if proposal else decision_id(0), "stale_version"))

    @rule(task=TASKS)
    def confirmed(self, task: int) -> None:
        if proposal := self.history.offer(task).proposal:
            self.history.apply(task, Assigned(proposal.operator_id))

    @rule(task=TASKS, who=PEOPLE)
    def taken(self, task: int, who: int) -> None:
        if self.history.snapshot.operators[operator_id(who)].free_capacity:
            self.history.apply(task, Taken(operator_id(who), self.history.pool))

    @rule(task=TASKS)
    def begun(self, task: int) -> None:
        if holder := self.history.offer(task).holder:
            self.history.apply(task, Taken(holder, self.history.pool))

    @rule(task=TASKS, excused=st.booleans())
    def released(self, task: int, excused: bool) -> None:
        if holder := self.history.offer(task).holder:
            self.history.apply(task, Released(holder, excused))

    @rule(task=TASKS)
    def repeated(self, task: int) -> None:
        if request := self.history.offer(task).request:
            self.history.apply(task, Requested(request))

    @rule(task=TASKS, who=st.none() | PEOPLE)
    def ended(self, task: int, who: int | None) -> None:
        self.history.apply(task, Ended(operator_id(who) if who else None))

    @rule(who=PEOPLE, presence=st.sampled_from(Presence))
    def moved(self, who: int, presence: Presence) -> None:
        operators = self.history.snapshot.operators
        operators[operator_id(who)] = replace(operators[operator_id(who)], presence=presence)
        self.history.propose_waiting()

    @invariant()
    def open_counts_are_the_open_work(self) -> None:
        held = Counter[OperatorId](offer.holder for offer in self.history.snapshot.offers.values() if offer.holder)
        assert {
            key: each.open_work for key, each in self.history.snapshot.operators.items() if each.open_work
        } == held

    @invariant()
    def nobody_is_over_capacity(self) -> None:
        assert all(each.open_work <= self.capacity for each in self.history.snapshot.operators.values())

    @invariant()
    def untaken_counts_are_the_untaken_work(self) -> None:
        self.history.snapshot.know_untaken({})
        offers = self.history.snapshot.offers.values()
        untaken = Counter[OperatorId](offer.holder for offer in offers if offer.holder and offer.is_untaken)
        operators = self.history.snapshot.operators
        assert {key: each.untaken for key, each in operators.items() if each.untaken} == untaken

    @invariant()
    def nothing_waits_while_somebody_could_do_it(self) -> None:
        snapshot = self.history.snapshot
        share = snapshot.pools[self.history.pool].share
        for offer in snapshot.offers.values():
            if offer.state is WorkState.WAITING and offer.request:
                assert all(why_not(each, offer.request.need, "demo", share) for each in snapshot.operators.values())


TestSnapshot = SnapshotMachine.TestCase
TestSnapshot.settings = settings(max_examples=settings().max_examples * 3 // 5, stateful_step_count=30)
