"""Readiness of a desk: the playbooks that its leads wait for."""

from dataclasses import dataclass
from datetime import datetime

import asyncpg

from libs.common.messaging.deadletters.waiting import Waiting, count_waiting
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Database
from services.tasks.errors import NotFoundError
from services.tasks.playbooks.waiting import playbook_of

EXISTS = "SELECT EXISTS (SELECT FROM desk WHERE desk = $1)"
# The desk's active playbooks, and those that leads wait for; `*` owns the versions that all desks share.
PLAYBOOKS = """
SELECT c.code, a.version AS active_version,
       EXISTS (SELECT FROM playbook p WHERE p.code = c.code AND p.desk IN ($1, '*')) AS known
FROM (SELECT code FROM playbook_activation WHERE desk = $1 UNION SELECT unnest($2::text[])) AS c (code)
LEFT JOIN playbook_activation a ON a.desk = $1 AND a.code = c.code ORDER BY c.code
"""


@dataclass(frozen=True, slots=True)
class PlaybookReadiness:
    """A playbook of a desk: whether it can be activated, whether it is, and how many leads wait for it."""

    code: str
    exists: bool
    active_version: int | None
    waiting_leads: int
    oldest_received_at: datetime | None


@dataclass(frozen=True, slots=True)
class Readiness:
    """A desk, which need not exist yet, and its playbooks."""

    desk: str
    exists: bool
    playbooks: tuple[PlaybookReadiness, ...]


async def readiness(db: Database, caller: Principal, desk: str) -> Readiness:
    """Return the readiness of a desk. Raises NotFoundError.

    Administrators also see a desk that does not exist if leads came for it: a source may misspell its code.
    """
    if not caller.may_see(desk):
        raise NotFoundError
    async with db.pool.acquire() as conn:
        exists: bool = await conn.fetchval(EXISTS, desk)
        waiting = {playbook_of(found.waits_for): found for found in await count_waiting(conn, desk)}
        if not exists and not (waiting and caller.has(Role.ADMIN)):
            raise NotFoundError
        rows = await conn.fetch(PLAYBOOKS, desk, list(waiting))
    return Readiness(desk, exists, tuple(_playbook(row, waiting.get(row["code"])) for row in rows))


def _playbook(row: asyncpg.Record, waiting: Waiting | None) -> PlaybookReadiness:
    leads, oldest = (waiting.events, waiting.oldest) if waiting else (0, None)
    return PlaybookReadiness(row["code"], row["known"], row["active_version"], leads, oldest)
