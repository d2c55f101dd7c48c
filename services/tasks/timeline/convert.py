"""Received events, sent events and effects without an event → timeline entries (P.3)."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple, assert_never
from uuid import UUID, uuid5

from pydantic import BaseModel

from libs.common.contracts import Cause, EventData, Outgoing, Received, intake, notifications, tasks
from libs.common.contracts.shared import ChangeTarget, ContactKind, Direction
from libs.common.platform.ids import uuid7
from services.tasks.engine import effects as fx
from services.tasks.engine.asking import RequestChange, StopAttempts, WithdrawMessage
from services.tasks.engine.facts import Subject
from services.tasks.engine.kept import AddDocument, Count, Forget, Kept, RaiseCharge, TakeBack
from services.tasks.engine.state import SYSTEM, State
from services.tasks.playbooks.fields import FieldValue
from services.tasks.playbooks.terms import Title
from services.tasks.timeline.catalogue import EVENTS, Kind
from services.tasks.timeline.store import Entry

OWN = tasks.OWNER


def facts_of(data: EventData) -> dict[str, object]:
    """Return the facts of an event that may be shown; ids and nested values are JSON values."""
    return {name: _plain(getattr(data, name)) for name in EVENTS[type(data)].facts}


_PLAINEST = frozenset({str, int, float, bool, type(None), UUID, datetime})  # most values, and cheapest to know


def _plain(value: object) -> object:
    if type(value) in _PLAINEST:
        return value
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    # The driver's UUID class has no JSON form.
    return str(value) if isinstance(value, UUID) and type(value) is not UUID else value


def received_entry(event: Received[EventData], subject: Subject) -> Entry:
    """Return the entry of another service's event; in the timeline of another subject its sequence says nothing."""
    data = event.data
    return Entry(
        desk=event.desk,
        subject=subject,
        event_id=event.event_id,
        causation_id=event.cause.causation_id,
        correlation_id=event.cause.correlation_id,
        owner=data.owner,
        time=event.time,
        kind=_kind_of(data),
        actor=str(vars(data).get("actor") or SYSTEM),  # a missing attribute costs pydantic an exception
        sequence=event.sequence if event.key == subject.key else None,
        task_id=vars(data).get("task_id"),
        facts=facts_of(data),
    )


def _kind_of(data: EventData) -> str:
    match data:
        case intake.ContactRecorded(kind=ContactKind.MESSAGE, direction=direction):
            return Kind.MESSAGE_RECEIVED if direction is Direction.IN else Kind.MESSAGE_WRITTEN
        case notifications.MessageSent(actor=str()):
            return Kind.MESSAGE_REPLIED
        case _:
            return data.event_type


def waiting_entries(
    event: Received[EventData], data: intake.LeadReceived | intake.LeadReceivedV2, until: datetime | None = None
) -> list[Entry]:
    """Return the entries of a lead that waits for its playbook; `until`: when it was released."""
    waiting = Entry(
        desk=event.desk,
        subject=Subject.lead(data.lead_id),
        # The same at each reading of a lead that still waits.
        event_id=uuid5(event.event_id, Kind.PLAYBOOK_AWAITED),
        causation_id=event.event_id,
        correlation_id=event.cause.correlation_id,
        owner=OWN,
        time=event.time,
        kind=Kind.PLAYBOOK_AWAITED,
        rule="engine.start",
        facts={"playbook": data.playbook},
    )
    if until is None:
        return [waiting]
    resumed = waiting._replace(
        event_id=uuid5(event.event_id, Kind.PLAYBOOK_CAME),
        causation_id=waiting.event_id,
        time=until,
        kind=Kind.PLAYBOOK_CAME,
    )
    return [waiting, resumed]


def sent_entry(event: Outgoing, event_id: UUID, state: State, effect: fx.Effect) -> Entry:
    """Return the entry of an event that tasks sends, with the rule that caused it."""
    # Deferring ends one task and opens another: comment and actor belong to the end.
    attribution = _BY_RULE if isinstance(event.data, tasks.TaskOpened) else _attribution(effect)
    return Entry(
        desk=event.desk,
        subject=state.facts.subject,
        event_id=event_id,
        causation_id=event.cause.causation_id,
        correlation_id=event.cause.correlation_id,
        owner=OWN,
        time=event.time,
        kind=event.data.event_type,
        actor=attribution.actor,
        rule=effect.rule,
        task_id=vars(event.data).get("task_id"),
        process_id=state.id,
        facts={**facts_of(event.data), **attribution.details},
    )


