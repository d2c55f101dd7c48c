"""Requests of playbooks: each becomes a message with a first attempt, or fails with its reason."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Received
from libs.common.contracts.tasks import MessageRequested
from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.ids import uuid7
from services.notifications.addresses.rules import AddressBook
from services.notifications.addresses.store import address_books
from services.notifications.messages.rules import Channel, Fact, Intent, Ready, State, Stopped, prepare
from services.notifications.messages.store import publish_stopped
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Identities
from services.notifications.templates.convert import parts_as_json, version_of
from services.notifications.templates.rules import Version

IN_FORCE = """
SELECT DISTINCT ON (t.desk, t.code) t.desk, t.code, t.version, t.bodies, t.variants
FROM template t JOIN unnest($1::text[], $2::text[]) AS w (desk, code) USING (desk, code)
WHERE t.state = 'approved'
ORDER BY t.desk, t.code, t.version DESC
"""
CHANNELS = "SELECT id, desk, kind, provider FROM channel WHERE desk = ANY($1::text[]) AND active ORDER BY id"
FIRST_ATTEMPT = """
INSERT INTO attempt
    (id, desk, message_id, number, channel_id, address, reference, state, due_at, expires_at, tries)
SELECT t.id, m.desk, m.id, 1, t.channel_id, m.address, t.reference, 'pending', clock_timestamp(), m.deadline, 0
FROM unnest($1::uuid[], $2::uuid[], $3::uuid[], $4::text[]) AS t (id, message_id, channel_id, reference)
JOIN message m ON m.id = t.message_id
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """A message as it is stored: what was asked, and what became of it."""

    request: Received[MessageRequested]
    cause: Cause
    channel: str
    language: str
    state: State
    provider: str = ""
    template_version: int | None = None
    address: str | None = None
    text: str | None = None
    parts: Mapping[str, object] | None = None
    segments: int | None = None
    code: str | None = None
    detail: str | None = None


MESSAGES: Bulk[_Row] = Bulk(
    "message",
    (
        ("id", "uuid", attrgetter("request.data.message_id")),
        ("desk", "text", attrgetter("request.desk")),
        ("dedupe_key", "text", attrgetter("request.data.dedupe_key")),
        ("lead_id", "uuid", attrgetter("request.data.lead_id")),
        ("key", "text", attrgetter("request.key")),
        ("process_id", "uuid", attrgetter("request.data.process_id")),
        ("task_id", "uuid", attrgetter("request.data.task_id")),
        ("purpose", "text", attrgetter("request.data.purpose")),
        ("template", "text", attrgetter("request.data.template")),
        ("template_version", "int", attrgetter("template_version")),
        ("language", "text", attrgetter("language")),
        ("channel", "text", attrgetter("channel")),
        ("provider", "text", attrgetter("provider")),
        ("address", "text", attrgetter("address")),
        ("text", "text", attrgetter("text")),
        ("parts", "jsonb", attrgetter("parts")),
        ("segments", "int", attrgetter("segments")),
        ("deadline", "timestamptz", attrgetter("request.data.deadline")),
        ("state", "text", attrgetter("state")),
        ("code", "text", attrgetter("code")),
        ("detail", "text", attrgetter("detail")),
        ("correlation_id", "uuid", attrgetter("cause.correlation_id")),
        ("causation_id", "uuid", attrgetter("cause.causation_id")),
        ("traceparent", "text", attrgetter("cause.traceparent")),
        ("requested_at", "timestamptz", attrgetter("request.time")),
    ),
)
STORE = f"""
INSERT INTO message (changed_at, published, {MESSAGES.names})
SELECT $1, '{{}}', {MESSAGES.names} FROM unnest({MESSAGES.parameters(2)}) AS n({MESSAGES.names})
ORDER BY desk, dedupe_key
ON CONFLICT DO NOTHING
RETURNING id
"""  # noqa: S608 - columns of our own


