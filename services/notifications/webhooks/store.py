"""SQL that stores what providers report: each report once, and what it says of a customer's address."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from operator import attrgetter
from typing import TypeAlias
from uuid import UUID

import asyncpg
import orjson

from libs.common.contracts.shared import Direction
from libs.common.messaging import outbox
from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.bulk import Bulk
from services.notifications.addresses.convert import switched_event
from services.notifications.addresses.rules import said_at
from services.notifications.addresses.store import Heard, Place, reached, remember, wrote
from services.notifications.erasures.store import Names, names_of_erased
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Reading, Report, ReportKind, Written
from services.notifications.received.convert import Arrived
from services.notifications.received.store import receive
from services.notifications.unsubscribes.store import complained_of, end_advertisements


def _state(report: Report) -> str:
    return "new" if report.useful else "kept"


REPORTS: Bulk[Report] = Bulk(
    "callback",
    (
        ("kind", "text", attrgetter("kind")),
        ("provider_message_id", "text", attrgetter("external_id")),
        ("status", "text", attrgetter("word")),
        ("at", "timestamptz", attrgetter("at")),
        ("payload", "jsonb", attrgetter("payload")),
        ("progress", "text", attrgetter("progress")),
        ("code", "text", attrgetter("code")),
        ("reference", "text", attrgetter("reference")),
        ("address", "text", attrgetter("address")),
        ("sender", "text", attrgetter("sender")),
        ("text", "text", attrgetter("text")),
        ("state", "text", _state),
    ),
)
STORE = f"""
WITH body AS (
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::uuid[], $4::timestamptz[])
        AS b (body, desk, channel_id, received_at)
)
INSERT INTO callback (desk, channel_id, {REPORTS.names}, received_at, stored_at, look_at)
SELECT desk, channel_id, {REPORTS.names}, received_at, clock_timestamp(), clock_timestamp()
FROM body JOIN unnest($5::bigint[], {REPORTS.parameters(6)}) AS n (body, {REPORTS.names}) USING (body)
ORDER BY channel_id, provider_message_id, kind, status, at, body
ON CONFLICT DO NOTHING
RETURNING channel_id, provider_message_id, kind, status, at
"""  # noqa: S608 - columns of our own
UNREADABLE = """
INSERT INTO unreadable (desk, channel_id, reason, raw, received_at) VALUES ($1, $2, $3, $4, $5)
"""
JUDGED = """
INSERT INTO registration AS r (channel_id, name, language, state, usable, reason, at, desk)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
ON CONFLICT (channel_id, name, language) DO UPDATE
SET state = excluded.state, usable = excluded.usable, reason = excluded.reason, at = excluded.at
WHERE r.at <= excluded.at
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """The channel by which reports came."""

    desk: str
    channel_id: UUID
    kind: str
    provider: str

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Origin":
        return cls(row["desk"], row["id"], row["kind"], row["provider"])

    def place(self, address: str) -> Place:
        return Place(self.desk, self.kind, address, self.channel_id)


@dataclass(frozen=True, slots=True)
class Body:
    """What a provider has sent at once: by which channel, as it was read, as it came, and when (business time)."""

    origin: Origin
    reading: Reading
    raw: bytes
    at: datetime
    traceparent: str | None = None

    @property
    def size(self) -> int:
        return len(self.reading.reports)


Fresh: TypeAlias = tuple[Body, Report]


async def store_bodies(db: Database, bodies: Sequence[Body]) -> None:
    """Store the reports of webhooks' bodies and commit; unreadable parts are kept raw beside the readable ones."""
    async with db.begin() as tx:
        await store_reports(tx, bodies)
        await tx.commit()


async def store_reports(tx: Transaction, bodies: Sequence[Body]) -> None:
    """Store reports, each once, and what they say of customers' addresses."""
    bodies = await _spared(tx, bodies)
    for body in bodies:
        if body.reading.unreadable:
            reason, origin = ", ".join(body.reading.unreadable)[:500], body.origin
            await tx.conn.execute(UNREADABLE, origin.desk, origin.channel_id, reason, body.raw, body.at)
    fresh = await _store(tx, bodies)
    await _hear(tx, fresh)
    await _judge(tx, fresh)
    await _end_advertisements(tx, fresh)
    # An echo may be one of ours: that shows when it is applied.
    inbound = [(body, one) for body, one in fresh if one.kind is ReportKind.INBOUND]
    await _switched(tx, fresh)
    await receive(tx, [_arrived(body, one, one.written) for body, one in inbound if one.written])


