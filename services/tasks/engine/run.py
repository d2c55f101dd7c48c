"""The interpreter: runs a playbook's steps on a state, one effect at a time. It contains no rule of a desk."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import assert_never

from libs.common.contracts.shared import ContactKind
from services.tasks.engine.asking import WithdrawMessage
from services.tasks.engine.conditions import Context, holds
from services.tasks.engine.effects import (
    AssignTask,
    CancelTimer,
    CloseTask,
    CountAttempt,
    DeferTask,
    Effect,
    EndProcess,
    Noticed,
    OpenTask,
    Record,
    ReopenProcess,
    RequestMessage,
    ReserveTask,
    SetOwner,
    SetStatus,
    SetTimer,
    StartProcess,
    WithdrawWork,
)
from services.tasks.engine.events import OutcomeGiven
from services.tasks.engine.evolve import apply
from services.tasks.engine.fields import field_texts
from services.tasks.engine.moments import moment_at
from services.tasks.engine.requests import Asker, asked
from services.tasks.engine.state import (
    SYSTEM,
    Closing,
    Operator,
    State,
    Task,
    TaskState,
    Timer,
    TimerKind,
    new_task,
)
from services.tasks.engine.variables import recipient
from services.tasks.engine.waking import attempts_over, brought_forward
from services.tasks.playbooks.asks import (
    AskAppointment,
    AskCustomer,
    Asking,
    AskOrder,
    Pin,
    Reschedule,
    Wake,
    Withdraw,
)
from services.tasks.playbooks.model import FieldValue, Playbook, TaskType
from services.tasks.playbooks.terms import Addressee, Moment, Phase, Result, Schedule, Title
from services.tasks.playbooks.verbs import (
    ChangeOwner,
    Choose,
    Close,
    Defer,
    End,
    Note,
    Offer,
    Open,
    RetryAttempt,
    Rule,
    SendMessage,
    Start,
    StartTimer,
    Status,
    Step,
    Steps,
    StopTimer,
)

_RESULTS = {
    Result.COMPLETED: TaskState.COMPLETED,
    Result.FAILED: TaskState.FAILED,
    Result.DEFERRED: TaskState.DEFERRED,
}
RESCHEDULED = Title("Время перенесено", "The time has moved")


@dataclass(slots=True)
class Run:
    """A decision in progress. `task` is the current task, `outcome` what ends it, `filled` its fields.

    `unsent`: messages that could not be requested, because there is nowhere to write to.
    """

    state: State
    playbook: Playbook
    now: datetime
    rule: str = "engine"
    actor: str = SYSTEM
    operator: Operator | None = None
    task: Task | None = None
    outcome: OutcomeGiven | None = None
    order_status: str | None = None
    purpose: str | None = None
    filled: Mapping[str, FieldValue] = field(default_factory=dict)
    effects: list[Effect] = field(default_factory=list)
    unsent: list[str] = field(default_factory=list)
    contact: ContactKind | None = None
    source: str | None = None

    def emit(self, effect: Effect) -> None:
        """Record an effect and apply it to the state."""
        self.effects.append(effect)
        apply(self.state, effect)

    def rules(self, rules: tuple[Rule, ...]) -> None:
        """Run the first rule whose condition holds; a rule with `otherwise` is always the last one tried."""
        phase = Phase.LIVE if self.state.ended_at is None else Phase.ENDED
        for rule in rules:
            if phase not in rule.phase.covers:
                continue
            if rule.when is None or holds(rule.when, self._condition()):
                self.rule = rule.name
                self.steps(rule.then)
                return
            if rule.otherwise is not None:
                self.rule = rule.name
                self.steps(rule.otherwise)
                return

    def steps(self, steps: Steps) -> None:
        """Run steps in order."""
        for step in steps:
            self._step(step)

    def close(self, task: Task, closing: Closing) -> None:
        """Close a task and withdraw its pending work request."""
        self.withdraw(task, "closed")
        self.emit(CloseTask(self.rule, task.id, closing))

    def closing(self, result: Result, comment: str = "") -> Closing:
        """Return the closing of the current task, with the fields of the outcome if there is one."""
        event = self.outcome
        if event is None:
            return Closing(_RESULTS[result], None, comment, self.actor, self.rule, self.now)
        return Closing(
            _RESULTS[result],
            event.outcome,
            event.comment,
            self.actor,
            self.rule,
            self.now,
            event.call_made,
            event.problem,
            event.callback_at,
            fields=self.filled,
        )

    def withdraw(self, task: Task, reason: str) -> None:
        """Withdraw the work request of a task if it is pending."""
        if task.offered_at is not None and task.operator_id is None:
            self.emit(WithdrawWork(self.rule, task.id, reason))

    def set_owner(self, owner: Operator | None, *, said: bool = False) -> None:
        """Change the owner of the lead; None removes it. `said`: by the assignment of a task."""
        if owner != self.state.owner:
            self.emit(SetOwner(self.rule, owner, self.state.owner, self.rule, said=said))

    def open(self, step: Open) -> None:
        """Open a task by the schedule of the step or its type; an ended process is reopened."""
        kind = self.playbook.task_types[step.type]
        if self.state.ended_at is not None:
            self.emit(ReopenProcess(self.rule))
        task = self._task(kind, step.schedule or kind.schedule, step.lane)
        if step.important is not None:
            task = replace(task, important=step.important)
        self.emit(OpenTask(self.rule, task))
        self._address(step.addressee, task)

    def _task(self, kind: TaskType, schedule: Schedule, lane: str | None) -> Task:
        due_at = self._moment(schedule.due)
        offer_from = self._moment(schedule.offer) if schedule.offer else self.now
        task = new_task(self.state, kind, self.now, due_at=due_at, offer_from=offer_from, rule=self.rule)
        return replace(task, lane=lane or task.lane)

    def _moment(self, moment: Moment) -> datetime:
        if self.outcome is None:
            return moment_at(moment, self.state, self.now)
        return moment_at(moment, self.state, self.now, self.outcome.callback_at, self.filled)

    def context(self, task: Task, event: OutcomeGiven) -> Context:
        """Return what the conditions of an outcome that is not accepted yet are judged in."""
        return Context(self.state, self.state.facts.order_status, task.type, None, self.now, event.problem)

    def _condition(self) -> Context:
        return Context(
            self.state,
            self.order_status or self.state.facts.order_status,
            self.task.type if self.task else None,
            self.purpose,
            self.now,
            self.outcome.problem if self.outcome else None,
            self.filled,
            self.contact,
            self.source,
        )

    def _step(self, step: Step) -> None:  # noqa: C901 - one flat case per verb reads best
        match step:
            case Open():
                self.open(step)
            case Close():
                self._close(step)
            case Defer():
                self._defer(step)
            case RetryAttempt():
                self._retry(step)
            case Status():
                self._status(step)
            case SendMessage():
                self._send_message(step)
            case StartTimer(timer=code):
                at = self._moment(self.playbook.timers[code].at)
                self.emit(SetTimer(self.rule, Timer(code, TimerKind.PLAYBOOK, at)))
            case StopTimer(timer=code):
                if self.state.timer(code) is not None:
                    self.emit(CancelTimer(self.rule, code))
            case Offer(type=kind):
                self._offer((kind,))
            case Start(playbook=playbook):
                self.emit(StartProcess(self.rule, playbook))
            case ChangeOwner(actor=actor):
                if self.operator is not None or not actor:
                    self.set_owner(self.operator if actor else None)
            case Note(text=text):
                self.emit(Record(self.rule, Noticed.NOTE, text))
            case End(result=result, reason=reason):
                self._close(Close(result, reason))
                if self.state.ended_at is None:
                    self.emit(EndProcess(self.rule, self.now))
            case Choose(rules=rules):
                self.rules(rules)
            case AskOrder() | AskCustomer() | Pin() | AskAppointment():
                self._ask(step)
            case Withdraw(message=message):
                if (number := self.state.messages.get(message)) is not None:
                    self.emit(WithdrawMessage(self.rule, message, number, self.actor))
            case Reschedule(types=types):
                self._reschedule(types)
            case Wake(types=types):
                self._offer(types)
                for over in tuple(attempts_over(self.state, self.playbook, types, self.rule)):
                    self.emit(over)
            case _:
                assert_never(step)

    def _ask(self, step: Asking) -> None:
        """Ask intake for a change, with the fields and the comment of the outcome in hand."""
        fields = {**self.state.fields, **self.filled}
        comment = self.outcome.comment if self.outcome else None
        asker = Asker(self.state.facts, fields, self.state.desk.zone, self.rule, self.actor, comment)
        for effect in tuple(asked(step, asker)):
            self.emit(effect)

    def _reschedule(self, types: tuple[str, ...]) -> None:
        """Defer open tasks by rule to when their types' schedules say now; the one that an outcome ends is left."""
        comment = RESCHEDULED.of(self.state.desk.languages[0])
        for task in self.state.open_tasks:
            kind = self.playbook.task_types[task.type]
            if task.type not in types or (self.outcome is not None and task == self.task):
                continue
            successor = replace(
                self._task(kind, kind.schedule, task.lane), important=task.important, attempt=task.attempt
            )
            if (successor.due_at, kind.offer and successor.offer_from) != (
                task.due_at,
                kind.offer and task.offer_from,
            ):
                closing = Closing(TaskState.DEFERRED, None, comment, SYSTEM, self.rule, self.now)
                self.withdraw(task, "deferred")
                self.emit(DeferTask(self.rule, task.id, replace(closing, successor_id=successor.id), successor))

    def _close(self, step: Close) -> None:
        """Close open tasks by rule: the actor is the system, the comment is the rule's reason."""
        comment = step.reason.of(self.state.desk.languages[0])
        for task in self.state.open_tasks:
            kind = self.playbook.task_types[task.type]
            if not step.types or kind.code in step.types or kind.base in step.types:
                outcome = step.outcome if step.outcome in kind.outcomes else None
                self.close(task, Closing(_RESULTS[step.result], outcome, comment, SYSTEM, self.rule, self.now))

    def _defer(self, step: Defer) -> None:
        """Close the current task and open its successor; without a current task record that nothing is deferred."""
        if self.task is None or self.state.open_task(self.task.id) is None:
            self.emit(Record(self.rule, Noticed.NOTHING_TO_DEFER))
            return
        types = self.playbook.task_types
        kind = types[types[self.task.type].successor(step)]
        important = self.task.important if step.important is None else step.important
        successor = self._task(kind, step.schedule, step.lane)
        self._succeed(self.task, replace(successor, important=important, attempt=self.task.attempt))
        self._address(step.addressee, successor)

    def _address(self, addressee: Addressee | str | None, task: Task) -> None:
        """Give a task that was just opened to whom it is for; one for nobody known is for its role."""
        match addressee:
            case None:
                return
            case Addressee.ACTOR:
                operator = self.operator
            case Addressee.OWNER:
                operator = self.state.owner
            case name:
                operator = self.outcome.people.get(str(self.filled.get(name))) if self.outcome else None
        if operator is not None:
            self.hand_to(operator, task)

    def _retry(self, step: RetryAttempt) -> None:
        """Count an unsuccessful attempt: defer the task, or fail it if the policy is exhausted (S0.5, S1.8)."""
        if self.task is None or self.state.open_task(self.task.id) is None:
            self.emit(Record(self.rule, Noticed.NOTHING_TO_DEFER))
            return
        policy = self.playbook.attempts[step.policy]
        count = self.state.attempts.get(policy.code, 0) + 1
        self.emit(CountAttempt(self.rule, policy.code, count))
        self.rule = f"attempts.{policy.code}.{count}"
        if policy.limit is not None and count >= policy.limit:
            self.close(self.task, self.closing(Result.FAILED))
            self.steps(policy.exhausted)
            return
        schedule = policy.delays[min(count, len(policy.delays)) - 1]
        kind = self.playbook.task_types[self.task.type]
        successor = self._task(kind, schedule, policy.lane)
        self._succeed(self.task, replace(successor, important=self.task.important, attempt=count + 1))
        self.steps(policy.each)

    def _succeed(self, task: Task, successor: Task) -> None:
        """Open the successor; that of a free task says the same, and a personal one stays with its person."""
        self.withdraw(task, "deferred")
        if task.brief is not None:
            successor = replace(successor, role=task.role, pool=task.pool, brief=task.brief)
        closing = replace(self.closing(Result.DEFERRED), successor_id=successor.id)
        self.emit(DeferTask(self.rule, task.id, closing, successor))
        if task.brief is not None and task.brief.personal and self.state.owner is not None:
            self.hand_to(self.state.owner, successor)

    def hand_to(self, operator: Operator, task: Task) -> None:
        """Give a task to its person; having it does what its type says.

        No decision of assignment stands behind it: it names itself.
        """
        claim = self.playbook.task_types[task.type].on_assigned
        if claim.owns:
            self.set_owner(operator, said=True)
        self.emit(AssignTask(self.rule, task.id, operator, task.id, self.now, claim.owns))
        if claim.reserve is not None:
            self.emit(ReserveTask(self.rule, task.id, self.now + claim.reserve))

    def _status(self, step: Status) -> None:
        if step.code == self.state.status:
            return
        spec = self.playbook.statuses[step.code]
        reason = step.reason.of(self.state.desk.languages[0]) if step.reason else self.rule
        self.emit(SetStatus(self.rule, step.code, spec.title, spec.stage, self.actor, reason))

    def _offer(self, types: tuple[str, ...]) -> None:
        for effect in tuple(brought_forward(self.state, types, self.rule, self.now)):
            self.emit(effect)

    def _send_message(self, step: SendMessage) -> None:
        spec = self.playbook.messages[step.message]
        number = self.state.messages.get(spec.code, 0) + 1
        if spec.once and number > 1:
            self.emit(Record(self.rule, Noticed.MESSAGE_ALREADY_REQUESTED))
            return
        to = recipient(self.state, spec.to)
        if to is None or not to.person.has_address:
            self.emit(Record(self.rule, Noticed.NOWHERE_TO_WRITE, Title(spec.code, spec.code)))
            self.unsent.append(spec.code)
            return
        deadline = self.now + spec.deadline if spec.deadline is not None else None
        task_id = self.task.id if self.task else None
        known = {**self.state.fields, **self.filled}
        texts = field_texts(self.playbook, known, to.language, to.zone)
        self.emit(RequestMessage(self.rule, spec, number, task_id, deadline, texts))
