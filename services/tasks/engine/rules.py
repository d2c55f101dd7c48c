"""`decide`: state, event and time → effects. Pure, total, and the same for every desk."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, assert_never

from libs.common.contracts.shared import ContactKind, Direction, MessageProgress, Mode, OrderStatus, Signal
from libs.common.domain.frozen import replace
from services.tasks.engine.answers import Answer, learn, learn_order
from services.tasks.engine.claims import RESERVE, claim, contacted
from services.tasks.engine.effects import (
    AssignTask,
    CancelTimer,
    DeclineWork,
    Effect,
    FollowStatus,
    Learn,
    MarkOverdue,
    MarkWaiting,
    Noticed,
    OfferWork,
    OpenTask,
    OpenToAll,
    Record,
    Refusal,
    Refuse,
    RemindOfTask,
    RenewRequest,
    SetTimer,
    Start,
    TakeTask,
)
from services.tasks.engine.events import (
    ContactRecorded,
    CustomerChanged,
    Event,
    Heard,
    LeadGiven,
    LeadReceived,
    LeadUpdated,
    Lent,
    Made,
    MergedAway,
    MessageMoved,
    OrderChanged,
    OutcomeGiven,
    Parted,
    Proposed,
    Reassigned,
    Redistributed,
    Released,
    Returned,
    Started,
    StatusChanged,
    StatusRefused,
    Taken,
    TakenBack,
    TimerFired,
    Waiting,
)
from services.tasks.engine.mending import take_back
from services.tasks.engine.merging import merge_away, part
from services.tasks.engine.moments import next_time
from services.tasks.engine.moves import RETURN, lapse, loan_over, move
from services.tasks.engine.outcomes import give
from services.tasks.engine.reminders import is_reminder
from services.tasks.engine.run import Run
from services.tasks.engine.settling import ANSWER, met, preferred, settle, unanswered
from services.tasks.engine.state import OperatorId, State, Task, Timer, TimerKind, new_task
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import SUPERVISOR, Trigger

_MESSAGES = {
    MessageProgress.SENT: Trigger.MESSAGE_SENT,
    MessageProgress.DELIVERED: Trigger.MESSAGE_DELIVERED,
    MessageProgress.READ: Trigger.MESSAGE_READ,
    MessageProgress.FAILED: Trigger.MESSAGE_FAILED,
}
_FENCE = "engine.fence"
_OVER = frozenset({OrderStatus.CANCELLED, OrderStatus.FALSE, OrderStatus.REFUSED})


@dataclass(frozen=True, slots=True)
class Decision:
    """The effects of an event, and the state after them."""

    state: State
    effects: tuple[Effect, ...]


def decide(state: State, event: Event, playbook: Playbook, now: datetime) -> tuple[Effect, ...]:
    """Return the effects of an event. Never raises, for any event in any state."""
    return resolve(state, event, playbook, now).effects


def resolve(state: State, event: Event, playbook: Playbook, now: datetime) -> Decision:
    """Decide, and also return the state afterwards; it is the same object if nothing changed."""
    run = Run(state.copy(), playbook, now)
    _handle(run, event)
    _report_unsent(run)
    settle(run)
    return Decision(state if run.state == state else run.state, tuple(run.effects))


def _handle(run: Run, event: Event) -> None:
    match event:
        case LeadReceived() | Started() | Made():
            _start(run, event)
        case ContactRecorded() | CustomerChanged() | Heard():
            _heard(run, event)
        case Proposed():
            _proposed(run, event)
        case Taken():
            _taken(run, event)
        case Released() | Reassigned() | Lent() | Returned() | LeadGiven() | Redistributed():
            move(run, event)
        case OutcomeGiven():
            give(run, event)
        case TakenBack() | MergedAway() | Parted():
            _corrected(run, event)
        case TimerFired(timer=timer, gone=gone):
            _timer(run, timer, gone)
        case Waiting():
            _waiting(run, event)
        case _:
            _reported(run, event)


def _corrected(run: Run, event: TakenBack | MergedAway | Parted) -> None:
    """Apply what people correct: a wrong outcome, two that are one, one that are two."""
    match event:
        case TakenBack():
            take_back(run, event)
        case MergedAway():
            merge_away(run, event)
        case Parted():
            part(run, event)
        case _:
            assert_never(event)


_Report: TypeAlias = LeadUpdated | OrderChanged | StatusChanged | StatusRefused | MessageMoved | Answer


def _reported(run: Run, event: _Report) -> None:
    """Apply a report of another service to the state, then run the playbook's trigger."""
    match event:
        case LeadUpdated():
            _updated(run, event)
        case OrderChanged():
            _order_changed(run, event)
        case StatusChanged(status=status, stage=stage, by_us=by_us):
            # The answer to our own request may be older than our latest request.
            if not by_us and status != run.state.status:
                run.emit(FollowStatus("engine.status", status, stage))
            _trigger(run, Trigger.STATUS_CHANGED)
        case StatusRefused(status=status, current=current):
            spec = run.playbook.statuses.get(current)
            if run.state.status == status and spec is not None:
                run.emit(FollowStatus("engine.status", current, spec.stage))
            _trigger(run, Trigger.STATUS_REFUSED)
        case MessageMoved():
            _message_moved(run, event)
        case _:
            if (trigger := learn(run, event)) is not None:
                _trigger(run, trigger)