def started_entry(
    desk: str, subject: Subject, playbook: str, reason: str | None, rule: str, cause: Cause, now: datetime
) -> Entry:
    """Return the entry of a playbook that was started on a subject, or that was not for a reason."""
    return Entry(
        desk=desk,
        subject=subject,
        event_id=uuid7(),
        causation_id=cause.causation_id,
        correlation_id=cause.correlation_id,
        owner=OWN,
        time=now,
        kind=Kind.PROCESS_STARTED if reason is None else Kind.PROCESS_NOT_STARTED,
        rule=rule,
        facts={"playbook": playbook} if reason is None else {"playbook": playbook, "reason": reason},
    )


def silent_entry(effect: fx.Effect, state: State, cause: Cause, now: datetime) -> Entry | None:
    """Return the entry of an effect without an event; None if it has no entry."""
    step = _silent_step(effect)
    if step is None:
        return None
    kind, facts = step
    return Entry(
        desk=state.desk.code,
        subject=state.facts.subject,
        event_id=uuid7(),
        causation_id=cause.causation_id,
        correlation_id=cause.correlation_id,
        owner=OWN,
        time=now,
        kind=kind,
        actor=_attribution(effect).actor,
        rule=effect.rule,
        task_id=getattr(effect, "task_id", None),
        process_id=state.id,
        facts=facts,
    )


#: Steps of which there is nothing more to say.
_PLAIN: Mapping[type[fx.Effect], Kind] = {
    fx.Breach: Kind.BREACH,
    fx.EndProcess: Kind.PROCESS_ENDED,
    fx.ReopenProcess: Kind.PROCESS_REOPENED,
    fx.BringForward: Kind.BROUGHT_FORWARD,
    fx.OpenToAll: Kind.NO_ROOM,
}


def _silent_step(effect: fx.Effect) -> tuple[str, dict[str, object]] | None:  # noqa: C901 - one flat case per effect
    """Return kind and facts of an effect without an event."""
    match effect:
        case fx.Record(code=code, text=text):
            return None if code is fx.Noticed.ALREADY_TAKEN else (code, _title(text))
        case fx.Breach() | fx.EndProcess() | fx.ReopenProcess() | fx.BringForward() | fx.OpenToAll():
            return _PLAIN[type(effect)], {}
        case fx.CountAttempt(policy=policy, count=count):
            return Kind.ATTEMPT, {"policy": policy, "count": count}
        case fx.FollowStatus(status=status, stage=stage):
            return Kind.STATUS_FOLLOWED, {"status": status, "stage": stage}
        case fx.RecordContact():
            return Kind.FIRST_CONTACT, {}
        case TakeBack(outcome=outcome, reason=reason):
            return Kind.OUTCOME_MENDED, {"outcome": outcome, "comment": reason}
        case fx.ReserveTask(until=until):
            return None if until is None else (Kind.RESERVED, {"until": until})
        case StopAttempts(policy=policy):
            return Kind.ATTEMPTS_STOPPED, {"policy": policy}
        case Count() | AddDocument() | RaiseCharge() | Forget():
            return _kept_step(effect)
        # The event that caused these has its own entry, or they are internal.
        case fx.Start() | fx.Learn() | fx.MarkWaiting() | fx.SetTimer() | fx.CancelTimer() | fx.Refuse():
            return None
        # The process that is started, or is not, has an entry of its own.
        case fx.RenewRequest() | fx.StartProcess():
            return None
        # The events of these are the entries.
        case fx.OpenTask() | fx.AssignTask() | fx.CloseTask() | fx.DeferTask() | fx.MarkOverdue():
            return None
        case fx.TakeTask() | fx.MoveTask() | fx.RemindOfTask() | RequestChange() | WithdrawMessage():
            return None
        case fx.OfferWork() | fx.WithdrawWork() | fx.DeclineWork() | fx.RequestMessage():
            return None
        # Here the process speaks for itself alone: of a lead they are events.
        case fx.SetStatus(status=status, stage=stage):
            return Kind.PROCESS_STATUS, {"status": status, "stage": stage}
        case fx.SetOwner(owner=owner, previous=previous):
            return Kind.PROCESS_OWNER, {
                "from_operator_id": str(previous.id) if previous else None,
                "to_operator_id": str(owner.id) if owner else None,
            }
        case _:
            assert_never(effect)