@dataclass(frozen=True, slots=True)
class _Known:
    """The templates in force and the channels of a batch's desks."""

    templates: Mapping[tuple[str, str], Version]
    channels: Mapping[str, Sequence[asyncpg.Record]]
    books: Mapping[str, AddressBook]

    def channels_for(self, desk: str, customer: Identities, now: datetime) -> Sequence[Channel]:
        """Return the desk's channels with the customer's address at each, and what is known of it."""
        found = []
        for row in self.channels.get(desk, ()):
            address = PROVIDERS[row["provider"]].address(customer)
            barred = self.books[desk].barred(row["kind"], address, now) if address else None
            found.append(Channel(row["id"], row["kind"], row["provider"], address, barred))
        return found


async def request_messages(
    tx: Transaction, requests: Sequence[Received[MessageRequested]], now: datetime
) -> Sequence[UUID]:
    """Store a batch of intents, each once per desk and dedupe key; return the ids that are ready to be sent."""
    known = await _look_up(tx, requests)
    plans = {r.data.message_id: (r, _plan(r, known, now)) for r in requests}
    stored = set(await _store(tx, list(plans.values()), now))
    ready = {i: plan for i, (_, plan) in plans.items() if isinstance(plan, Ready) and i in stored}
    await _first_attempts(tx, ready)
    stopped = {
        i: Fact(State.FAILED, plan.code, plan.detail)
        for i, (_, plan) in plans.items()
        if isinstance(plan, Stopped) and i in stored
    }
    await publish_stopped(tx, stopped, now)
    return list(ready)


async def _first_attempts(tx: Transaction, ready: Mapping[UUID, Ready]) -> None:
    ids = [uuid7() for _ in ready]
    references = [
        PROVIDERS[plan.channel.provider].reference(str(attempt_id), plan.address)
        for attempt_id, plan in zip(ids, ready.values(), strict=True)
    ]
    channels = [plan.channel.channel_id for plan in ready.values()]
    await tx.conn.execute(FIRST_ATTEMPT, ids, list(ready), channels, references)


async def _look_up(tx: Transaction, requests: Sequence[Received[MessageRequested]]) -> _Known:
    wanted = {(r.desk, r.data.template) for r in requests}
    desks = list({r.desk for r in requests})
    templates = await tx.conn.fetch(IN_FORCE, [desk for desk, _ in wanted], [code for _, code in wanted])
    channels: dict[str, list[asyncpg.Record]] = {desk: [] for desk in desks}
    for row in await tx.conn.fetch(CHANNELS, desks):
        if row["provider"] in PROVIDERS:
            channels[row["desk"]].append(row)
    addresses = {
        (request.desk, address)
        for request in requests
        for row in channels[request.desk]
        if (address := PROVIDERS[row["provider"]].address(_customer(request)))
    }
    return _Known(
        {(row["desk"], row["code"]): version_of(row) for row in templates},
        channels,
        await address_books(tx, addresses),
    )


def _customer(request: Received[MessageRequested]) -> Identities:
    return Identities(request.data.person.phone, request.data.person.email)


def _plan(request: Received[MessageRequested], known: _Known, now: datetime) -> Ready | Stopped:
    data = request.data
    person = {"name": data.person.name, "phone": data.person.phone, "email": data.person.email}
    intent = Intent(data.template, data.language, data.channels, {**data.variables, **person}, data.deadline)
    template = known.templates.get((request.desk, data.template))
    return prepare(intent, template, known.channels_for(request.desk, _customer(request), now), now)


async def _store(
    tx: Transaction, plans: Sequence[tuple[Received[MessageRequested], Ready | Stopped]], now: datetime
) -> list[UUID]:
    rows = [_row(request, plan) for request, plan in plans]
    return [row["id"] for row in await tx.conn.fetch(STORE, now, *MESSAGES.arrays(rows))]


def _row(request: Received[MessageRequested], plan: Ready | Stopped) -> _Row:
    data, cause = request.data, request.follow()
    match plan:
        case Ready(channel, address, rendered, version):
            return _Row(
                request,
                cause,
                channel.kind,
                rendered.language,
                State.PENDING,
                channel.provider,
                version,
                address,
                rendered.text,
                None if rendered.parts is None else parts_as_json(rendered.parts),
                plan.segments,
            )
        case Stopped(code, detail):
            kind = data.channels[0] if data.channels else ""
            return _Row(request, cause, kind, data.language, State.FAILED, code=code, detail=detail)
