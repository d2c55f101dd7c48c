"""Steps for the timeline: of events that came, of events we send, and of decisions that send nothing (P.3)."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from libs.common.contracts import Cause, EventData, Outgoing, Received, assignment, intake, notifications, tasks
from libs.common.platform.ids import uuid7
from services.tasks.engine import effects as fx
from services.tasks.engine.state import SYSTEM, State
from services.tasks.playbooks.model import Title
from services.tasks.timeline.entries import Entry

OWN = tasks.OWNER

# What of each event stands in the timeline: never anything of `person`.
_FACTS: dict[type[EventData], tuple[str, ...]] = {
    intake.LeadReceived: ("source", "order_number", "external_id", "order_status", "signals", "received_at"),
    intake.LeadUpdated: ("language", "zone"),
    intake.LeadStatusChanged: ("from_status", "to_status", "stage", "reason"),
    intake.LeadStatusRefused: ("status", "current_status", "code"),
    intake.OrderChanged: ("order_number", "from_status", "to_status"),
    assignment.WorkAssigned: ("pool", "operator_id", "operator_name", "decision_id", "reason", "candidates"),
    assignment.WorkWaiting: ("pool", "decision_id", "candidates"),
    notifications.MessageSent: ("template", "purpose", "channel", "provider"),
    notifications.MessageDelivered: ("template", "purpose", "channel", "provider"),
    notifications.MessageRead: ("template", "purpose", "channel", "provider"),
    notifications.MessageFailed: ("template", "purpose", "channel", "provider", "state", "code"),
    tasks.TaskOpened: ("task_type", "pool", "mode", "attempt", "important", "due_at", "offer_from"),
    tasks.TaskAssigned: ("task_type", "operator_id", "decision_id", "due_at"),
    tasks.TaskTaken: ("task_type", "operator_id", "due_at"),
    tasks.TaskCompleted: ("task_type", "outcome", "operator_id"),
    tasks.TaskFailed: ("task_type", "outcome", "operator_id"),
    tasks.TaskDeferred: ("task_type", "outcome", "operator_id", "successor_id", "due_at"),
    tasks.TaskOverdue: ("task_type", "due_at", "operator_id"),
    tasks.WorkRequested: ("pool", "role", "products", "due_at", "prefer_operator_id"),
    tasks.WorkWithdrawn: ("reason",),
    tasks.WorkDeclined: ("operator_id", "decision_id", "reason"),
    tasks.LeadStatusRequested: ("status", "stage", "reason"),
    tasks.LeadOwnerChanged: ("from_operator_id", "to_operator_id", "reason"),
    tasks.MessageRequested: ("message_id", "template", "purpose", "channels", "language", "deadline"),
}


def facts_of(data: EventData) -> dict[str, object]:
    """Return the facts of an event that may be shown, as JSON values."""
    return {name: _plain(getattr(data, name)) for name in _FACTS.get(type(data), ())}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return [part.model_dump(mode="json") if isinstance(part, assignment.Candidate) else part for part in value]
    # The driver's own class of UUIDs is not JSON.
    return str(value) if isinstance(value, UUID) and type(value) is not UUID else value


def of_received(event: Received[EventData], lead_id: UUID) -> Entry:
    """Return the step of an event of another service."""
    data = event.data
    return Entry(
        desk=event.desk,
        lead_id=lead_id,
        event_id=event.event_id,
        causation_id=event.cause.causation_id,
        correlation_id=event.cause.correlation_id,
        owner=data.owner,
        time=event.time,
        kind=data.event_type,
        actor=str(vars(data).get("actor", SYSTEM)),  # a missing attribute costs pydantic an exception
        sequence=event.sequence,
        task_id=vars(data).get("task_id"),
        facts=facts_of(data),
    )


def of_wait(event: Received[EventData], data: intake.LeadReceived, until: datetime | None = None) -> list[Entry]:
    """Return the steps of a lead whose desk had not activated its playbook; `until`: when it went on."""
    waits = Entry(
        desk=event.desk,
        lead_id=data.lead_id,
        event_id=uuid7(),
        causation_id=event.event_id,
        correlation_id=event.cause.correlation_id,
        owner=OWN,
        time=event.time,
        kind="playbook_awaited",
        rule="engine.start",
        facts={"playbook": data.playbook},
    )
    if until is None:
        return [waits]
    on = waits._replace(event_id=uuid7(), causation_id=waits.event_id, time=until, kind="playbook_came")
    return [waits, on]


def of_sent(event: Outgoing, event_id: UUID, lead_id: UUID, effect: fx.Effect) -> Entry:
    """Return the step of an event of our own, with the rule behind it."""
    # Deferring ends one task and opens another: the words and the person belong to the end.
    opens = isinstance(event.data, tasks.TaskOpened)
    return Entry(
        desk=event.desk,
        lead_id=lead_id,
        event_id=event_id,
        causation_id=event.cause.causation_id,
        correlation_id=event.cause.correlation_id,
        owner=OWN,
        time=event.time,
        kind=event.data.event_type,
        actor=SYSTEM if opens else _actor(effect),
        rule=effect.rule,
        task_id=vars(event.data).get("task_id"),
        facts={**facts_of(event.data), **({} if opens else _words(effect))},
    )


def of_silent(effect: fx.Effect, state: State, cause: Cause, now: datetime) -> Entry | None:
    """Return the step of an effect that no event tells of; None for what is not worth a line."""
    match effect:
        case fx.Record(code=code, text=text):
            kind, facts = code, _title(text)
        case fx.Breach():
            kind, facts = "breach", {}
        case fx.EndProcess():
            kind, facts = "process_ended", {}
        case fx.ReopenProcess():
            kind, facts = "process_reopened", {}
        case fx.CountAttempt(policy=policy, count=count):
            kind, facts = "attempt", {"policy": policy, "count": count}
        case fx.TakeTask(pulled=False):
            kind, facts = "work_begun", {}
        case fx.FollowStatus(status=status, stage=stage):
            kind, facts = "status_followed", {"status": status, "stage": stage}
        case _:
            return None
    return Entry(
        desk=state.desk.code,
        lead_id=state.facts.lead_id,
        event_id=uuid7(),
        causation_id=cause.causation_id,
        correlation_id=cause.correlation_id,
        owner=OWN,
        time=now,
        kind=kind,
        actor=_actor(effect),
        rule=effect.rule,
        task_id=getattr(effect, "task_id", None),
        facts=facts,
    )


def _actor(effect: fx.Effect) -> str:
    match effect:
        case fx.CloseTask(closing=closing) | fx.DeferTask(closing=closing):
            return closing.actor
        case fx.TakeTask(operator=operator):
            return str(operator.id)
        case fx.SetStatus(actor=actor):
            return actor
        case _:
            return SYSTEM


def _words(effect: fx.Effect) -> Mapping[str, object]:
    """Return the words a task ended with; events do not carry them (S2.7)."""
    match effect:
        case fx.CloseTask(closing=closing) | fx.DeferTask(closing=closing):
            return {"comment": closing.comment, "problem": closing.problem, "call_made": closing.call_made}
        case _:
            return {}


def _title(text: Title | None) -> dict[str, object]:
    return {"text": {"ru": text.ru, "en": text.en}} if text else {}
