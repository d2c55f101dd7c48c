"""Requests of playbooks: each becomes a message with a first attempt, or fails with its reason."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Received
from libs.common.contracts.tasks import MessageRequested
from libs.common.domain.names import plain_name
from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from services.notifications.addresses.rules import AddressBook
from services.notifications.addresses.store import address_books
from services.notifications.errors import NotFoundError, NotResendableError
from services.notifications.ladders.convert import passed_as_json, rungs_as_json
from services.notifications.ladders.rules import Channel, Intent, Ready, Rung, Stop, Stopped, prepare, rung_deadline
from services.notifications.ladders.store import Step, begin, fall
from services.notifications.messages.rules import MessageState
from services.notifications.messages.store import publish_stopped
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Identities
from services.notifications.templates.convert import parts_as_json, version_of
from services.notifications.templates.rules import Version
from services.notifications.withdrawals.store import Intention, take_turns, withdrawn

IN_FORCE = """
SELECT DISTINCT ON (t.desk, t.code) t.desk, t.code, t.version, t.bodies, t.variants
FROM template t JOIN unnest($1::text[], $2::text[]) AS w (desk, code) USING (desk, code)
WHERE t.state = 'approved' AND t.retired_at IS NULL
ORDER BY t.desk, t.code, t.version DESC
"""
CHANNELS = """
SELECT id, desk, kind, provider, halted_at IS NOT NULL AS halted
FROM channel WHERE desk = ANY($1::text[]) AND active ORDER BY id
"""


ASKED = """
SELECT * FROM message WHERE id = $1 AND ($2::text[] IS NULL OR desk = ANY($2)) FOR NO KEY UPDATE
"""
# Its steps are published anew: it goes as a message that never failed.
RESENT = """
UPDATE message SET state = 'pending', code = NULL, detail = NULL, published = '{}', template_version = $2,
    asked = NULL, resent_by = $3, resent_at = $4, changed_at = $4
WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """A message as it is stored: what was asked, and what is to become of it."""

    request: Received[MessageRequested]
    cause: Cause
    plan: Ready | Stopped
    withdrawn_at: datetime | None = None

    @property
    def rung(self) -> Rung | None:
        """The rung that it leaves by."""
        return self.plan.rungs[0] if isinstance(self.plan, Ready) else None

    @property
    def passed(self) -> Sequence[object]:
        return passed_as_json(self.plan.passed)

    @property
    def asked(self) -> dict[str, object] | None:
        """The request, if the message is to be sent again once its template is approved."""
        mendable = isinstance(self.plan, Stopped) and self.plan.code == Stop.TEMPLATE_NOT_APPROVED
        return self.request.data.model_dump(mode="json") if mendable else None

    def of_rung(self, name: str, default: object = None) -> object:
        """Return an attribute of that rung, or the default of a message that cannot leave."""
        return default if self.rung is None else attrgetter(name)(self.rung)

    def of_plan(self, name: str) -> object:
        return getattr(self.plan, name, None)


def _channel(row: _Row) -> object:
    return row.of_rung("kind", next(iter(row.request.data.channels), ""))


def _parts(row: _Row) -> object:
    parts = row.rung.rendered.parts if row.rung is not None else None
    return None if parts is None else parts_as_json(parts)


def _ahead(row: _Row) -> object:
    return rungs_as_json(row.plan.rungs[1:] if isinstance(row.plan, Ready) else ())


def _state(row: _Row) -> MessageState:
    return MessageState.PENDING if isinstance(row.plan, Ready) else MessageState.FAILED


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
        ("template_version", "int", lambda row: row.of_plan("version")),
        ("language", "text", lambda row: row.of_rung("rendered.language", row.request.data.language)),
        ("channel", "text", _channel),
        ("provider", "text", lambda row: row.of_rung("provider", "")),
        ("address", "text", lambda row: row.of_rung("address")),
        ("text", "text", lambda row: row.of_rung("rendered.text")),
        ("parts", "jsonb", _parts),
        ("segments", "int", lambda row: row.of_rung("segments")),
        ("rung", "int", lambda row: row.of_rung("number", 1)),
        ("ahead", "jsonb", _ahead),
        ("passed", "jsonb", attrgetter("passed")),
        ("deadline", "timestamptz", attrgetter("request.data.deadline")),
        ("state", "text", _state),
        ("code", "text", lambda row: row.of_plan("code")),
        ("detail", "text", lambda row: row.of_plan("detail")),
        ("correlation_id", "uuid", attrgetter("cause.correlation_id")),
        ("causation_id", "uuid", attrgetter("cause.causation_id")),
        ("traceparent", "text", attrgetter("cause.traceparent")),
        ("requested_at", "timestamptz", attrgetter("request.time")),
        ("withdrawn_at", "timestamptz", attrgetter("withdrawn_at")),
        ("asked", "jsonb", attrgetter("asked")),
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
    withdrawn: Mapping[Intention, datetime]

    def channels_for(self, desk: str, customer: Identities) -> Sequence[Channel]:
        """Return the desk's channels with the customer's address at each."""
        return [
            Channel(
                row["id"], row["kind"], row["provider"], known.address(customer), known.limits.text, row["halted"]
            )
            for row in self.channels[desk]
            if (known := PROVIDERS[row["provider"]])
        ]


