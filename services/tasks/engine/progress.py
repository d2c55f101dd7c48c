"""A decision in progress: the state that it changes, one effect at a time, and what every step of it can do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from libs.common.contracts.shared import ChangeTarget, ContactKind, Direction, Mode
from libs.common.domain.frozen import replace
from services.tasks.engine.conditions import Context, counted
from services.tasks.engine.effects import (
    AssignTask,
    CloseTask,
    Effect,
    ReserveTask,
    SetOwner,
    WithdrawWork,
)
from services.tasks.engine.events import OutcomeGiven
from services.tasks.engine.evolve import apply
from services.tasks.engine.facts import SILENCE, Spoken
from services.tasks.engine.moments import moment_at
from services.tasks.engine.reminders import reminders
from services.tasks.engine.state import (
    SYSTEM,
    Closing,
    Operator,
    OperatorId,
    State,
    Task,
    TaskState,
    new_task,
)
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.model import Playbook, TaskType
from services.tasks.playbooks.terms import SUPERVISOR, Addressee, Moment, Result, Schedule

RESULTS = {
    Result.COMPLETED: TaskState.COMPLETED,
    Result.FAILED: TaskState.FAILED,
    Result.DEFERRED: TaskState.DEFERRED,
}


@dataclass(slots=True)
class Progress:
    """A decision in progress, and what any step of it may do.

    `task` is the current task, `outcome` what ends it, `filled` its fields.

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
    refused: ChangeTarget | None = None
    spoken: Spoken = SILENCE
    direction: Direction | None = None
    contact_at: datetime | None = None

    def emit(self, effect: Effect) -> None:
        """Record an effect and apply it to the state."""
        self.effects.append(effect)
        apply(self.state, effect)

    def remind(self, task: Task, ahead: Sequence[timedelta] | None = None) -> None:
        """Set the reminders of a task that was just opened; None: those of its type."""
        times = self.playbook.task_types[task.type].remind if ahead is None else ahead
        for effect in tuple(reminders(task, times, self.now)):
            self.emit(effect)

    def close(self, task: Task, closing: Closing) -> None:
        """Close a task and withdraw its pending work request."""
        self.withdraw(task, "closed")
        self.emit(CloseTask(self.rule, task.id, closing))

    def closing(self, result: Result, comment: str = "") -> Closing:
        """Return the closing of the current task, with the fields of the outcome if there is one."""
        event = self.outcome
        if event is None:
            return Closing(RESULTS[result], None, comment, self.actor, self.rule, self.now)
        return Closing(
            RESULTS[result],
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

    def new_task(
        self, kind: TaskType, schedule: Schedule, lane: str | None, addressee: Addressee | str | None = None
    ) -> Task:
        """Return a task that is about to be opened; one for the supervisors is pulled by them."""
        due_at = self.moment(schedule.due)
        offer_from = self.moment(schedule.offer) if schedule.offer else self.now
        task = new_task(self.state, kind, self.now, due_at=due_at, offer_from=offer_from, rule=self.rule)
        if addressee is Addressee.SUPERVISOR and not self._is_field(addressee):
            task = replace(task, role=SUPERVISOR, mode=Mode.PULL)
        return task if lane is None or lane == task.lane else replace(task, lane=lane)

    def moment(self, moment: Moment) -> datetime:
        if self.outcome is None:
            return moment_at(moment, self.state, self.now, contact_at=self.contact_at)
        return moment_at(moment, self.state, self.now, self.outcome.callback_at, self.filled)

    def address(self, addressee: Addressee | str | None, task: Task) -> None:
        """Give a task that was just opened to whom it is for; one for nobody known is for its role."""
        match addressee:
            case None:
                return
            case Addressee.ACTOR:
                operator = self.operator
            case Addressee.OWNER:
                operator = self.state.owner
            case Addressee.CONSULTANT if not self._is_field(addressee):
                operator = self._consultant()
            case Addressee.ORIGINAL if not self._is_field(addressee):
                operator = self.original()
            case name:
                operator = self.outcome.people.get(str(self.filled.get(name))) if self.outcome else None
        if operator is None:
            return
        if addressee in (Addressee.OWNER, Addressee.ORIGINAL) and self._is_absent(operator.id, task):
            deputy = self._deputy(operator, task)
            if deputy is not None:
                self.hand_to(deputy, task, operator.id)
            return
        self.hand_to(operator, task)

    def _is_field(self, addressee: str) -> bool:
        """Return whether a field has that name: it comes first, as when there was no such addressee."""
        return self.playbook.field(addressee) is not None

    def _consultant(self) -> Operator | None:
        """Return who minds the card of the subject's partner, while they are active."""
        partner, staff = self.state.partner, self.state.staff
        found = staff.get(partner.consultant_id) if partner and partner.consultant_id and staff else None
        return found.operator if found else None

    def original(self) -> Operator | None:
        """Return for whom the operator of the task in hand stands in, while they are active."""
        whose = self.task.stood_in_for if self.task else None
        found = self.state.staff.get(whose) if self.state.staff is not None and whose is not None else None
        return found.operator if found else None

    def _is_absent(self, who: OperatorId, task: Task) -> bool:
        """Return whether a planned absence of theirs lasts until a task is due."""
        found = (self.state.staff or {}).get(who)
        return found is not None and found.absent_until is not None and task.due_at < found.absent_until

    def _deputy(self, operator: Operator, task: Task) -> Operator | None:
        """Return who deputises for an absent operator, if they may have it and are not absent too.

        None: the task is for its role.
        """
        staff = self.state.staff or {}
        whose = staff[operator.id].deputy_id
        deputy = staff.get(OperatorId(whose)) if whose is not None else None
        if deputy is None or self._is_absent(deputy.operator.id, task):
            return None
        return deputy.operator if deputy.may_have(self.state.desk.code, task.role) else None

    def hand_to(self, operator: Operator, task: Task, original: OperatorId | None = None) -> None:
        """Give a task to its person; having it does what its type says.

        No decision of assignment stands behind it: it names itself. Who deputises for the `original` owns no lead.
        """
        claim = self.playbook.task_types[task.type].on_assigned
        owns = claim.owns and original is None
        if owns:
            self.set_owner(operator, said=True)
        self.emit(AssignTask(self.rule, task.id, operator, task.id, self.now, owns, original))
        if claim.reserve is not None and operator != self.state.owner:
            self.emit(ReserveTask(self.rule, task.id, max(self.now, task.offer_from) + claim.reserve))

    def context(self, task: Task, event: OutcomeGiven) -> Context:
        """Return what the conditions of an outcome that is not accepted yet are judged in."""
        return Context(
            self.state,
            self.state.facts.order_status,
            task.type,
            now=self.now,
            problem=event.problem,
            counts=counted(self.state, self.playbook),
        )

    def condition(self) -> Context:
        """Return what the conditions of rules are judged in."""
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
            self.operator,
            self.refused,
            counted(self.state, self.playbook),
            self.spoken,
            self.direction,
            self.original() is not None,
        )
