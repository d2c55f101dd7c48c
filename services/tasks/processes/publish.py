"""Effects of a decision → published events."""

from typing import TypedDict, assert_never
from uuid import UUID, uuid5

from libs.common.contracts import EventData, notices, tasks
from libs.common.contracts.shared import Customer, Identity, IdentityKind, Language, SubjectKind, Text, ZoneSource
from libs.common.domain.money import Money
from libs.common.platform.ids import uuid7
from services.tasks.engine import effects as fx
from services.tasks.engine.asking import RequestChange, StopAttempts, WithdrawMessage
from services.tasks.engine.facts import Customer as Person
from services.tasks.engine.kept import AddDocument, Count, Forget, RaiseCharge, TakeBack
from services.tasks.engine.state import Closing, State, Task, TaskState
from services.tasks.engine.variables import prices, recipient, variables
from services.tasks.playbooks.messages import Addressee
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Title


def published(effect: fx.Effect, state: State, playbook: Playbook) -> tuple[EventData, ...]:  # noqa: C901 - one flat case per kind
    """Return the events of an effect; `state` is the state after the decision."""
    match effect:
        case fx.OpenTask(task=task):
            return (_opened(task, state, playbook),)
        case fx.DeferTask(successor=successor):
            return (_deferred(effect, state, playbook), _opened(successor, state, playbook))
        case fx.CloseTask(task_id=task_id, closing=closing):
            return (_ended(_task(state, task_id), closing, state, playbook),)
        case fx.RemindOfTask(task_id=task_id, operator_id=operator_id):
            return (_reminded(_task(state, task_id), operator_id, state, playbook),)
        case fx.AssignTask() | fx.TakeTask() | fx.MoveTask() | fx.MarkOverdue():
            return _held(effect, _task(state, effect.task_id), state, playbook)
        case fx.OfferWork() | fx.WithdrawWork() | fx.DeclineWork() | fx.RequestMessage():
            return (_asked(effect, state),)
        case fx.SetStatus() | fx.SetOwner():
            return _lead(effect, state)
        case fx.Start() | fx.StartProcess() | fx.Learn() | fx.FollowStatus() | fx.MarkWaiting() | fx.BringForward():
            return _nothing()
        case fx.ReserveTask() | fx.RecordContact() | TakeBack():
            return _nothing()
        case fx.RenewRequest() | fx.OpenToAll() | fx.SetTimer() | fx.CancelTimer() | fx.CountAttempt():
            return _nothing()
        case RequestChange() | WithdrawMessage():
            return (_wanted(effect, state),)
        case RaiseCharge():
            return (_charged(effect, state),)
        case fx.EndProcess() | fx.ReopenProcess() | StopAttempts() | Count() | AddDocument() | Forget():
            return _nothing()
        case fx.Breach() | fx.Record() | fx.Refuse():
            return _nothing()
        case _:
            assert_never(effect)


def is_only_noted(effect: fx.Effect, event: EventData) -> bool:
    """Return whether an event is a step of the timeline alone: no service reads it, or another says the same."""
    if isinstance(event, notices.TaskReminded):
        return event.operator_id is None
    return isinstance(event, tasks.TaskOpened) or (isinstance(effect, fx.SetOwner) and effect.said)


def _nothing() -> tuple[EventData, ...]:
    """Publish nothing: the effect concerns tasks alone."""
    return ()


def _whose(state: State) -> dict[str, UUID | None]:
    return {"lead_id": state.facts.lead_id, "customer_id": state.facts.customer_id}


class _Whom(TypedDict, total=False):
    person: Customer
    zone: str


def _whom(state: State) -> _Whom:
    """Return whom the operator of a task is to call; nothing when it is about no customer."""
    who, facts = state.facts.customer, state.facts
    if facts.subject.kind not in (SubjectKind.LEAD, SubjectKind.CUSTOMER):
        return {}
    return {"person": Customer(name=who.name, phone=who.phone, phone_raw=who.phone_raw), "zone": facts.zone}


def _task(state: State, task_id: object) -> Task:
    return next(task for task in state.tasks if task.id == task_id)


def _title(task: Task, playbook: Playbook) -> Text:
    """Return the title of a free task as its author wrote it, else that of its type."""
    if task.brief is not None:
        return Text(ru=task.brief.title, en=task.brief.title)
    return _text(playbook.task_types[task.type].title)


def _text(title: Title) -> Text:
    return Text(ru=title.ru, en=title.en)


def _opened(task: Task, state: State, playbook: Playbook) -> EventData:
    return tasks.TaskOpened(
        task_id=task.id,
        **_whose(state),
        process_id=state.id,
        task_type=task.type,
        title=_title(task, playbook),
        role=task.role,
        pool=task.pool,
        mode=task.mode,
        lane=task.lane,
        rank=task.rank,
        attempt=task.attempt,
        important=task.important,
        due_at=task.due_at,
        offer_from=task.offer_from,
        playbook=state.playbook,
        playbook_version=state.playbook_version,
    )


