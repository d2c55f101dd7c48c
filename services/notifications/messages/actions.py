"""Requests of playbooks: each becomes a message with a first attempt, or fails with its reason."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Received
from libs.common.contracts.shared import ZoneSource
from libs.common.contracts.tasks import MessageRequested
from libs.common.domain.names import plain_name
from libs.common.domain.zones import zones_of_phone
from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from services.notifications.addresses.rules import AddressBook
from services.notifications.addresses.store import address_books
from services.notifications.consents.rules import OPEN, Consent
from services.notifications.consents.store import consents_of
from services.notifications.errors import NotFoundError, NotResendableError
from services.notifications.ladders.convert import passed_as_json, rungs_as_json
from services.notifications.ladders.rules import Channel, Intent, Ready, Rung, Stop, Stopped, prepare
from services.notifications.ladders.store import Step, begin, fall, next_step
from services.notifications.messages.rules import MessageState
from services.notifications.messages.store import publish_stopped
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Identities
from services.notifications.sending.rules import Night, Sending
from services.notifications.sending.store import advertised, sending_of
from services.notifications.templates.convert import parts_as_json, version_of
from services.notifications.templates.rules import Version
from services.notifications.withdrawals.store import Intention, take_turns, withdrawn

IN_FORCE = """
SELECT DISTINCT ON (t.desk, t.code) t.desk, t.code, t.version, t.bodies, t.variants, t.types
FROM template t JOIN unnest($1::text[], $2::text[]) AS w (desk, code) USING (desk, code)
WHERE t.state = 'approved' AND t.retired_at IS NULL
ORDER BY t.desk, t.code, t.version DESC
"""
OF_DESK = """
SELECT DISTINCT ON (code) code, version, bodies, variants, types FROM template
WHERE desk = $1 AND state = 'approved' AND retired_at IS NULL ORDER BY code, version DESC
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
    asked = NULL, resent_by = $3, resent_at = $4, changed_at = $4, night = $5, marketing = $6
WHERE id = $1
"""


@dataclass(frozen=True, slots=True)
class _Row:
    """A message as it is stored: what was asked, and what is to become of it."""

    request: Received[MessageRequested]
    cause: Cause
    plan: Ready | Stopped
    withdrawn_at: datetime | None = None
    night: Night | None = None

    @property
    def customer_id(self) -> UUID | None:
        """The customer in whose conversation it is."""
        return _customer_of(self.request)

    @property
    def rung(self) -> Rung | None:
        """The rung that it leaves by."""
        return self.plan.rungs[0] if isinstance(self.plan, Ready) else None

    @property
    def marketing(self) -> bool:
        return self.rung is not None and self.rung.marketing

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
        ("night", "jsonb", lambda row: row.night.as_json() if row.night else None),
        ("marketing", "boolean", attrgetter("marketing")),
        ("asked", "jsonb", attrgetter("asked")),
        ("customer_id", "uuid", attrgetter("customer_id")),
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
    sending: Mapping[str, Sending]
    consents: Mapping[UUID, Consent]
    advertised: dict[tuple[str, str], int]  # by desk and address; those of this batch are added

    def refusal(self, request: Received[MessageRequested], plan: Ready) -> Stop | None:
        """Return why the customer of a message that could leave is not written to."""
        customer_id = _customer_of(request)
        consent = OPEN if customer_id is None else self.consents.get(customer_id, OPEN)
        return consent.refusal(marketing=plan.rungs[0].marketing)

    def channels_for(self, desk: str, customer: Identities) -> Sequence[Channel]:
        """Return the desk's channels with the customer's address at each."""
        return [
            Channel(
                row["id"],
                row["kind"],
                row["provider"],
                known.address_in(row["kind"], customer),
                known.limits.text,
                row["halted"],
            )
            for row in self.channels[desk]
            if (known := PROVIDERS[row["provider"]])
        ]


def _customer_of(request: Received[MessageRequested]) -> UUID | None:
    """Return the customer whom a message is to; None: it is to another person."""
    return request.data.customer_id if request.data.to_customer else None


async def request_messages(
    tx: Transaction, requests: Sequence[Received[MessageRequested]], now: datetime
) -> Sequence[UUID]:
    """Store a batch of intents, each once per desk and dedupe key; return the ids that are ready to be sent."""
    known = await _look_up(tx, requests, now)
    plans = {r.data.message_id: _row(r, known, now) for r in requests}
    stored = set(await _store(tx, list(plans.values()), now))
    fresh = {i: row for i, row in plans.items() if i in stored}
    steps = [_step(i, row.plan, row, now) for i, row in fresh.items() if isinstance(row.plan, Ready)]
    await begin(tx, steps)
    await publish_stopped(tx, [i for i, row in fresh.items() if isinstance(row.plan, Stopped)], now)
    return [step.message_id for step in steps]


async def templates_in_force(tx: Transaction, desk: str) -> Mapping[str, Version]:
    """Return a desk's templates that may be used, by code."""
    rows = await tx.conn.fetch(OF_DESK, desk)
    return {row["code"]: version_of(row) for row in rows}


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
    again = _row(request, await _look_up(tx, [request], now), now)
    if isinstance(again.plan, Stopped):
        raise NotResendableError(again.plan.code)
    await fall(tx, [_step(message_id, again.plan, again, now)])
    night = again.night.as_json() if again.night else None
    await tx.conn.execute(RESENT, message_id, again.plan.version, actor, now, night, again.marketing)


