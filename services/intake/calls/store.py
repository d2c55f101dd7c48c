"""SQL of calls that we start; claims and results are those of all commands."""

from datetime import datetime
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import asyncpg
from sqlalchemy import Uuid, literal_column, make_url

from libs.common.connect.command.store import CommandStore, Tables
from libs.common.platform.db import Transaction
from services.intake.calls.rules import CallKind, Heard
from services.intake.formats.exchange import ExchangeFormat
from services.intake.sources.queries import call_label_of
from services.intake.sources.rules import Source

_LABEL = call_label_of(literal_column("a.lead_id", Uuid())).compile(
    dialect=make_url("postgresql+asyncpg://").get_dialect()(), compile_kwargs={"literal_binds": True}
)
COMMANDS = CommandStore(
    Tables(
        command="call",
        queue="exchange",
        queue_id="exchange_id",
        kind="format",
        details=", a.kind AS what, a.extension, a.to_number, a.from_leg, a.traceparent, s.key AS source_key,"
        f" {_LABEL} AS label",
        sources=", source s",
        joined=" AND s.id = c.id",
    )
)
# Changing the source resumes what was halted.
EXCHANGE = """
INSERT INTO exchange AS e (id, desk, code, format, account, rate_5s, active, version)
VALUES ($1, $2, $3, $4, $5, $6, true, 1)
ON CONFLICT (id) DO UPDATE SET account = excluded.account WHERE e.account <> excluded.account
"""
PACE = "INSERT INTO pace (account, free_at) VALUES ($1, clock_timestamp()) ON CONFLICT (account) DO NOTHING"
HALTED = "SELECT halted_code FROM exchange WHERE id = $1"
RESUME = """
UPDATE exchange SET halted_code = NULL, halted_at = NULL, version = version + 1
WHERE id = $1 AND halted_at IS NOT NULL
"""
LEAD = "SELECT phone FROM lead WHERE id = $1 AND desk = $2"
SOURCE = "SELECT key FROM source WHERE desk = $1 AND code = $2 AND active"
CALL = "SELECT c.*, s.key AS source_key FROM call c JOIN source s ON s.id = c.exchange_id WHERE c.id = $1"
OPERATOR = """
SELECT id, extension FROM operator
WHERE active AND ((subject = $1 AND $3::uuid IS NULL) OR (id = $3 AND desk = $2))
ORDER BY desk = $2 DESC, id LIMIT 1
"""
ADD = """
INSERT INTO call (id, desk, exchange_id, kind, of_id, lead_id, operator_id, actor, extension, to_number, from_leg,
                  traceparent, created_at, state, number, tries, due_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'pending', 1, 0, clock_timestamp(), $14)
ON CONFLICT (exchange_id, kind, extension, to_number)
    WHERE state IN ('pending', 'held', 'sending', 'waiting') DO NOTHING
RETURNING id
"""
UNDER_WAY = """
SELECT id FROM call WHERE (exchange_id, kind, extension, to_number) = ($1, $2, $3, $4)
  AND state IN ('pending', 'held', 'sending', 'waiting')
"""
# An event that names the command proves it, in any state, also one whose answer was lost or which a worker still
# calls: the worker's late result then finds no lease.
HAPPENED = """
UPDATE call
SET state = 'accepted', lease_token = NULL, code = NULL, detail = NULL, entry_id = coalesce($3, entry_id),
    leg = coalesce($4, leg)
WHERE id = $2 AND exchange_id = $1
RETURNING id, lead_id, operator_id
"""
TALKS = """
UPDATE call SET leg = $3 WHERE exchange_id = $1 AND entry_id = $2 AND kind = 'dial' AND leg IS DISTINCT FROM $3
RETURNING id, lead_id, operator_id
"""
FAILED = """
UPDATE call SET state = 'refused', lease_token = NULL, code = $3
WHERE id = $2 AND exchange_id = $1 AND entry_id IS NULL AND state <> 'refused'
RETURNING id, lead_id, operator_id
"""
ATTACH = "UPDATE call SET contact_id = $2 WHERE id = $1 AND contact_id IS NULL"


class NewCall(NamedTuple):
    """A command to be written with the decision."""

    id: UUID
    kind: CallKind
    extension: str
    to_number: str
    actor: str
    lead_id: UUID | None = None
    operator_id: UUID | None = None
    of_id: UUID | None = None
    from_leg: str | None = None


def account_of(found: ExchangeFormat) -> str:
    """Return by what the calls of an exchange are paced; the provider's own key does not stand in the table."""
    return sha256(f"{found.code}:{found.account}".encode()).hexdigest()


async def ensure_exchange(tx: Transaction, source: Source, found: ExchangeFormat) -> str | None:
    """Make the row that commands of a source are paced by; return why it is halted, if it is."""
    account = account_of(found)
    await tx.conn.execute(PACE, account)
    await tx.conn.execute(EXCHANGE, source.id, source.desk, source.code, found.code, account, found.rate_5s)
    halted: str | None = await tx.conn.fetchval(HALTED, source.id)
    return halted


async def resume(tx: Transaction, source_id: UUID) -> None:
    """Let a halted exchange be called again: a person has changed its source."""
    await tx.conn.execute(RESUME, source_id)


async def add(
    tx: Transaction, source: Source, new: NewCall, now: datetime, expires_at: datetime, traceparent: str | None
) -> UUID | None:
    """Write a command; return the one that is under way already, if there is one."""
    written = await tx.conn.fetchval(
        ADD, new.id, source.desk, source.id, new.kind.value, new.of_id, new.lead_id, new.operator_id, new.actor,
        new.extension, new.to_number, new.from_leg, traceparent, now, expires_at,
    )  # fmt: skip
    if written is not None:
        return None
    existing: UUID | None = await tx.conn.fetchval(
        UNDER_WAY, source.id, new.kind.value, new.extension, new.to_number
    )
    return existing


async def hear(tx: Transaction, source_id: UUID, heard: Heard) -> asyncpg.Record | None:
    """Apply what an event says of a command; return the command that it speaks of."""
    command_id = _uuid(heard.command_id)
    if command_id is not None and heard.code is not None:
        return await tx.conn.fetchrow(FAILED, source_id, command_id, heard.code)
    if command_id is not None:
        return await tx.conn.fetchrow(HAPPENED, source_id, command_id, heard.entry_id, heard.leg)
    if heard.entry_id is not None and heard.leg is not None:
        return await tx.conn.fetchrow(TALKS, source_id, heard.entry_id, heard.leg)
    return None


async def attach(tx: Transaction, call_id: UUID, contact_id: UUID) -> None:
    """Say which contact a call became."""
    await tx.conn.execute(ATTACH, call_id, contact_id)


def _uuid(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
