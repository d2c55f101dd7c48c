"""Idempotency-Key (draft-ietf-httpapi-idempotency-key-header): the table, claims and stored answers.

A claim is a row with a token and a lease on the database's clock. The use case's own transaction marks the
row (`settle`) and so fences it: a holder whose lease was taken over cannot commit, and a completed call never runs
again, even when its process died before the answer was stored.
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

import asyncpg
import orjson
from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
)
from starlette.responses import Response

from libs.common.platform.db.database import Connection, Database
from libs.common.platform.db.errors import is_transient
from libs.common.platform.http.problems import Problem
from libs.common.platform.sealing import BrokenSealError, DataKeys, MissingKeyError, Place
from libs.common.platform.sealing.keeper import is_read_plain
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop

Pool: TypeAlias = "asyncpg.Pool[asyncpg.Record]"

LEASE = timedelta(seconds=60)
PURGE_SECONDS = 3600.0
_NOT_KEPT = frozenset({b"content-length", b"date", b"connection", b"transfer-encoding"})

log = get_logger(__name__)

CLAIM = """
INSERT INTO idempotency AS i (scope, key, fingerprint, token, created_at, locked_until)
VALUES ($1, $2, $3, $4, clock_timestamp(), clock_timestamp() + $5)
ON CONFLICT (scope, key) DO UPDATE
SET fingerprint = excluded.fingerprint, token = excluded.token, created_at = excluded.created_at,
    locked_until = excluded.locked_until, executed_at = NULL, status = NULL, headers = NULL, body = NULL
WHERE i.locked_until < clock_timestamp()
  AND (i.created_at < clock_timestamp() - interval '24 hours'
       OR (i.executed_at IS NULL AND i.status IS NULL AND i.fingerprint = excluded.fingerprint))
RETURNING true
"""
READ = """
SELECT fingerprint, token, status, headers, body, executed_at IS NOT NULL AS executed,
       ceil(extract(epoch FROM locked_until - clock_timestamp()))::int AS wait
FROM idempotency WHERE scope = $1 AND key = $2
"""
SETTLE = """
UPDATE idempotency SET executed_at = clock_timestamp() WHERE scope = $1 AND key = $2 AND token = $3
RETURNING true
"""
STORE = """
UPDATE idempotency SET status = $4, headers = $5, body = $6 WHERE scope = $1 AND key = $2 AND token = $3
"""
RELEASE = """
DELETE FROM idempotency WHERE scope = $1 AND key = $2 AND token = $3 AND executed_at IS NULL
RETURNING true
"""
PURGE = """
DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM idempotency WHERE created_at < clock_timestamp() - interval '24 hours'
    AND locked_until < clock_timestamp() LIMIT $1 FOR UPDATE SKIP LOCKED))
"""


def idempotency_table(metadata: MetaData) -> Table:
    """Declare `idempotency`: calls by caller, route and key, with their answers. Times are technical."""
    return Table(
        "idempotency",
        metadata,
        Column("scope", Text, primary_key=True),
        Column("key", Text, primary_key=True),
        Column("fingerprint", LargeBinary, nullable=False),
        Column("token", Uuid, nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False),
        Column("locked_until", DateTime(timezone=True), nullable=False),
        Column("executed_at", DateTime(timezone=True)),
        Column("status", SmallInteger),
        Column("headers", Text),
        Column("body", LargeBinary),
        CheckConstraint("(status IS NULL) = (body IS NULL)", name="answer_whole"),
        Index("ix_idempotency_created_at", "created_at"),
    )


class ClaimLostError(Exception):
    """The lease expired and another call took the key over: this one must not commit."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to run one call. `scope` is caller and route, `fingerprint` a digest of the request.

    With `keys` the answer is stored sealed: it may show a secret, once.
    """

    scope: str
    key: str
    fingerprint: bytes
    token: uuid.UUID
    keys: DataKeys | None = None

    async def settle(self, conn: Connection) -> None:
        """Mark the call as done inside the use case's transaction. Raises ClaimLostError."""
        if not await conn.fetchval(SETTLE, self.scope, self.key, self.token):
            raise ClaimLostError

    async def store(self, pool: Pool, response: Response) -> None:
        """Keep the answer for the next 24 hours."""
        headers = [
            (name.decode("latin-1"), value.decode("latin-1"))
            for name, value in response.raw_headers
            if name not in _NOT_KEPT
        ]
        text = orjson.dumps(headers).decode()
        async with pool.acquire() as conn:
            body = bytes(response.body)
            if self.keys is not None and not await is_read_plain(conn):
                body = self.keys.seal(body.decode("latin-1"), _place(self.token)).encode()
            await conn.execute(STORE, self.scope, self.key, self.token, response.status_code, text, body)

    async def release(self, pool: Pool) -> bool:
        """Release the key if the call did not commit; return whether it was released."""
        return bool(await pool.fetchval(RELEASE, self.scope, self.key, self.token))


async def claim_or_replay(pool: Pool, claim: Claim, lease: timedelta = LEASE) -> Response | None:
    """Return None when the claim is ours, or the stored answer.

    Raises Problem 422 `idempotency_key_reused`, 409 `request_in_progress` with Retry-After, 409 `answer_lost`
    when a holder died after its commit and before its answer was stored.
    """
    for _ in range(3):
        if await pool.fetchval(CLAIM, claim.scope, claim.key, claim.fingerprint, claim.token, lease):
            return None
        row = await pool.fetchrow(READ, claim.scope, claim.key)
        if row is not None:
            return _answer(row, claim)
    raise _in_progress(1)


async def purge_idempotency(pool: Pool, batch: int = 1000) -> int:
    """Delete up to `batch` calls older than 24 hours; return how many."""
    status: str = await pool.execute(PURGE, batch)
    return int(status.rpartition(" ")[2])


async def keep_idempotency(db: Database, stop: asyncio.Event) -> None:
    """Delete what is older than 24 hours, every hour until `stop`."""
    done = False
    while not done:
        try:
            while await purge_idempotency(db.pool) and not stop.is_set():
                pass
        except Exception as error:
            if not is_transient(error):
                raise
            log.warning("idempotency purge failed", error_type=type(error).__name__)
        done = await wait_for_stop(stop, PURGE_SECONDS)


def _answer(row: asyncpg.Record, claim: Claim) -> Response:
    if row["fingerprint"] != claim.fingerprint:
        raise Problem(422, "idempotency_key_reused")
    if row["status"] is not None:
        response = Response(_opened(row, claim), row["status"])
        stored = orjson.loads(row["headers"])
        response.raw_headers += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in stored]
        response.headers["Idempotency-Replayed"] = "true"
        return response
    if row["executed"] and row["wait"] <= 0:
        raise Problem(409, "answer_lost")
    raise _in_progress(min(max(row["wait"], 1), 5))


def _place(token: uuid.UUID) -> Place:
    return Place("idempotency", "body", uuid.UUID(int=token.int))


def _opened(row: asyncpg.Record, claim: Claim) -> bytes:
    """Return an answer's body; no JSON begins as a sealed value does. Raises Problem 409 `answer_lost`."""
    body: bytes = row["body"]
    if claim.keys is None or not body.startswith(b"v1."):
        return body
    try:
        return claim.keys.open(body.decode(), _place(row["token"])).encode("latin-1")
    except (MissingKeyError, BrokenSealError) as error:
        raise Problem(409, "answer_lost") from error


def _in_progress(seconds: int) -> Problem:
    return Problem(409, "request_in_progress", headers={"Retry-After": str(seconds)})
