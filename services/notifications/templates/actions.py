"""Proposing and approving templates (S2.5): every edit is a new version, usable after its approval."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import TypeAlias

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.notifications import TemplateApproved
from libs.common.contracts.shared import Language
from libs.common.messaging import outbox
from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7
from services.notifications.errors import (
    AlreadyExistsError,
    AmbiguousDeskError,
    MalformedBodyError,
    NotFoundError,
    SupersededError,
)
from services.notifications.templates.convert import Json, variants_of
from services.notifications.templates.rules import fault, texts_of

Row: TypeAlias = "dict[str, object]"

LOCK = "SELECT pg_advisory_xact_lock(hashtext('template'), hashtext($1 || ' ' || $2))"
NEWEST = (
    "SELECT id, version, bodies, variants FROM template WHERE desk = $1 AND code = $2 ORDER BY version DESC LIMIT 1"
)
PROPOSE = """
INSERT INTO template (id, desk, code, version, bodies, variants, state, proposed_by, proposed_at)
VALUES ($1, $2, $3, $4, $5, $6, 'proposed', $7, $8)
RETURNING *
"""
DESKS = """
SELECT desk FROM template
WHERE code = $1 AND version = $2
  AND ($3::text[] IS NULL OR desk = ANY($3::text[])) AND ($4::text IS NULL OR desk = $4)
"""
VERSION = "SELECT * FROM template WHERE desk = $1 AND code = $2 AND version = $3"
APPROVE = """
UPDATE template t SET state = 'approved', approved_by = $4, approved_at = $5
WHERE desk = $1 AND code = $2 AND version = $3 AND state = 'proposed'
  AND NOT EXISTS (SELECT FROM template n
                  WHERE n.desk = $1 AND n.code = $2 AND n.version > $3 AND n.state = 'approved')
RETURNING *
"""


async def propose(
    db: Database, desk: str, code: str, bodies: Mapping[str, str], variants: Json, by: str, now: datetime
) -> Row:
    """Store a new version. Raises MalformedBodyError; AlreadyExistsError when the newest has the same texts."""
    found = {place: problem for place, text in _texts(bodies, variants) if (problem := fault(text)) is not None}
    if found:
        raise MalformedBodyError(found)
    async with db.begin() as tx:
        await tx.conn.execute(LOCK, desk, code)
        newest = await tx.conn.fetchrow(NEWEST, desk, code)
        if newest is not None and (newest["bodies"], newest["variants"]) == (dict(bodies), dict(variants)):
            raise AlreadyExistsError(newest["id"])
        number = newest["version"] + 1 if newest is not None else 1
        row = await tx.conn.fetchrow(PROPOSE, uuid7(), desk, code, number, dict(bodies), dict(variants), by, now)
        await tx.commit()
    return _found(row)


def _texts(bodies: Mapping[str, str], variants: Json) -> Iterator[tuple[str, str]]:
    yield from ((f"/bodies/{language}", body) for language, body in bodies.items())
    for kind, variant in variants_of(variants).items():
        yield from ((f"/variants/{kind}{place}", text) for place, text in texts_of(variant))


async def approve(
    db: Database,
    where: tuple[str, int],
    desk: str | None,
    desks: Collection[str] | None,
    by: str,
    now: datetime,
    cause: Cause,
) -> Row:
    """Make a version (`where`: code, number) usable for good; approving it again changes nothing.

    Raises NotFoundError, AmbiguousDeskError, SupersededError.
    """
    async with db.begin() as tx:
        target = await _desk(tx, where, desk, desks)
        await tx.conn.execute(LOCK, target, where[0])
        row = await tx.conn.fetchrow(APPROVE, target, *where, by, now)
        if row is None:
            return await _approved_before(tx, target, where)
        data = TemplateApproved(
            code=where[0],
            version=where[1],
            languages=tuple(Language(name) for name in sorted(row["bodies"])),
            actor=by,
        )
        await outbox.add(tx, [Outgoing(f"desk:{target}", target, now, data, cause)])
        await tx.commit()
    return dict(row)


async def _desk(tx: Transaction, where: tuple[str, int], desk: str | None, desks: Collection[str] | None) -> str:
    rows = await tx.conn.fetch(DESKS, *where, None if desks is None else list(desks), desk)
    if not rows:
        raise NotFoundError
    if len(rows) > 1:
        raise AmbiguousDeskError
    found: str = rows[0]["desk"]
    return found


async def _approved_before(tx: Transaction, desk: str, where: tuple[str, int]) -> Row:
    row = _found(await tx.conn.fetchrow(VERSION, desk, *where))
    if row["state"] != "approved":
        raise SupersededError
    return row


def _found(row: asyncpg.Record | None) -> Row:
    if row is None:
        raise NotFoundError
    return dict(row)