def _order_changed(run: Run, event: OrderChanged) -> None:
    """Learn of an order and run its rules. The end of another order than the lead's own is none of the lead."""
    own = run.state.facts.order
    if own is not None and own.id != event.order.id and event.order.status in _OVER:
        return
    run.order_status = event.order.status
    is_held = learn_order(run, event)
    _trigger(run, Trigger.ORDER_CHANGED)
    if is_held:
        _trigger(run, Trigger.PRICE_HELD)


def _updated(run: Run, event: LeadUpdated) -> None:
    """Learn who the customer is by now. Identities that an event leaves out stay, unless it has them all."""
    facts, customer = run.state.facts, event.customer
    if not event.whole and not customer.identities:
        customer = replace(customer, identities=facts.customer.identities)
    now = facts.signals if event.signals is None else event.signals
    place = replace(facts, zone=event.zone, zone_source=event.zone_source)
    learned = replace(place, customer=customer, language=event.language, signals=now)
    run.emit(Learn("engine.facts", learned))
    _trigger(run, Trigger.LEAD_UPDATED)
    if Signal.FALSE_NUMBER.value in facts.signals and Signal.FALSE_NUMBER.value not in now:
        _trigger(run, Trigger.NUMBER_CORRECTED)


def _message_moved(run: Run, event: MessageMoved) -> None:
    """Run the rules of a message's step; of what a person wrote only its failure has any."""
    run.purpose = event.purpose
    if event.written:
        run.contact, run.direction = ContactKind.MESSAGE, Direction.OUT
    if not event.written or event.step is MessageProgress.FAILED:
        _trigger(run, _MESSAGES[event.step])


def _trigger(run: Run, trigger: Trigger) -> None:
    if run.state.started_at is not None:
        run.rules(run.playbook.triggers.get(trigger, ()))


def _report_unsent(run: Run) -> None:
    """Run the rules of a failed message for each that could not be requested; what these send cannot fail again."""
    for purpose in tuple(run.unsent):
        run.purpose = purpose
        _trigger(run, Trigger.MESSAGE_FAILED)


