"""Intents: what playbooks ask for becomes messages with a first attempt, or fails with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.common.contracts import Received
from libs.common.contracts.tasks import MessageRequested
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.notifications.messages import publish
from services.notifications.messages.rules import Intent, Line, Ready, State, Stopped, prepare
from services.notifications.templates.rules import Version

IN_FORCE = """
SELECT DISTINCT ON (t.desk, t.code) t.desk, t.code, t.version, t.bodies
FROM template t JOIN unnest($1::text[], $2::text[]) AS w (desk, code) USING (desk, code)
WHERE t.state = 'approved'
ORDER BY t.desk, t.code, t.version DESC
"""
LINES = "SELECT id, desk, kind, provider FROM channel WHERE desk = ANY($1::text[]) AND active ORDER BY id"
STORE = """
INSERT INTO message (changed_at, id, desk, dedupe_key, lead_id, task_id, purpose, template, template_version,
                     language, channel, provider, address, text, deadline, state, published, code, detail,
                     correlation_id, causation_id, traceparent, requested_at)
SELECT $1, id, desk, dedupe_key, lead_id, task_id, purpose, template, template_version,
       language, channel, provider, address, text, deadline, state, '{}', code, detail,
       correlation_id, causation_id, traceparent, requested_at
FROM unnest($2::uuid[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], $8::text[], $9::int[],
            $10::text[], $11::text[], $12::text[], $13::text[], $14::text[], $15::timestamptz[], $16::text[],
            $17::text[], $18::text[], $19::uuid[], $20::uuid[], $21::text[], $22::timestamptz[])
     AS t (id, desk, dedupe_key, lead_id, task_id, purpose, template, template_version,
           language, channel, provider, address, text, deadline, state, code, detail,
           correlation_id, causation_id, traceparent, requested_at)
ORDER BY desk, dedupe_key
ON CONFLICT DO NOTHING
RETURNING id
"""
FIRST_ATTEMPT = """
INSERT INTO attempt (id, desk, message_id, number, channel_id, address, state, due_at, expires_at, tries)
SELECT t.id, m.desk, m.id, 1, t.channel_id, m.address, 'pending', clock_timestamp(), m.deadline, 0
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[]) AS t (id, message_id, channel_id)
JOIN message m ON m.id = t.message_id
"""


@dataclass(frozen=True, slots=True)
class _Known:
    """What the desks of a batch have: templates in force and channels."""

    templates: Mapping[tuple[str, str], Version]
    lines: Mapping[str, Sequence[Line]]


async def request_messages(
    tx: Transaction, requests: Sequence[Received[MessageRequested]], now: datetime
) -> Sequence[UUID]:
    """Store a batch of intents, each once per desk and dedupe key; return the ids that are ready to leave."""
    known = await _look_up(tx, requests)
    plans = {r.data.message_id: (r, _plan(r, known, now)) for r in requests}
    stored = set(await _store(tx, list(plans.values()), now))
    ready = {i: plan for i, (_, plan) in plans.items() if isinstance(plan, Ready) and i in stored}
    await tx.conn.execute(
        FIRST_ATTEMPT, [uuid7() for _ in ready], list(ready), [plan.line.channel_id for plan in ready.values()]
    )
    stopped = {
        i: publish.Fact(State.FAILED, plan.code, plan.detail)
        for i, (_, plan) in plans.items()
        if isinstance(plan, Stopped) and i in stored
    }
    await publish.announce_stopped(tx, stopped, now)
    return list(ready)


async def _look_up(tx: Transaction, requests: Sequence[Received[MessageRequested]]) -> _Known:
    wanted = {(r.desk, r.data.template) for r in requests}
    desks = list({r.desk for r in requests})
    templates = await tx.conn.fetch(IN_FORCE, [desk for desk, _ in wanted], [code for _, code in wanted])
    lines: dict[str, list[Line]] = {}
    for row in await tx.conn.fetch(LINES, desks):
        lines.setdefault(row["desk"], []).append(Line(row["id"], row["kind"], row["provider"]))
    return _Known(
        {(row["desk"], row["code"]): Version(row["version"], row["bodies"]) for row in templates},
        lines,
    )


def _plan(request: Received[MessageRequested], known: _Known, now: datetime) -> Ready | Stopped:
    data = request.data
    person = {"name": data.person.name, "phone": data.person.phone, "email": data.person.email}
    intent = Intent(
        data.template, data.language, data.channels, data.person.phone, {**data.variables, **person}, data.deadline
    )
    template = known.templates.get((request.desk, data.template))
    return prepare(intent, template, known.lines.get(request.desk, ()), now)


async def _store(
    tx: Transaction, plans: Sequence[tuple[Received[MessageRequested], Ready | Stopped]], now: datetime
) -> list[UUID]:
    rows = [_row(request, plan) for request, plan in plans]
    columns = [list(column) for column in zip(*rows, strict=True)]
    return [row["id"] for row in await tx.conn.fetch(STORE, now, *columns)]


def _row(request: Received[MessageRequested], plan: Ready | Stopped) -> tuple[object, ...]:
    data, cause = request.data, request.follow()
    head = (data.message_id, request.desk, data.dedupe_key, data.lead_id, data.task_id, data.purpose, data.template)
    tail = (cause.correlation_id, cause.causation_id, cause.traceparent, request.time)
    way: tuple[object, ...]
    match plan:
        case Ready(line, address, text, version, language):
            way = (version, language, line.kind, line.provider, address, text, data.deadline, "pending", None, None)
        case Stopped(code, detail):
            kind = data.channels[0] if data.channels else ""
            way = (None, data.language, kind, "", None, None, data.deadline, "failed", str(code), detail)
    return (*head, *way, *tail)
