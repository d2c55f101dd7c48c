"""SQL that writes templates, in the caller's transaction."""

from datetime import datetime
from typing import TypeAlias

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.notifications import NotificationsEvent, TemplateApproved, TemplateRetired
from libs.common.contracts.shared import Language
from libs.common.messaging import outbox
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.notifications.errors import AlreadyExistsError, NotFoundError, SupersededError, TemplateRetiredError
from services.notifications.templates.convert import Wording
from services.notifications.templates.rules import Proposal

Row: TypeAlias = "dict[str, object]"

LOCK = "SELECT pg_advisory_xact_lock(hashtext('template'), hashtext($1 || ' ' || $2))"
NEWEST = """
SELECT id, version, bodies, variants, types, situation, state, retired_at FROM template
WHERE desk = $1 AND code = $2 ORDER BY version DESC LIMIT 1
"""
PROPOSE = """
INSERT INTO template (id, desk, code, version, bodies, variants, types, situation, state, proposed_by, proposed_at,
    department)
SELECT $1, $2, $3, $4, $5, $6, $9, $10, 'proposed', $7, $8,
       (SELECT department FROM operator WHERE subject = $7 AND desk = $2 AND active LIMIT 1)
RETURNING *
"""
VERSION = "SELECT * FROM template WHERE desk = $1 AND code = $2 AND version = $3"
APPROVE = """
UPDATE template t SET state = 'approved', approved_by = $4, approved_at = $5, announced_at = $5
WHERE desk = $1 AND code = $2 AND version = $3 AND state = 'proposed' AND retired_at IS NULL
  AND NOT EXISTS (SELECT FROM template n
                  WHERE n.desk = $1 AND n.code = $2 AND n.version > $3 AND n.state = 'approved')
RETURNING *
"""
OF_HEAD = """
SELECT t.proposed_by, h.subject, h.name FROM template t
LEFT JOIN operator h ON h.desk = t.desk AND h.active AND h.heads ? t.department
WHERE t.desk = $1 AND t.code = $2 AND t.version = $3 LIMIT 1
"""
# Who approves or retires one at the same time is waited for, and then it is no more among these.
ANNOUNCE = """
UPDATE template t SET announced_at = $1
WHERE announced_at IS NULL AND state = 'approved' AND retired_at IS NULL AND id IN (
    SELECT DISTINCT ON (desk, code) id FROM template WHERE state = 'approved' AND retired_at IS NULL
    ORDER BY desk, code, version DESC)
RETURNING desk, code, version, bodies, approved_by
"""
RETIRE = """
WITH retired AS (
    UPDATE template SET retired_by = $3, retired_at = $4
    WHERE desk = $1 AND code = $2 AND retired_at IS NULL
    RETURNING version
)
SELECT count(*) FROM retired
"""


async def newest_version(tx: Transaction, desk: str, code: str) -> asyncpg.Record | None:
    """Return the newest version of a template, approved or not; others who write the template wait."""
    await tx.conn.execute(LOCK, desk, code)
    return await tx.conn.fetchrow(NEWEST, desk, code)


async def add_version(tx: Transaction, desk: str, code: str, wording: Wording, by: str, now: datetime) -> Row:
    """Store the next version of a template. Raises AlreadyExistsError when the newest says the same.

    The texts of a retired template are proposed again as a new version.
    """
    newest = await newest_version(tx, desk, code)
    number = 1 if newest is None else newest["version"] + 1
    if newest is not None and _says(newest, wording):
        raise AlreadyExistsError(newest["id"])
    texts = dict(wording.bodies), dict(wording.variants)
    said = dict(wording.types), wording.situation
    return _found(await tx.conn.fetchrow(PROPOSE, uuid7(), desk, code, number, *texts, by, now, *said))


async def put_in_use(
    tx: Transaction, desk: str, code: str, wording: Wording, by: str, now: datetime, cause: Cause
) -> None:
    """Make texts those of the template, proposed and approved by one person; the newest version may have them."""
    newest = await newest_version(tx, desk, code)
    if newest is not None and _says(newest, wording):
        number = newest["version"]
    else:
        number = (await add_version(tx, desk, code, wording, by, now))["version"]
    await approve_version(tx, desk, (code, number), by, now, cause)


async def proposal(tx: Transaction, desk: str, where: tuple[str, int]) -> Proposal:
    """Return who proposed a version (`where`: code, number) and heads their department. Raises NotFoundError."""
    row = await tx.conn.fetchrow(OF_HEAD, desk, *where)
    if row is None:
        raise NotFoundError
    return Proposal(row["proposed_by"], row["subject"], row["name"])


async def approve_version(
    tx: Transaction, desk: str, where: tuple[str, int], by: str, now: datetime, cause: Cause
) -> Row:
    """Make a version (`where`: code, number) usable; approving it again changes nothing.

    Raises NotFoundError, SupersededError, TemplateRetiredError.
    """
    code, number = where
    await tx.conn.execute(LOCK, desk, code)
    row = await tx.conn.fetchrow(APPROVE, desk, code, number, by, now)
    if row is None:
        return await _approved_before(tx, desk, where)
    await _publish(tx, desk, _approved(row), now, cause)
    return dict(row)


async def announce(tx: Transaction, now: datetime) -> int:
    """Publish the templates in use that were never published; return how many."""
    rows = await tx.conn.fetch(ANNOUNCE, now)
    for row in rows:
        await _publish(tx, row["desk"], _approved(row), now, Cause.fresh())
    return len(rows)


async def retire_template(tx: Transaction, desk: str, code: str, by: str, now: datetime, cause: Cause) -> None:
    """Take a template out of use with all its versions; retiring it again changes nothing."""
    await tx.conn.execute(LOCK, desk, code)
    if await tx.conn.fetchval(RETIRE, desk, code, by, now):
        await _publish(tx, desk, TemplateRetired(code=code, actor=by), now, cause)


def _approved(row: asyncpg.Record) -> TemplateApproved:
    languages = tuple(Language(name) for name in sorted(row["bodies"]))
    return TemplateApproved(code=row["code"], version=row["version"], languages=languages, actor=row["approved_by"])


def _says(newest: asyncpg.Record, wording: Wording) -> bool:
    """Return whether a version that is not retired says this."""
    said = Wording(newest["bodies"], newest["variants"], newest["types"], newest["situation"])
    return said == wording and newest["retired_at"] is None


async def _approved_before(tx: Transaction, desk: str, where: tuple[str, int]) -> Row:
    row = _found(await tx.conn.fetchrow(VERSION, desk, *where))
    if row["retired_at"] is not None:
        raise TemplateRetiredError
    if row["state"] != "approved":
        raise SupersededError
    return row


def _found(row: asyncpg.Record | None) -> Row:
    if row is None:
        raise NotFoundError
    return dict(row)


async def _publish(tx: Transaction, desk: str, data: NotificationsEvent, now: datetime, cause: Cause) -> None:
    await outbox.add(tx, [Outgoing(f"desk:{desk}", desk, now, data, cause)])