def _start(run: Run, event: LeadReceived | Started | Made) -> None:
    if run.state.started_at is not None:
        run.emit(Record("engine.start", Noticed.RECEIVED_AGAIN))
        return
    match event:
        case LeadReceived(status=status, stage=stage):
            # A status of another version of the playbook: the rules say which one the lead gets.
            known = status in run.playbook.statuses
            run.emit(Start("engine.start", run.now, status if known else None, stage if known else None))
            _trigger(run, Trigger.LEAD_RECEIVED)
        case Started():
            run.emit(Start("engine.start", run.now))
            _trigger(run, Trigger.STARTED)
        case Made():
            run.emit(Start("engine.start", run.now))
            _make(run, event)
        case _:
            assert_never(event)


def _make(run: Run, event: Made) -> None:
    """Open the task that a person made; it is of the playbook's fallback type."""
    kind = run.playbook.task_types[run.playbook.fallback]
    run.rule, run.actor = f"{kind.code}.made", event.brief.author
    offer_from, original = event.offer_from or run.now, event.original_id
    task = new_task(run.state, kind, run.now, due_at=event.due_at, offer_from=offer_from, rule=run.rule)
    task = replace(task, role=event.role, pool=event.pool, important=event.important, brief=event.brief)
    task = replace(task, original_id=original)
    if event.role == SUPERVISOR and event.operator is None:
        task = replace(task, mode=Mode.PULL)  # all supervisors see it, the first who takes it has it
    run.emit(OpenTask(run.rule, task))
    if event.operator is not None:
        run.hand_to(event.operator, task, original)


def _heard(run: Run, event: ContactRecorded | CustomerChanged | Heard) -> None:
    match event:
        case ContactRecorded(operator=operator, at=at, kind=kind, source=source):
            contacted(run, operator, at)
            run.contact, run.source, run.spoken = kind, source, event.spoken
            run.direction, run.contact_at = event.direction, at
            _trigger(run, Trigger.CONTACT_RECORDED)
        case CustomerChanged(customer=customer):
            run.emit(Learn("engine.facts", replace(run.state.facts, customer=customer)))
            _trigger(run, Trigger.CUSTOMER_CHANGED)
        case Heard(trigger=trigger, order_status=status):
            run.order_status, run.contact, run.source = status, event.contact, event.source
            run.spoken, run.direction, run.contact_at = event.spoken, event.direction, event.at
            _trigger(run, trigger)
        case _:
            assert_never(event)


def _proposed(run: Run, event: Proposed) -> None:
    """Fence a proposal: still open, still unassigned, same version (docs/adr/0006).

    A stale proposal is declined without a new request: re-offering here could loop forever with an assignment
    service that lags behind. One of an operator who has gone since is declined with one: assignment published that,
    so it proposes another.
    """
    task = run.state.open_task(event.task_id)
    if task is None:
        reason = "closed"
    elif (task.operator_id, task.decision_id) == (event.operator.id, event.decision_id):
        run.emit(Record(_FENCE, Noticed.ALREADY_ASSIGNED))
        return
    elif task.operator_id is not None:
        reason = "already_assigned"
    elif task.version != event.version:
        reason = "stale_version"
    elif event.absence is not None:
        reason = f"operator_{event.absence}"
        run.emit(RenewRequest(_FENCE, task.id))
    else:
        run.rule, run.task, run.operator = _FENCE, task, event.operator
        gets = run.playbook.task_types[task.type].on_assigned
        gets = replace(gets, owns=gets.owns and event.deputises_for is None)
        given = AssignTask(_FENCE, task.id, event.operator, event.decision_id, run.now, gets.owns)
        run.emit(replace(given, original_id=event.deputises_for))
        claim(run, task, gets, event.operator, assigned=True)
        _trigger(run, Trigger.TASK_ASSIGNED)
        return
    run.emit(DeclineWork(_FENCE, event.task_id, event.decision_id, event.operator, reason))


