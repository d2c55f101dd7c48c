"""SQL of schools: their accounts with sealed keys, and what is known of their orders."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from uuid import UUID

import asyncpg

from libs.common.connect.poll import store as polls
from libs.common.connect.poll.store import Quota
from libs.common.contracts.shared import OrderStatus
from libs.common.platform.db import Database, Transaction
from libs.common.platform.sealing import DataKeys, Place
from services.intake.formats.getcourse_api import CALLS, PERIOD
from services.intake.formats.rules import RawRequest
from services.intake.orders.schemas import PlacementState
from services.intake.placements.store import Shown, show
from services.intake.schools.rules import Check, Mirrored
from services.intake.schools.schemas import SchoolIn

KIND = "getcourse"
RATE_5S = 10  # orders that an account is given in five seconds

SOURCE = "SELECT id, desk, code, format FROM source WHERE id = $1"
WEBHOOKS = "getcourse_webhooks"
SCHOOL = """
SELECT h.*, s.key AS source_key, p.cursor, p.code AS check_code, w.cursor AS webhooks, w.code AS webhooks_code
FROM school h JOIN source s ON s.id = h.id JOIN poll p ON p.name = h.id::text
LEFT JOIN poll w ON w.name = h.id || ':webhooks' WHERE h.id = $1
"""
# Who changes the account has looked at it: what was halted goes on.
KEEP = """
INSERT INTO school AS h (id, desk, code, format, account, name, api_key, check_minutes, rate_5s, active, version,
                         changed_by, webhook_key)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11, $12)
ON CONFLICT (id) DO UPDATE
SET account = excluded.account, name = excluded.name, api_key = excluded.api_key,
    webhook_key = excluded.webhook_key, check_minutes = excluded.check_minutes, active = excluded.active,
    halted_code = NULL, halted_at = NULL, version = h.version + 1, changed_by = excluded.changed_by
"""
RESUMED = """
SELECT p.id, p.order_id FROM placement p JOIN sales_order o ON o.id = p.order_id
WHERE p.school_id = $1 AND p.state IN ('pending', 'sending')
  AND o.placed_state = 'pending' AND o.placed_code IS NOT NULL
ORDER BY p.order_id
"""
PACE = "INSERT INTO pace (account, free_at) VALUES ($1, clock_timestamp()) ON CONFLICT (account) DO NOTHING"
OF_DESK = "SELECT * FROM school WHERE desk = $1 ORDER BY code FOR UPDATE"
SOURCE_OF_DESK = "SELECT id, desk, code, format FROM source WHERE desk = $1 AND code = $2"
KNOWN = "SELECT api_key, account, webhook_key FROM school WHERE id = $1 FOR UPDATE"
LACKING = """
SELECT EXISTS (SELECT FROM lead WHERE desk = $1 AND created_at > $3 AND source_id = $2 AND phone IS NULL)
"""
#: What the source said last of the status of an order `o`: people may have changed it since.
SAID = """
coalesce((SELECT h.to_value FROM history h
          WHERE h.lead_id = o.lead_id AND h.order_id = o.id AND h.what = 'order_status'
            AND starts_with(h.actor, 'source:') ORDER BY h.id DESC LIMIT 1),
         (SELECT h.from_value FROM history h
          WHERE h.lead_id = o.lead_id AND h.order_id = o.id AND h.what = 'order_status'
          ORDER BY h.id LIMIT 1),
         o.status)
"""
MIRRORED = f"""
SELECT o.external_id, o.status, o.amount, o.paid, o.heard_at, l.phone, {SAID} AS said,
       o.external_number IS NOT NULL AS numbered,
       EXISTS (SELECT FROM history h WHERE h.lead_id = o.lead_id AND h.order_id = o.id
                 AND h.what = 'order_fields' AND NOT starts_with(h.actor, 'source:')) AS edited
FROM sales_order o JOIN lead l ON l.id = o.lead_id
WHERE o.source_id = $1 AND o.external_id = ANY($2)
"""  # noqa: S608 - columns of our own
IN_QUARANTINE = """
SELECT EXISTS (SELECT FROM delivery
               WHERE desk = $1 AND disposition = 'quarantined' AND source_id = $2 AND body = $3)
