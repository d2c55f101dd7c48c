"""Use cases of the consumer: statuses that tasks requests, and owners that tasks sets."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import assert_never
from uuid import UUID

from libs.common.contracts import EventData, Outgoing, Received
from libs.common.contracts.intake import LeadStatusChanged, LeadStatusRefused
from libs.common.contracts.shared import Stage
from libs.common.contracts.tasks import LeadOwnerChanged, LeadStatusRequested, TaskAssigned
from libs.common.messaging.inbox import UseCase
from libs.common.messaging.outbox import add
from libs.common.platform.clock import Clock
from libs.common.platform.db import Transaction
from services.intake.leads.rules import Applied, LeadId, LeadState, Refused, Retitled, StatusRequest, decide_status

LOCK = """
SELECT id, desk, status, stage, title, owner_id FROM lead WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE
"""
SAVE = """
WITH logged AS (
    INSERT INTO history (desk, lead_id, at, what, actor, from_value, to_value, reason, cause_id)
    SELECT desk, lead_id, $1, what, actor, from_value, to_value, reason, cause_id
    FROM unnest($7::text[], $8::uuid[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::uuid[])
        WITH ORDINALITY AS h(desk, lead_id, what, actor, from_value, to_value, reason, cause_id, n)
    ORDER BY n
)
UPDATE lead l
SET status = m.status, stage = m.stage, title = m.title, owner_id = m.owner_id, updated_at = $1,
    version = l.version + 1
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::jsonb[], $6::uuid[]) AS m(id, status, stage, title, owner_id)
WHERE l.id = m.id
"""


ASSIGNED = "assigned"  # why the owner of a lead changed: a task of it was given to them
_NO_HISTORY = ((),) * 8


@dataclass(slots=True)
class _Batch:
    """The leads of a batch in their present state, and the rows and events to write."""

    now: datetime
    leads: dict[UUID, LeadState]
    owners: dict[UUID, UUID | None]
    touched: dict[UUID, None] = field(default_factory=dict)
    history: list[tuple[object, ...]] = field(default_factory=list)
    outgoing: list[Outgoing] = field(default_factory=list)


def lead_events(clock: Clock) -> UseCase:
    """Return the use case of requested statuses and of new owners, which may be mixed."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        ids = {lead_id for event in events if (lead_id := _lead_of(event.data)) is not None}
        rows = await tx.conn.fetch(LOCK, sorted(ids))
        leads = {
            row["id"]: LeadState(row["id"], row["desk"], row["status"], Stage(row["stage"]), row["title"])
            for row in rows
        }
        batch = _Batch(clock.now(), leads, {row["id"]: row["owner_id"] for row in rows})
        for event in events:
            match event.data:
                case LeadStatusRequested() as data:
                    _status(batch, event, data)
                case LeadOwnerChanged(lead_id=lead_id, to_operator_id=owner, reason=reason):
                    _owner(batch, event, LeadId(lead_id), owner, reason)
                case TaskAssigned(lead_id=UUID() as lead_id, owns_lead=True, operator_id=owner):
                    _owner(batch, event, LeadId(lead_id), owner, ASSIGNED)
                case TaskAssigned():
                    pass
                case other:
                    raise TypeError(f"{other.event_type} asks nothing of a lead")
        await _save(tx, batch)

    return apply


def _lead_of(data: EventData) -> UUID | None:
    """Return the lead that an event may change."""
    match data:
        case LeadStatusRequested(lead_id=lead_id) | LeadOwnerChanged(lead_id=lead_id):
            return lead_id
        case TaskAssigned(lead_id=lead_id, owns_lead=True):
            return lead_id
        case _:
            return None


def _status(batch: _Batch, event: Received[EventData], data: LeadStatusRequested) -> None:
    request = StatusRequest(
        event.event_id, LeadId(data.lead_id), event.desk, data.status, data.stage,
        data.title.model_dump(), data.actor, data.reason,
    )  # fmt: skip
    decision = decide_status(batch.leads.get(data.lead_id), request)
    match decision:
        case None:
            return
        case Retitled(after=after):
            batch.leads[data.lead_id] = after
            batch.touched[data.lead_id] = None
            return
        case Refused():
            answer: EventData = LeadStatusRefused(
                lead_id=data.lead_id, status=data.status, current_status=decision.current,
                code=decision.code, request_id=event.event_id,
            )  # fmt: skip
        case Applied():
            before, after = decision.before, decision.after
            batch.leads[data.lead_id] = after
            _log(batch, event, data.lead_id, "lead_status", data.actor, (before.status, after.status, data.reason))
            answer = LeadStatusChanged(
                lead_id=data.lead_id, from_status=before.status, to_status=after.status,
                stage=after.stage, actor=data.actor, reason=data.reason, request_id=event.event_id,
            )  # fmt: skip
        case _:
            assert_never(decision)
    key = f"lead:{data.lead_id}"
    batch.outgoing.append(Outgoing(key=key, desk=event.desk, time=batch.now, data=answer, cause=event.follow()))


def _owner(batch: _Batch, event: Received[EventData], lead_id: LeadId, owner: UUID | None, reason: str) -> None:
    lead = batch.leads.get(lead_id)
    if lead is None or lead.desk != event.desk or batch.owners[lead_id] == owner:
        return
    before, batch.owners[lead_id] = batch.owners[lead_id], owner
    values = (str(before) if before else None, str(owner) if owner else None, reason)
    _log(batch, event, lead_id, "lead_owner", "tasks", values)


def _log(
    batch: _Batch,
    event: Received[EventData],
    lead_id: UUID,
    what: str,
    actor: str,
    values: tuple[str | None, str | None, str],
) -> None:
    batch.touched[lead_id] = None
    batch.history.append((event.desk, lead_id, what, actor, *values, event.event_id))


async def _save(tx: Transaction, batch: _Batch) -> None:
    if batch.touched:
        leads = [batch.leads[lead_id] for lead_id in batch.touched]
        await tx.conn.execute(
            SAVE,
            batch.now,
            [lead.id for lead in leads],
            [lead.status for lead in leads],
            [lead.stage.value for lead in leads],
            [lead.title for lead in leads],
            [batch.owners[lead.id] for lead in leads],
            *(zip(*batch.history, strict=True) if batch.history else _NO_HISTORY),
        )
    await add(tx, batch.outgoing)