async def _spared(tx: Transaction, bodies: Sequence[Body]) -> Sequence[Body]:
    """Return bodies without what would bring back who is erased."""
    said = {
        (body.origin.channel_id, text)
        for body in bodies
        for one in body.reading.reports
        for text in (one.external_id, one.reference)
        if text
    }
    names = await names_of_erased(tx.conn, said)
    return bodies if names is None else [_without(body, names) for body in bodies]


def _without(body: Body, names: Names) -> Body:
    reports = [names.spare(body.origin.channel_id, one) for one in body.reading.reports]
    gone = [was for was, one in zip(body.reading.reports, reports, strict=True) if was != one]
    if not gone:
        return body
    return replace(body, reading=replace(body.reading, reports=reports), raw=_of_others(body.reading.unread, gone))


def _of_others(unread: Mapping[str, object], gone: Sequence[Report]) -> bytes:
    """Return the parts of a body that could not be read, without those that name whom these reports name."""
    theirs = {text for one in gone for text in (one.external_id, one.reference, one.address) if text}
    parts = {name: orjson.dumps(part).decode() for name, part in unread.items()}
    left = {name: unread[name] for name, text in parts.items() if not any(their in text for their in theirs)}
    return orjson.dumps(left) if left else b""


def _arrived(body: Body, report: Report, written: Written) -> Arrived:
    at = said_at(report.at, body.at)
    hook_id, sender = body.origin.channel_id, report.sender
    return Arrived(hook_id, sender, report.external_id, Direction.IN, written, at, body.at, body.traceparent)


async def _store(tx: Transaction, bodies: Sequence[Body]) -> Sequence[Fresh]:
    """Store the reports of bodies; return those that were not known."""
    numbered = [(number, one) for number, body in enumerate(bodies) for one in body.reading.reports]
    if not numbered:
        return []
    rows = await tx.conn.fetch(
        STORE,
        list(range(len(bodies))),
        [body.origin.desk for body in bodies],
        [body.origin.channel_id for body in bodies],
        [body.at for body in bodies],
        [number for number, _ in numbered],
        *REPORTS.arrays([one for _, one in numbered]),
    )
    fresh = {tuple(row) for row in rows}
    named = [(bodies[number], one) for number, one in numbered]
    return [(body, one) for body, one in named if (body.origin.channel_id, *_name(one)) in fresh]


def _name(report: Report) -> tuple[str, str, str, datetime]:
    """Return what identifies a report within its channel."""
    return report.external_id, report.kind, report.word, report.at


async def _hear(tx: Transaction, fresh: Sequence[Fresh]) -> None:
    """Remember what customers wish, and that they wrote."""
    heard = [
        Heard(body.origin.place(one.address), one.remember, one.word, said_at(one.at, body.at))
        for body, one in fresh
        if one.address and one.remember and one.kind is not ReportKind.STATUS
    ]
    inbound = [
        (body.origin, body.origin.place(one.address), said_at(one.at, body.at))
        for body, one in fresh
        if one.kind is ReportKind.INBOUND and one.address
    ]
    if heard or inbound:
        now = max(body.at for body, _ in fresh)
        await remember(tx, heard, now)
        await reached(tx, [place for _, place, _ in inbound], now)
    windowed = [one for one in inbound if PROVIDERS[one[0].provider].limits.window is not None]
    await wrote(tx, [(place, at) for _, place, at in windowed])


async def _end_advertisements(tx: Transaction, fresh: Sequence[Fresh]) -> None:
    """Hear complaints that name nothing but the mail."""
    for body, one in fresh:
        if one.kind is ReportKind.PREFERENCE and one.address is None and one.reference is not None:
            attempts = await complained_of(tx, [(body.origin.channel_id, one.reference)])
            await end_advertisements(tx, attempts, body.at, body.traceparent)


async def _switched(tx: Transaction, fresh: Sequence[Fresh]) -> None:
    """Publish what customers switched at their provider: intake closes or opens advertisements by all channels."""
    said = [
        switched_event(
            Heard(body.origin.place(one.address), one.remember, one.word, said_at(one.at, body.at)),
            body.origin.provider, body.at, body.traceparent,
        )
        for body, one in fresh
        if one.kind is ReportKind.PREFERENCE and one.address and one.remember
    ]  # fmt: skip
    await outbox.add(tx, [event for event in said if event is not None])


async def _judge(tx: Transaction, fresh: Sequence[Fresh]) -> None:
    """Keep what providers say of their templates; an older word changes nothing."""
    rows = sorted(
        (
            body.origin.channel_id,
            judged.name,
            judged.language,
            one.word,
            judged.usable,
            one.code,
            one.at,
            body.origin.desk,
        )
        for body, one in fresh
        if (judged := one.judged) is not None
    )
    if rows:
        await tx.conn.executemany(JUDGED, rows)
