"""Leads whose desk has not activated their playbook wait for it and go on at its activation, by themselves."""

from libs.common.messaging.deadletters.waiting import release
from libs.common.messaging.inbox import Unready
from libs.common.platform.db import Connection
from services.tasks.context import Context

_KIND = "playbook"
# Desks and codes hold no colon.
READY = """
SELECT ready FROM (SELECT 'playbook:' || desk || ':' || code AS ready FROM playbook_activation) AS a
WHERE EXISTS (SELECT FROM parked p WHERE p.state = 'failed' AND p.waits_for = a.ready)
"""
# The previous release parked such a lead for good, and still does as long as one of its workers runs. The code is
# read from the body as it was written: no value in it can hold these quotes unescaped.
ADOPT = """
UPDATE parked SET waits_for = 'playbook:' || desk || ':'
                              || substring(convert_from(body, 'UTF8') FROM '"playbook": ?"([^"\\\\]+)"')
WHERE state = 'failed' AND waits_for IS NULL AND error_type = 'UnknownPlaybookError'
  AND type = 'dozvon.lead.received.v1'
"""


class UnknownPlaybookError(Unready):
    """A playbook that a desk has not activated; the desk or the playbook may not even exist."""

    def __init__(self, desk: str, playbook: str) -> None:
        super().__init__(waits_for(desk, playbook), f"desk {desk!r} has no active playbook {playbook!r}")


def waits_for(desk: str, playbook: str) -> str:
    """Return what a lead waits for whose desk has not activated its playbook."""
    return f"{_KIND}:{desk}:{playbook}"


def playbook_of(waits_for: str) -> str:
    """Return the playbook that is waited for."""
    return waits_for.rpartition(":")[2]


async def release_leads(conn: Connection, desk: str, playbook: str) -> int:
    """Let the leads that wait for a playbook go on; returns how many. For the transaction that activates it."""
    return await release(conn, [waits_for(desk, playbook)])


async def release_ready(ctx: Context) -> int:
    """Let every lead go on whose playbook is active by now; returns how many."""
    async with ctx.db.pool.acquire() as conn:
        ready = [row["ready"] for row in await conn.fetch(READY)]
        return await release(conn, ready) if ready else 0


async def adopt_parked(ctx: Context) -> None:
    """Let leads wait that the previous release parked for good."""
    await ctx.db.pool.execute(ADOPT)
