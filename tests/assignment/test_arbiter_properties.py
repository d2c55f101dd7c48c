"""Whether tasks' acceptances are read or not, the books are the same: a proposal is held when made (S2.1)."""

from dataclasses import dataclass, field, replace
from itertools import count

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from services.assignment.offers.rules import Assigned, Declined, Ended, Outcome, Released, Step, Taken, Withdrawn
from services.assignment.offers.snapshot import Snapshot, Verdict
from services.assignment.pools.rules import OperatorId
from tests.assignment.operators import decision_id, operator, operator_id, pool_of
from tests.assignment.test_snapshot_properties import PEOPLE, TASKS, History


@dataclass
class Task:
    """A task as tasks has it: its operator, and the proposals that tasks has yet to answer."""

    version: int = 0
    who: OperatorId | None = None
    taken: bool = False
    offered: bool = False
    ended: bool = False
    proposals: list[Verdict] = field(default_factory=list)


class ArbiterMachine(RuleBasedStateMachine):
    """Tasks as the arbiter, and two assignments: `told` reads what tasks accepts, `untold` does not."""

    @initialize(capacity=st.integers(1, 4))
    def open(self, capacity: int) -> None:
        self.told, self.untold = self._history(capacity), self._history(capacity)
        self.tasks = {number: Task() for number in range(1, 7)}
        self.seen = 0

    def _history(self, capacity: int) -> History:
        pool = pool_of([operator(n, capacity=capacity) for n in (1, 2, 3)])
        operators, ids = dict(pool.operators), count(1)
        pools = {pool.pool_id: replace(pool, operators=operators)}
        return History(Snapshot(operators, pools, {}, lambda: decision_id(next(ids))))

    def publish(self, number: int, *steps: Step) -> None:
        """Let both apply what tasks publishes, and tasks hear of their proposals, but not answer yet."""
        for step in steps:
            self.told.apply(number, step)
            self.untold.apply(number, step)
        self.hear()

    def hear(self) -> None:
        made = self.told.snapshot.verdicts[self.seen :]
        assert [each.decision for each in made] == [
            each.decision for each in self.untold.snapshot.verdicts[self.seen :]
        ]
        self.seen += len(made)
        for verdict in made:
            if verdict.decision.operator_id is not None:
                self.tasks[verdict.offer.task_id.int].proposals.append(verdict)

    def withdrawal(self, task: Task, reason: str) -> tuple[Step, ...]:
        pending, task.offered = task.offered and task.who is None, False
        return (Withdrawn(reason),) if pending else ()

    @rule(number=TASKS)
    def asks(self, number: int) -> None:
        task = self.tasks[number]
        if task.who is None and not task.ended and not task.offered:
            task.offered, task.version = True, task.version + 1
            step = self.told.request(number)
            self.publish(number, replace(step, request=replace(step.request, version=task.version)))

    @rule(number=TASKS)
    def answers(self, number: int) -> None:
        task = self.tasks[number]
        if not task.proposals:
            return
        verdict = task.proposals.pop(0)
        fits = verdict.request.version == task.version and task.who is None and not task.ended
        if fits and task.offered:
            task.who, task.version = verdict.decision.operator_id, task.version + 1
            assert task.who is not None
            self.told.apply(number, Assigned(task.who))
            self.untold.propose_waiting()
            self.hear()
        else:
            self.publish(number, Declined(verdict.decision_id, "stale_version"))

    @rule(number=TASKS, who=PEOPLE)
    def takes(self, number: int, who: int) -> None:
        task = self.tasks[number]
        if task.ended or task.taken:
            return
        gone = self.withdrawal(task, "taken")
        task.who, task.taken, task.version = task.who or operator_id(who), True, task.version + 1
        self.publish(number, *gone, Taken(task.who, self.told.pool))

    @rule(number=TASKS, excused=st.booleans())
    def releases(self, number: int, excused: bool) -> None:
        task = self.tasks[number]
        if task.who is not None and not task.ended:
            who, task.who, task.taken, task.offered = task.who, None, False, False
            task.version += 1
            self.publish(number, Released(who, excused))

    @rule(number=TASKS, to=PEOPLE, excused=st.booleans())
    def gives(self, number: int, to: int, excused: bool) -> None:
        task = self.tasks[number]
        if task.ended or task.who == operator_id(to):
            return
        gone = self.withdrawal(task, "assigned")
        previous, task.who, task.taken, task.offered = task.who, operator_id(to), False, False
        task.version += 1
        self.publish(number, *gone, Assigned(task.who, excused, previous))

    @rule(number=TASKS)
    def ends(self, number: int) -> None:
        task = self.tasks[number]
        if not task.ended:
            task.ended = True
            self.publish(number, *self.withdrawal(task, "closed"), Ended(task.who))

    @invariant()
    def the_books_are_the_same(self) -> None:
        one, other = self.told.snapshot, self.untold.snapshot
        assert one.operators == other.operators
        assert [each.seats for each in one.pools.values()] == [each.seats for each in other.pools.values()]
        assert {key: each.holder for key, each in one.offers.items()} == {
            key: each.holder for key, each in other.offers.items()
        }

    def teardown(self) -> None:
        """Every task ends: each proposal has the outcome that reading its acceptance gave."""
        for number in getattr(self, "tasks", {}):
            while self.tasks[number].proposals:
                self.answers(number)
            self.ends(number)
        if hasattr(self, "told"):
            assert self._outcomes(self.told) == self._outcomes(self.untold)

    def _outcomes(self, history: History) -> dict[object, Outcome]:
        return {each.decision_id: each.outcome for each in history.snapshot.settled}


TestArbiter = ArbiterMachine.TestCase
TestArbiter.settings = settings(max_examples=settings().max_examples * 3 // 2, stateful_step_count=40)