def _kept_step(effect: Kept) -> tuple[str, dict[str, object]] | None:
    match effect:
        case Count(counter=counter, title=title, count=count):
            return Kind.COUNTED, {"counter": counter, "title": asdict(title), "count": count}
        case AddDocument(document=document):
            return Kind.DOCUMENT, {"document": document.title, "number": document.number, "url": document.url}
        case RaiseCharge() | Forget():
            return None
        case _:
            assert_never(effect)


class _Attribution(NamedTuple):
    """The actor of an effect, and the details that events do not carry (S2.7)."""

    actor: str
    details: Mapping[str, object]


_BY_RULE = _Attribution(SYSTEM, {})


def _attribution(effect: fx.Effect) -> _Attribution:  # noqa: C901 - one flat case per effect
    match effect:
        case fx.CloseTask(closing=closing) | fx.DeferTask(closing=closing):
            details = {
                "comment": closing.comment,
                "problem": closing.problem,
                "call_made": closing.call_made,
                **_filled(closing.fields),
            }
            details |= (
                {"fields": sorted(closing.fields)} if closing.fields else {}
            )  # names alone: values are personal
            return _Attribution(closing.actor, details)
        case fx.TakeTask(operator=operator) | fx.RecordContact(operator=operator):
            return _Attribution(str(operator.id), {})
        case fx.MoveTask(actor=actor, comment=comment) | fx.SetOwner(actor=actor, comment=comment):
            return _Attribution(actor, {"comment": comment} if comment else {})
        case fx.SetStatus(actor=actor) | WithdrawMessage(actor=actor) | RaiseCharge(actor=actor):
            return _Attribution(actor, {})
        case AddDocument(actor=actor) | TakeBack(actor=actor):
            return _Attribution(actor, {})
        case RequestChange(actor=actor):
            return _Attribution(actor, _asked(effect))
        case fx.Start() | fx.StartProcess() | fx.Learn() | fx.SetTimer() | fx.CancelTimer() | fx.CountAttempt():
            return _BY_RULE
        case fx.OpenTask() | fx.AssignTask() | fx.MarkOverdue() | fx.MarkWaiting():
            return _BY_RULE
        case fx.OfferWork() | fx.BringForward() | fx.WithdrawWork() | fx.DeclineWork() | fx.RenewRequest():
            return _BY_RULE
        case fx.OpenToAll() | fx.ReserveTask() | fx.RemindOfTask():
            return _BY_RULE
        case fx.FollowStatus() | StopAttempts() | Count() | Forget():
            return _BY_RULE
        case fx.RequestMessage() | fx.EndProcess() | fx.ReopenProcess():
            return _BY_RULE
        case fx.Breach() | fx.Record() | fx.Refuse():
            return _BY_RULE
        case _:
            assert_never(effect)


def _filled(fields: Mapping[str, FieldValue]) -> dict[str, object]:
    """Return what was filled in: names alone, as values are personal, and the answers to questionnaires (S3.13)."""
    if not fields:
        return {}
    parts = {name: dict(value) for name, value in fields.items() if isinstance(value, Mapping)}
    return {"fields": sorted(fields), **({"answers": parts} if parts else {})}


#: Requests whose values are codes and times, and so no person's.
_SHOWN = {ChangeTarget.ORDER_STATUS, ChangeTarget.APPOINTMENT, ChangeTarget.ACCESS}


def _asked(effect: RequestChange) -> dict[str, object]:
    """Return what a request asks for: names alone where the values may be personal."""
    if effect.target in _SHOWN:
        return {"asked": dict(effect.values)}
    person = {
        name for name in ("name", "phone", "email") if effect.person is not None and getattr(effect.person, name)
    }
    return {"fields": sorted(person | effect.values.keys())}


def _title(text: Title | None) -> dict[str, object]:
    return {"text": {"ru": text.ru, "en": text.en}} if text else {}