async def request_messages(
    tx: Transaction, requests: Sequence[Received[MessageRequested]], now: datetime
) -> Sequence[UUID]:
    """Store a batch of intents, each once per desk and dedupe key; return the ids that are ready to be sent."""
    known = await _look_up(tx, requests)
    plans = {
        r.data.message_id: _Row(r, r.follow(), _plan(r, known, now), known.withdrawn.get(_intention(r)))
        for r in requests
    }
    stored = set(await _store(tx, list(plans.values()), now))
    fresh = {i: row for i, row in plans.items() if i in stored}
    steps = [
        _step(i, row.plan, row.request.data.deadline, now)
        for i, row in fresh.items()
        if isinstance(row.plan, Ready)
    ]
    await begin(tx, steps)
    await publish_stopped(tx, [i for i, row in fresh.items() if isinstance(row.plan, Stopped)], now)
    return [step.message_id for step in steps]


async def resend(
    tx: Transaction, message_id: UUID, desks: Collection[str] | None, actor: str, now: datetime
) -> None:
    """Send a message that failed for want of an approved template, once, as the desk's channels are today.

    Raises NotFoundError, NotResendableError. The caller commits.
    """
    row = await tx.conn.fetchrow(ASKED, message_id, desks if desks is None else list(desks))
    if row is None:
        raise NotFoundError
    if row["asked"] is None or row["state"] != MessageState.FAILED:
        raise NotResendableError(row["code"] or row["state"])
    data = MessageRequested.model_validate(row["asked"])
    cause = Cause(row["correlation_id"], row["causation_id"], row["traceparent"])
    request = Received(message_id, row["key"], row["desk"], now, 0, cause, data)
    plan = _plan(request, await _look_up(tx, [request]), now)
    if isinstance(plan, Stopped):
        raise NotResendableError(plan.code)
    await fall(tx, [_step(message_id, plan, data.deadline, now)])
    await tx.conn.execute(RESENT, message_id, plan.version, actor, now)


def _step(message_id: UUID, plan: Ready, deadline: datetime | None, now: datetime) -> Step:
    first, *ahead = plan.rungs
    expires_at = rung_deadline(deadline, last=not ahead, now=now)
    return Step(message_id, first, tuple(ahead), plan.passed, expires_at)


async def _look_up(tx: Transaction, requests: Sequence[Received[MessageRequested]]) -> _Known:
    intentions = {_intention(r) for r in requests}
    await take_turns(tx, intentions)
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
        await withdrawn(tx, intentions),
    )


def _intention(request: Received[MessageRequested]) -> Intention:
    return request.desk, request.data.dedupe_key


def _customer(request: Received[MessageRequested]) -> Identities:
    person = request.data.person
    return Identities(person.phone, person.email, {one.kind: one.value for one in person.identities})


def _plan(request: Received[MessageRequested], known: _Known, now: datetime) -> Ready | Stopped:
    data = request.data
    if _intention(request) in known.withdrawn:
        return Stopped(Stop.WITHDRAWN, "it was withdrawn before its request came")
    name = plain_name(data.person.name or "") or None
    person = {"name": name, "phone": data.person.phone, "email": data.person.email}
    intent = Intent(data.template, data.language, data.channels, {**data.variables, **person}, data.deadline)
    template = known.templates.get((request.desk, data.template))
    channels = known.channels_for(request.desk, _customer(request))
    return prepare(intent, template, channels, known.books.get(request.desk, AddressBook({})), now)


async def _store(tx: Transaction, rows: Sequence[_Row], now: datetime) -> list[UUID]:
    return [row["id"] for row in await tx.conn.fetch(STORE, now, *MESSAGES.arrays(rows))]
