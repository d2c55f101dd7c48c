"""What a desk has at tasks."""

from libs.common.platform.db import Connection
from libs.common.platform.erasure.kept import read_retention
from services.tasks.configuration.schemas import TasksPart
from services.tasks.desks.actions import read_view
from services.tasks.erasures.schemas import TasksRetention

# Locked: who changes the desk or its playbooks by another call waits for the end of the configuration.
DESK = "SELECT * FROM desk WHERE desk = $1 FOR UPDATE"
ACTIVE = """
SELECT a.code, p.source FROM playbook_activation a JOIN playbook p USING (code, version)
WHERE a.desk = $1 ORDER BY a.code FOR UPDATE OF a
"""


async def read_part(conn: Connection, desk: str) -> TasksPart | None:
    """Return a desk and its active playbooks; None for a desk that does not exist. Locks both."""
    row = await conn.fetchrow(DESK, desk)
    if row is None:
        return None
    active = await conn.fetch(ACTIVE, desk)
    kept = await read_retention(conn, desk, TasksRetention)
    return TasksPart.of(read_view(row), {found["code"]: found["source"] for found in active}, kept)
