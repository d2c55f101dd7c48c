"""SQL that stores what providers report: each report once, and what it says of a customer's address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

import asyncpg

from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.bulk import Bulk
from services.notifications.addresses.rules import said_at
from services.notifications.addresses.store import Heard, Place, reached, remember, wrote
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Reading, Report, ReportKind


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
WITH odd AS (
    INSERT INTO unreadable (desk, channel_id, reason, raw, received_at) SELECT $1, $2, $4, $5, $3 WHERE $4 <> ''
)
INSERT INTO callback (desk, channel_id, {REPORTS.names}, received_at, stored_at, look_at)
SELECT $1, $2, {REPORTS.names}, $3, clock_timestamp(), clock_timestamp()
FROM unnest({REPORTS.parameters(6)}) AS n ({REPORTS.names})
ORDER BY provider_message_id, kind, status, at
ON CONFLICT DO NOTHING
RETURNING provider_message_id, kind, status, at
"""  # noqa: S608 - columns of our own


JUDGED = """
INSERT INTO registration AS r (desk, channel_id, name, language, state, usable, reason, at)
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


async def store_callbacks(db: Database, origin: Origin, reading: Reading, raw: bytes, now: datetime) -> None:
    """Store the reports of a webhook's body and commit; unreadable parts are kept raw beside the readable ones."""
    async with db.begin() as tx:
        await store_reports(tx, origin, reading, raw, now)
        await tx.commit()


async def store_reports(tx: Transaction, origin: Origin, reading: Reading, raw: bytes, now: datetime) -> None:
    """Store reports, each once, and what they say of customers' addresses."""
    unreadable = ", ".join(reading.unreadable)[:500]
    columns = REPORTS.arrays(reading.reports)
    rows = await tx.conn.fetch(STORE, origin.desk, origin.channel_id, now, unreadable, raw, *columns)
    fresh = {tuple(row) for row in rows}
    reports = [one for one in reading.reports if (one.external_id, one.kind, one.word, one.at) in fresh]
    await _hear(tx, origin, reports, now)
    await _judge(tx, origin, reports)


async def _hear(tx: Transaction, origin: Origin, reports: Sequence[Report], now: datetime) -> None:
    """Remember what customers wish, and that they wrote."""
    heard = [
        Heard(origin.place(one.address), one.remember, one.word, said_at(one.at, now))
        for one in reports
        if one.address and one.remember and one.kind is not ReportKind.STATUS
    ]
    inbound = [one for one in reports if one.kind is ReportKind.INBOUND and one.address]
    places = [(origin.place(one.address or ""), said_at(one.at, now)) for one in inbound]
    await remember(tx, heard, now)
    await reached(tx, [place for place, _ in places], now)
    if PROVIDERS[origin.provider].limits.window is not None:
        await wrote(tx, places)


async def _judge(tx: Transaction, origin: Origin, reports: Sequence[Report]) -> None:
    """Keep what the provider says of its templates; an older word changes nothing."""
    judged = sorted(
        (one.judged.name, one.judged.language, one.word, one.judged.usable, one.code, one.at)
        for one in reports
        if one.judged is not None
    )
    await tx.conn.executemany(JUDGED, [(origin.desk, origin.channel_id, *row) for row in judged])