def _ended(task: Task, closing: Closing, state: State, playbook: Playbook) -> EventData:
    model = tasks.TaskCompleted if closing.result is TaskState.COMPLETED else tasks.TaskFailed
    return model.model_validate(_end(task, closing, state, playbook))


def _deferred(effect: fx.DeferTask, state: State, playbook: Playbook) -> EventData:
    successor = {"successor_id": effect.successor.id, "due_at": effect.successor.due_at}
    end = _end(_task(state, effect.task_id), effect.closing, state, playbook)
    return tasks.TaskDeferred.model_validate({**end, **successor})


def _end(task: Task, closing: Closing, state: State, playbook: Playbook) -> dict[str, object]:
    return {
        "task_id": task.id,
        **_whose(state),
        "task_type": task.type,
        "pool": task.pool,
        "operator_id": task.operator_id,
        "outcome": closing.outcome,
        "actor": closing.actor,
        "rule": closing.rule,
        "title": _title(task, playbook),
        "was_due_at": task.due_at,
        "order_number": state.facts.order_number,
        "call_made": closing.call_made,
    }


def _held(
    effect: fx.AssignTask | fx.TakeTask | fx.MoveTask | fx.MarkOverdue, task: Task, state: State, playbook: Playbook
) -> tuple[EventData, ...]:
    title = _title(task, playbook)
    match effect:
        case fx.AssignTask(operator=operator, decision_id=decision_id, owns=owns):
            return (
                tasks.TaskAssigned(
                    task_id=task.id,
                    **_whose(state),
                    task_type=task.type,
                    title=title,
                    due_at=task.due_at,
                    operator_id=operator.id,
                    decision_id=decision_id,
                    order_number=state.facts.order_number,
                    **_whom(state),
                    owns_lead=owns and state.main and state.facts.lead_id is not None,
                ),
            )
        case fx.TakeTask(operator=operator, pulled=pulled):
            return (
                tasks.TaskTaken(
                    task_id=task.id,
                    **_whose(state),
                    task_type=task.type,
                    title=title,
                    due_at=task.due_at,
                    pool=task.pool,
                    operator_id=operator.id,
                    pulled=pulled,
                    **_whom(state),
                ),
            )
        case fx.MoveTask():
            return (_moved(effect, task, state, playbook),)
        case fx.MarkOverdue():
            return (_overdue(task, state, title),)
        case _:
            assert_never(effect)


def _overdue(task: Task, state: State, title: Text) -> EventData:
    return tasks.TaskOverdue(
        task_id=task.id,
        **_whose(state),
        task_type=task.type,
        due_at=task.due_at,
        operator_id=task.operator_id,
        title=title,
        order_number=state.facts.order_number,
        **(_whom(state) if task.operator_id else {}),
    )


def _charged(effect: RaiseCharge, state: State) -> EventData:
    amount, currency = effect.amount, effect.currency
    return notices.PartnerChargeDue(
        charge_id=uuid5(state.id, effect.spec.code),
        **_whose(state),
        process_id=state.id,
        partner_id=effect.partner_id,
        charge=effect.spec.code,
        title=_text(effect.spec.title),
        amount=None if amount is None or currency is None else Money(amount=amount, currency=currency),
        actor=effect.actor,
        reason=effect.rule,
    )


def _reminded(task: Task, operator_id: UUID | None, state: State, playbook: Playbook) -> EventData:
    return notices.TaskReminded(
        task_id=task.id,
        **_whose(state),
        task_type=task.type,
        title=_title(task, playbook),
        due_at=task.due_at,
        pool=task.pool,
        operator_id=operator_id,
        important=task.important,
        order_number=state.facts.order_number,
        **_whom(state),
    )


def _moved(effect: fx.MoveTask, task: Task, state: State, playbook: Playbook) -> EventData:
    """Return the event of a move; only from whom it goes and to whom differs."""
    about: dict[str, object] = {
        "task_id": task.id,
        **_whose(state),
        "task_type": task.type,
        "title": _title(task, playbook),
        "due_at": task.due_at,
        "pool": task.pool,
        "actor": effect.actor,
        "reason": effect.reason.value,
        "from_operator_id": effect.previous_id,
        "to_operator_id": effect.operator_id,
        **(_whom(state) if effect.operator_id else {}),
    }
    match effect.move:
        case fx.Move.RELEASED:
            return tasks.TaskReleased.model_validate(
                {**about, "operator_id": effect.previous_id, "taken": effect.taken, "lender_id": effect.lender_id}
            )
        case fx.Move.REASSIGNED:
            return tasks.TaskReassigned.model_validate(
                {**about, "order_number": state.facts.order_number, "lender_id": effect.lender_id}
            )
        case fx.Move.LENT:
            return tasks.TaskLent.model_validate({**about, "until": effect.until})
        case fx.Move.RETURNED:
            return tasks.TaskReturned.model_validate(about)
        case _:
            assert_never(effect.move)