def _step(message_id: UUID, plan: Ready, row: _Row, now: datetime) -> Step:
    first, *ahead = plan.rungs
    return next_step(message_id, first, tuple(ahead), plan.passed, row.request.data.deadline, row.night, now)


def _row(request: Received[MessageRequested], known: _Known, now: datetime) -> _Row:
    """Return a message as it is to be stored; an advertisement is counted at once, for others of the batch."""
    plan = _plan(request, known, now)
    night, sending = None, known.sending.get(request.desk, Sending())
    if isinstance(plan, Ready) and (refusal := known.refusal(request, plan)) is not None:
        plan = Stopped(refusal, "the customer is not written to", plan.passed)
    if isinstance(plan, Ready) and request.data.to_customer:
        marketing, zone = plan.rungs[0].marketing, request.data.zone
        night = sending.night(zone, now, marketing=marketing, candidates=_candidates(request.data))
        place = request.desk, plan.rungs[0].address
        if plan.rungs[0].marketing and place in known.advertised:
            if known.advertised[place] >= (sending.marketing_a_week or 0):
                plan = Stopped(Stop.FREQUENCY_CAP, "as many advertisements as a week may have", plan.passed)
            known.advertised[place] += isinstance(plan, Ready)
    return _Row(request, request.follow(), plan, known.withdrawn.get(_intention(request)), night)


async def _look_up(tx: Transaction, requests: Sequence[Received[MessageRequested]], now: datetime) -> _Known:
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
        if (address := PROVIDERS[row["provider"]].address_in(row["kind"], _customer(request)))
    }
    sending = await sending_of(tx.conn, desks)
    capped = {place for place in addresses if place[0] in _capped(sending)}
    return _Known(
        {(row["desk"], row["code"]): version_of(row) for row in templates},
        channels,
        await address_books(tx, addresses),
        await withdrawn(tx, intentions),
        sending,
        await consents_of(tx, {customer_id for r in requests if (customer_id := _customer_of(r))}),
        dict.fromkeys(capped, 0) | await advertised(tx, capped, now),
    )


def _capped(sending: Mapping[str, Sending]) -> Collection[str]:
    return {desk for desk, said in sending.items() if said.marketing_a_week is not None}


def _intention(request: Received[MessageRequested]) -> Intention:
    return request.desk, request.data.dedupe_key


def _candidates(asked: MessageRequested) -> Sequence[str]:
    """Return the zones in which a customer may be of whom only the desk's is known."""
    return zones_of_phone(asked.person.phone) if asked.zone_source is ZoneSource.DESK else ()


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
