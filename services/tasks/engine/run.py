"""The interpreter: runs a playbook's steps on a state, one effect at a time. It contains no rule of a desk."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import assert_never

from libs.common.contracts.shared import Direction
from libs.common.domain.frozen import replace
from services.tasks.engine.asking import WithdrawMessage
from services.tasks.engine.conditions import holds
from services.tasks.engine.dealings import dealt
from services.tasks.engine.effects import (
    CancelTimer,
    EndProcess,
    Noticed,
    OpenTask,
    Record,
    ReopenProcess,
    SetStatus,
    SetTimer,
    StartProcess,
)
from services.tasks.engine.keeping import keep
from services.tasks.engine.moments import asked_at
from services.tasks.engine.progress import RESULTS, Progress
from services.tasks.engine.requests import Asker, asked
from services.tasks.engine.state import (
    SYSTEM,
    Closing,
    Task,
    Timer,
    TimerKind,
)
from services.tasks.engine.successors import defer, reschedule, retry
from services.tasks.engine.waking import attempts_over, brought_forward
from services.tasks.engine.writing import send_message
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
from services.tasks.playbooks.dealings import Dealing, OfMoney
from services.tasks.playbooks.keeps import Charge, CountUp, LinkDocument
from services.tasks.playbooks.terms import Phase
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
    Whom,
)


@dataclass(slots=True)
class Run(Progress):
    """The interpreter of a decision."""

    def rules(self, rules: tuple[Rule, ...]) -> None:
        """Run the first rule whose condition holds; a rule with `otherwise` is always the last one tried."""
        phase = Phase.LIVE if self.state.ended_at is None else Phase.ENDED
        for rule in rules:
            if phase not in rule.phase.covers:
                continue
            if rule.when is None or holds(rule.when, self.condition()):
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

    def open(self, step: Open) -> None:
        """Open a task by the schedule of the step or its type; an ended process is reopened."""
        kind = self.playbook.task_types[step.type]
        if self.state.ended_at is not None:
            self.emit(ReopenProcess(self.rule))
        task = self.new_task(kind, step.schedule or kind.schedule, step.lane, step.addressee)
        if step.important is not None:
            task = replace(task, important=step.important)
        self.emit(OpenTask(self.rule, task))
        self.remind(task, step.remind)
        self.address(step.addressee, task)

    def _step(self, step: Step) -> None:  # noqa: C901 - one flat case per verb reads best
        match step:
            case Open():
                self.open(step)
            case Close():
                self._close(step, spared=self._asked_later)
            case Defer():
                defer(self, step)
            case RetryAttempt():
                self.steps(retry(self, step))
            case Status():
                self._status(step)
            case SendMessage():
                send_message(self, step)
            case StartTimer(timer=code):
                self.emit(
                    SetTimer(self.rule, Timer(code, TimerKind.PLAYBOOK, self.moment(self.playbook.timers[code].at)))
                )
            case StopTimer(timer=code):
                if self.state.timer(code) is not None:
                    self.emit(CancelTimer(self.rule, code))
            case Offer(type=kind):
                self._offer((kind,))
            case Start(playbook=playbook):
                self.emit(StartProcess(self.rule, playbook))
            case ChangeOwner(whom=whom):
                self._change_owner(whom)
            case Note(text=text):
                self.emit(Record(self.rule, Noticed.NOTE, text))
            case End(result=result, reason=reason):
                self._close(Close(result, reason))
                if self.state.ended_at is None:
                    self.emit(EndProcess(self.rule, self.now))
            case Choose(rules=rules):
                self.rules(rules)
            case AskOrder() | AskCustomer() | Pin() | AskAppointment() | OfMoney():
                self._ask(step)
            case Withdraw(message=message):
                if (number := self.state.messages.get(message)) is not None:
                    self.emit(WithdrawMessage(self.rule, message, number, self.actor))
            case Reschedule(types=types):
                reschedule(self, types)
            case Wake(types=types):
                self._offer(types)
                for over in tuple(attempts_over(self.state, self.playbook, types, self.rule)):
                    self.emit(over)
            case CountUp() | Charge() | LinkDocument():
                keep(self, step)
            case _:
                assert_never(step)

    def _ask(self, step: Asking | Dealing) -> None:
        """Ask intake for a change, with the fields and the comment of the outcome in hand."""
        fields = {**self.state.fields, **self.filled}
        comment = self.outcome.comment if self.outcome else None
        asker = Asker(self.state.facts, fields, self.state.desk.zone, self.rule, self.actor, comment)
        wanted = dealt(step, asker) if isinstance(step, Dealing) else asked(step, asker)
        for effect in tuple(wanted):
            self.emit(effect)

    def _close(self, step: Close, spared: Callable[[Task], bool] = lambda _: False) -> None:
        """Close open tasks by rule, but for those that are spared.

        The actor is the system, the comment is the rule's reason.
        """
        comment = step.reason.of(self.state.desk.languages[0])
        for task in self.state.open_tasks:
            kind = self.playbook.task_types[task.type]
            named = not step.types or kind.code in step.types or kind.base in step.types
            if named and not spared(task):
                outcome = step.outcome if step.outcome in kind.outcomes else None
                self.close(task, Closing(RESULTS[step.result], outcome, comment, SYSTEM, self.rule, self.now))

    def _asked_later(self, task: Task) -> bool:
        """Return whether a task is due from a contact later than the one in hand, which went to the customer.

        What was written or said before the customer asked is no answer.
        """
        if self.direction is not Direction.OUT or self.contact_at is None:
            return False
        asked = asked_at(task.due_at, self.playbook.task_types[task.type].due, task.opened_at)
        return asked is not None and asked > self.contact_at

    def _change_owner(self, whom: Whom) -> None:
        owner = {Whom.ACTOR: self.operator, Whom.ORIGINAL: self.original(), Whom.NOBODY: None}[whom]
        if owner is not None or whom is Whom.NOBODY:
            self.set_owner(owner)

    def _status(self, step: Status) -> None:
        if step.code == self.state.status:
            return
        spec = self.playbook.statuses[step.code]
        reason = step.reason.of(self.state.desk.languages[0]) if step.reason else self.rule
        self.emit(SetStatus(self.rule, step.code, spec.title, spec.stage, self.actor, reason))

    def _offer(self, types: tuple[str, ...]) -> None:
        for effect in tuple(brought_forward(self.state, types, self.rule, self.now)):
            self.emit(effect)
