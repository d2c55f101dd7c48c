"""Tickets of streams: a browser's EventSource sends no header, so one word in the address proves its caller, once.

A ticket carries what its bearer's token said, and when that ends. Only its digest is stored.
"""

import hashlib
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import Depends
from fastapi.security import APIKeyQuery, HTTPAuthorizationCredentials
from starlette.requests import Request

from libs.common.platform.auth.dependencies import BEARER, REALM, Require, require
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Database
from libs.common.platform.http.problems import Problem
from libs.common.platform.http.sse import TICKET

LIFETIME = timedelta(seconds=60)  # on the database's clock
_KEPT = timedelta(hours=1)  # how long it is known why a ticket comes too late
_BYTES = 32
_MAX_TICKET = 200  # characters

# Each new ticket takes more old ones away than it adds.
ISSUE = """
WITH old AS (
    SELECT digest FROM stream_ticket WHERE issued_at < clock_timestamp() - $6::interval
    LIMIT 100 FOR UPDATE SKIP LOCKED
), swept AS (
    DELETE FROM stream_ticket t USING old WHERE t.digest = old.digest
)
INSERT INTO stream_ticket (digest, subject, roles, desks, accepted_until, issued_at)
VALUES ($1, $2, $3, $4, $5, clock_timestamp())
RETURNING issued_at
"""
REDEEM = """
UPDATE stream_ticket SET used_at = clock_timestamp()
WHERE digest = $1 AND used_at IS NULL AND issued_at > clock_timestamp() - $2::interval
RETURNING subject, roles, desks, accepted_until
"""
WAS_USED = "SELECT used_at IS NOT NULL FROM stream_ticket WHERE digest = $1"

_QUERY = APIKeyQuery(name=TICKET, auto_error=False, scheme_name="stream_ticket")


class Why(StrEnum):
    """Why a ticket is not accepted."""

    USED = "used"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its caller gets it; it is good until `valid_until`."""

    word: str
    valid_until: datetime


async def issue(db: Database, caller: Principal) -> Ticket:
    """Make a ticket for one stream of a caller."""
    word = secrets.token_urlsafe(_BYTES)
    async with db.begin() as tx:
        issued_at: datetime = await tx.conn.fetchval(
            ISSUE,
            _digest(word),
            caller.sub,
            sorted(caller.roles),
            sorted(caller.desks),
            caller.accepted_until,
            _KEPT,
        )
        await tx.commit()
    return Ticket(word, issued_at + LIFETIME)


async def redeem(db: Database, word: str) -> Principal:
    """Return the caller of a ticket, which is used from now on. Raises Problem 401 `invalid_ticket`."""
    if not 0 < len(word) <= _MAX_TICKET:
        raise _refused(Why.UNKNOWN)
    async with db.begin() as tx:
        row = await tx.conn.fetchrow(REDEEM, _digest(word), LIFETIME)
        was_used = None if row else await tx.conn.fetchval(WAS_USED, _digest(word))
        await tx.commit()
    if row is None:
        raise _refused(Why.UNKNOWN if was_used is None else Why.USED if was_used else Why.EXPIRED)
    roles = frozenset(Role(name) for name in row["roles"])
    return Principal(row["subject"], roles, frozenset(row["desks"]), accepted_until=row["accepted_until"])


def _digest(word: str) -> bytes:
    return hashlib.sha256(word.encode()).digest()


def _refused(why: Why) -> Problem:
    return Problem(401, "invalid_ticket", headers={"WWW-Authenticate": REALM}, extra={"reason": why.value})


@dataclass(frozen=True, slots=True)
class RequireTicket(Require):
    """As `Require`, by a ticket too: who gives one in the address is asked for no token."""

    async def __call__(
        self,
        request: Request,
        _: Annotated[HTTPAuthorizationCredentials | None, Depends(BEARER)] = None,
        __: Annotated[str | None, Depends(_QUERY)] = None,
    ) -> Principal:
        """Return the caller. Raises Problem 401, 403."""
        word = request.query_params.get(TICKET)
        state = request.scope["state"]
        if word is not None and "principal" not in state:
            state["principal"] = await redeem(request.app.state.db, word)
        return await Require.__call__(self, request)


def require_ticket(*whole: Role, work: Collection[Role] = (), own: Collection[Role] = ()) -> RequireTicket:
    """Return the dependency of a stream: as `require`, by a ticket too."""
    return RequireTicket(require(*whole, work=work, own=own).grants)