"""
KEY_IDS = """
SELECT split_part(api_key, '.', 2) FROM school
UNION SELECT split_part(webhook_key, '.', 2) FROM school WHERE webhook_key IS NOT NULL
"""
UNSEALED = """
SELECT id, api_key, webhook_key FROM school
WHERE NOT (starts_with(api_key, $1) AND starts_with(coalesce(webhook_key, $1), $1)) ORDER BY id LIMIT $2 FOR UPDATE
"""
SEAL = "UPDATE school SET api_key = $2, webhook_key = $3 WHERE id = $1"


def digest_of(source_id: str, external_id: str) -> str:
    """Return the SQL of what an order is known by that is forgotten; the arguments are SQL."""
    return f"sha256(convert_to({source_id}::text || ':' || {external_id}, 'UTF8'))"


FORGOTTEN = f"""
SELECT t.external_id, f.statuses FROM unnest($2::text[]) AS t (external_id)
JOIN forgotten_order f ON f.digest = {digest_of("$1::uuid", "t.external_id")}
"""  # noqa: S608 - columns of our own


def place_of(school_id: UUID, column: str = "api_key") -> Place:
    """Return where a school's key stands."""
    return Place("school", column, UUID(int=school_id.int))


def webhooks_of(source_id: UUID) -> str:
    """Return the name of the poll that asks a source's school to report its orders."""
    return f"{source_id}:webhooks"


async def keep(
    tx: Transaction, source: asyncpg.Record, wanted: SchoolIn, sealed: Mapping[str, str | None], subject: str,
    now: datetime, before: str | None,
) -> None:  # fmt: skip
    """Write an account, and let its orders be checked now; those of another account than `before` from their first.

    Raises asyncpg.UniqueViolationError: another source has the account.
    """
    account = sha256(f"{KIND}:{wanted.account}".encode()).hexdigest()
    await tx.conn.execute(PACE, account)
    await tx.conn.execute(
        KEEP, source["id"], source["desk"], source["code"], source["format"], account, wanted.account,
        sealed["api_key"], wanted.check_minutes, RATE_5S, wanted.active, subject, sealed["webhook_key"],
    )  # fmt: skip
    for row in await tx.conn.fetch(RESUMED, source["id"]):
        await show(tx, Shown(row["order_id"], row["id"], PlacementState.PENDING), None, now)
    name = str(source["id"])
    known = await polls.cursor_of(tx, name)
    if known is None:
        await polls.put(tx, name, source["desk"], KIND, Check.first(now).kept(), Quota(CALLS, PERIOD))
    else:
        check = Check.read(known).resumed(now) if account == before else Check.first(now)
        await polls.restart(tx, name, check.kept())
    if sealed["webhook_key"] is not None:
        await polls.put(tx, webhooks_of(source["id"]), source["desk"], WEBHOOKS, {})
        await polls.restart(tx, webhooks_of(source["id"]), {})


async def mirrored(tx: Transaction, source_id: UUID, external_ids: Sequence[str]) -> dict[str, Mirrored]:
    """Return orders as we have them."""
    rows = await tx.conn.fetch(MIRRORED, source_id, list(external_ids))
    return {row["external_id"]: _mirrored(row) for row in rows}


def _mirrored(row: asyncpg.Record) -> Mirrored:
    return Mirrored(
        OrderStatus(row["status"]), row["amount"], row["paid"], row["phone"], row["heard_at"],
        OrderStatus(row["said"]), row["edited"], row["numbered"],
    )  # fmt: skip


async def is_quarantined(tx: Transaction, desk: str, source_id: UUID, raw: RawRequest) -> bool:
    """Return whether a row that cannot be read waits for a person already."""
    return bool(await tx.conn.fetchval(IN_QUARANTINE, desk, source_id, raw.body))


async def forgotten(
    tx: Transaction, source_id: UUID, external_ids: Sequence[str]
) -> Mapping[str, frozenset[OrderStatus]]:
    """Return the statuses that orders had when they were forgotten."""
    rows = await tx.conn.fetch(FORGOTTEN, source_id, list(external_ids))
    return {row["external_id"]: frozenset(map(OrderStatus, filter(None, row["statuses"]))) for row in rows}


class SealedSchools:
    """The keys of schools."""

    async def key_ids(self, db: Database) -> set[str]:
        """Return the keys that stored values name; none before the columns are there."""
        try:
            return {row[0] for row in await db.pool.fetch(KEY_IDS)}
        except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
            return set()

    async def reseal(self, db: Database, keys: DataKeys, limit: int, *, forget_plain: bool) -> int:
        """Seal keys that the first data key has not sealed, and commit; return how many. None is ever plain."""
        del forget_plain
        async with db.begin() as tx:
            rows = await tx.conn.fetch(UNSEALED, keys.prefix, limit)
            for row in rows:
                places = {column: place_of(row["id"], column) for column in ("api_key", "webhook_key")}
                sealed = [
                    row[column] and keys.seal(keys.open(row[column], place), place)
                    for column, place in places.items()
                ]
                await tx.conn.execute(SEAL, row["id"], *sealed)
            await tx.commit()
        return len(rows)