def _asked(effect: fx.OfferWork | fx.WithdrawWork | fx.DeclineWork | fx.RequestMessage, state: State) -> EventData:
    """Return what is asked of assignment and notifications."""
    match effect:
        case fx.OfferWork(task_id=task_id, at=at, prefer=prefer):
            task = _task(state, task_id)
            return tasks.WorkRequested(
                task_id=task.id,
                **_whose(state),
                task_version=task.version,
                pool=task.pool,
                role=task.role,
                products=state.facts.products,
                due_at=task.due_at,
                requested_at=at,
                prefer_operator_id=prefer.id if prefer else None,
                avoid_operator_id=task.avoid_id,
                among_operator_ids=task.among,
                task_type=task.type,
            )
        case fx.WithdrawWork(task_id=task_id, reason=reason):
            return tasks.WorkWithdrawn(task_id=task_id, **_whose(state), reason=reason)
        case fx.DeclineWork(task_id=declined, decision_id=decision_id, operator=operator, reason=reason):
            return tasks.WorkDeclined(
                task_id=declined, **_whose(state), decision_id=decision_id, operator_id=operator.id, reason=reason
            )
        case fx.RequestMessage():
            return _message(effect, state)
        case _:
            assert_never(effect)


def _lead(effect: fx.SetStatus | fx.SetOwner, state: State) -> tuple[EventData, ...]:
    """Return what is said of the lead; nothing when the process is of another subject, or does not decide it."""
    lead_id = state.facts.lead_id
    match effect:
        case fx.SetStatus(status=status, title=title, stage=stage, actor=actor, reason=reason):
            if lead_id is None:
                return _nothing()
            return (
                tasks.LeadStatusRequested(
                    lead_id=lead_id,
                    customer_id=state.facts.customer_id,
                    status=status,
                    title=_text(title),
                    stage=stage,
                    actor=actor,
                    reason=reason,
                ),
            )
        case fx.SetOwner(owner=owner, previous=previous, reason=reason, actor=actor):
            if lead_id is None or not state.main:
                return _nothing()
            return (
                tasks.LeadOwnerChanged(
                    lead_id=lead_id,
                    customer_id=state.facts.customer_id,
                    from_operator_id=previous.id if previous else None,
                    to_operator_id=owner.id if owner else None,
                    reason=reason,
                    actor=actor,
                ),
            )
        case _:
            assert_never(effect)


def _message(effect: fx.RequestMessage, state: State) -> EventData:
    to = recipient(state, effect.spec.to)
    if to is None:
        raise TypeError("the engine requests no message to nobody")
    return tasks.MessageRequested(
        message_id=uuid7(),
        **_whose(state),
        process_id=state.id,
        task_id=effect.task_id,
        template=effect.spec.template,
        channels=effect.spec.ways,
        variables={**effect.texts, **variables(state, to.language), **prices(state, effect.spec)},
        language=Language(to.language),
        zone=to.zone,
        zone_source=None if to.zone_source is None else ZoneSource(to.zone_source),
        purpose=effect.spec.code,
        deadline=effect.deadline,
        dedupe_key=_dedupe_key(state, effect.spec.code, effect.number),
        to_customer=effect.spec.to is Addressee.CUSTOMER,
        person=_person(to.person),
    )


def _dedupe_key(state: State, purpose: str, number: int) -> str:
    return f"{state.id}:{purpose}:{number}"


def _person(person: Person) -> Customer:
    return Customer(
        name=person.name,
        phone=person.phone,
        phone_raw=person.phone_raw,
        email=person.email,
        identities=tuple(Identity(kind=IdentityKind(kind), value=value) for kind, value in person.identities),
    )


def _wanted(effect: RequestChange | WithdrawMessage, state: State) -> EventData:
    """Return what is asked of intake, or taken back from notifications."""
    match effect:
        case RequestChange(target=target, target_id=target_id, values=values, person=person, actor=actor):
            return tasks.ChangeRequested(
                request_id=uuid7(),
                **_whose(state),
                target=target,
                target_id=target_id,
                values=dict(values),
                person=None if person is None else _person(person),
                actor=actor,
                reason=effect.rule,
            )
        case WithdrawMessage(purpose=purpose, number=number, actor=actor):
            return tasks.MessageWithdrawn(
                dedupe_key=_dedupe_key(state, purpose, number),
                **_whose(state),
                process_id=state.id,
                purpose=purpose,
                actor=actor,
                reason=effect.rule,
            )
        case _:
            assert_never(effect)
