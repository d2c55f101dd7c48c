"""Leads whose desk has not activated their playbook wait for it; the activation releases them."""

from libs.common.messaging.deadletters.waiting import release
from libs.common.messaging.inbox import Unready
from libs.common.platform.db import Connection
from services.tasks.context import Context

_KIND = "playbook"
# Codes of desks and playbooks contain no colon.
READY = """
SELECT ready FROM (SELECT 'playbook:' || desk || ':' || code AS ready FROM playbook_activation) AS a
WHERE EXISTS (SELECT FROM parked p WHERE p.state = 'failed' AND p.waits_for = a.ready)
"""
ARE_READY = f"EXISTS ({READY})"
# The previous release parked such leads without `waits_for`, and still does while one of its workers runs. The
# playbook is read from the raw body: in a JSON value these quotes would be escaped.
ADOPT = """
UPDATE parked SET waits_for = 'playbook:' || desk || ':'
                              || substring(convert_from(body, 'UTF8') FROM '"playbook": ?"([^"\\\\]+)"')
WHERE state = 'failed' AND waits_for IS NULL AND error_type = 'UnknownPlaybookError'
  AND type = 'dozvon.lead.received.v1'
"""


class UnknownPlaybookError(Unready):
    """The desk has not activated the playbook; the desk or the playbook may not exist."""

    def __init__(self, desk: str, playbook: str) -> None:
        super().__init__(waits_for(desk, playbook), f"desk {desk!r} has no active playbook {playbook!r}")


def waits_for(desk: str, playbook: str) -> str:
    """Return the key under which leads wait for a playbook of a desk."""
    return f"{_KIND}:{desk}:{playbook}"


def playbook_of(waits_for: str) -> str:
    """Return the playbook of such a key."""
    return waits_for.rpartition(":")[2]


async def release_leads(conn: Connection, desk: str, playbook: str) -> int:
    """Release the leads that wait for a playbook, in the transaction that activates it; return how many."""
    return await release(conn, [waits_for(desk, playbook)])


async def release_ready(ctx: Context) -> int:
    """Release every waiting lead whose playbook is active; return how many."""
    async with ctx.db.pool.acquire() as conn:
        ready = [row["ready"] for row in await conn.fetch(READY)]
        return await release(conn, ready) if ready else 0


async def adopt_parked(ctx: Context) -> None:
    """Add `waits_for` to leads that the previous release parked without it."""
    await ctx.db.pool.execute(ADOPT)