def _waiting(run: Run, event: Waiting) -> None:
    task = run.state.open_task(event.task_id)
    if task is None or task.operator_id is not None or task.offered_at is None:
        run.emit(Record("engine.waiting", Noticed.WAITING_FOR_NOTHING))
        return
    run.task = task
    if task.among:
        run.emit(OpenToAll("engine.waiting", task.id))
        return
    if not task.waiting:
        run.emit(MarkWaiting("engine.waiting", task.id))
    _trigger(run, Trigger.WORK_WAITING)


def _taken(run: Run, event: Taken) -> None:
    """Assign a task to the first who takes it; starting an assigned task runs the same steps (S1.2, S4.3)."""
    task = run.state.open_task(event.task_id)
    if task is None:
        run.emit(Refuse("engine.take", Refusal.TASK_CLOSED))
        return
    if (refusal := _take_refusal(task, event, run.now)) is not None:
        run.emit(Refuse("engine.take", refusal))
        return
    if task.taken_at is not None:
        run.emit(Record("engine.take", Noticed.ALREADY_TAKEN))
        return
    run.rule, run.task = f"{task.type}.on_take", task
    run.actor, run.operator = str(event.operator.id), event.operator
    pulled = task.operator_id is None
    run.withdraw(task, "taken")
    run.emit(TakeTask(run.rule, task.id, event.operator, run.now, pulled))
    kind = run.playbook.task_types[task.type]
    claim(run, task, kind.on_taken, event.operator, assigned=False)
    run.steps(kind.on_take)


def _take_refusal(task: Task, event: Taken, now: datetime) -> Refusal | None:
    if task.operator_id is not None:
        return None if task.operator_id == event.operator.id else Refusal.TAKEN_BY_OTHER
    if task.mode is Mode.PUSH:
        return Refusal.PUSHED_ONLY
    return Refusal.NOT_OFFERED_YET if task.offer_from > now else None


def _timer(run: Run, timer: Timer, gone: frozenset[OperatorId]) -> None:
    if run.state.timer(timer.name) is not None:
        run.emit(CancelTimer("engine.timer", timer.name))
    if not run.state.live:
        run.emit(Record("engine.timer", Noticed.PROCESS_ENDED))
        return
    match timer.kind:
        case TimerKind.PLAYBOOK:
            spec = run.playbook.timers.get(timer.name)
            if spec is not None and spec.every is not None:
                again = replace(timer, at=next_time(timer.at, spec.every, run.now))
                run.emit(SetTimer("engine.timer", again))
            run.rules(spec.rules if spec else ())
        case TimerKind.DUE | TimerKind.OFFER:
            _task_timer(run, timer, gone)
        case _:
            assert_never(timer.kind)


def _task_timer(run: Run, timer: Timer, gone: frozenset[OperatorId]) -> None:
    """Mark a task overdue, remind of it, end a loan or a reservation, repeat a request that was not answered.

    An offer timer needs no action here: `_settle` offers the task.
    """
    task = run.state.open_task(timer.task_id) if timer.task_id is not None else None
    if task is None:
        run.emit(Record("engine.timer", Noticed.TASK_CLOSED))
    elif timer.kind is TimerKind.DUE and not task.overdue and task.due_at <= run.now and not met(run, task):
        run.task = task
        run.emit(MarkOverdue("engine.due", task.id))
        _trigger(run, Trigger.TASK_OVERDUE)
    elif is_reminder(timer):
        _remind(run, task)
    elif timer.name == f"{RETURN}:{task.id}":
        loan_over(run, task, gone)
    elif timer.name == f"{RESERVE}:{task.id}":
        lapse(run, task)
    elif timer.name == f"{ANSWER}:{task.id}" and unanswered(task):
        run.emit(OfferWork("engine.answer", task.id, run.now, preferred(run, task), again=True))


def _remind(run: Run, task: Task) -> None:
    """Remind of a task, unless it is due by now: that is said already."""
    if run.now < task.due_at and not met(run, task):
        owner = run.state.owner
        run.emit(RemindOfTask("engine.remind", task.id, task.operator_id or (owner.id if owner else None)))
