"""Rows of outcomes that may be mended."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from uuid import UUID

from pydantic import TypeAdapter

from libs.common.contracts.assignment import MEND_WITHIN
from libs.common.contracts.notifications import MessageSent
from libs.common.platform.db import Connection
from services.tasks.engine.deeds import Deed
from services.tasks.engine.facts import Subject
from services.tasks.mending.rules import Mendable

# Two at a time: an array is looked up once, where a join might look again and find others.
KEEP = f"""
WITH expired AS (
    DELETE FROM mendable WHERE process_id = ANY(ARRAY(
        SELECT process_id FROM mendable WHERE until < $4 AND process_id <> $1 ORDER BY until LIMIT 2
        FOR UPDATE SKIP LOCKED
    ))
)
INSERT INTO mendable AS m (process_id, desk, task_id, given_at, until, deed)
SELECT $1, $2, $3, $4::timestamptz, $4 + make_interval(mins => coalesce(
    (SELECT mend_within FROM pool WHERE desk = $2 AND code = $5), {MEND_WITHIN})), $6
ON CONFLICT (process_id) DO UPDATE SET task_id = excluded.task_id, given_at = excluded.given_at,
    until = excluded.until, deed = excluded.deed
"""  # noqa: S608 - a number of our own
FIND = "SELECT * FROM mendable WHERE process_id = $1"
HOLDERS = "SELECT DISTINCT operator_id FROM task WHERE id = ANY($1::uuid[]) AND operator_id IS NOT NULL"
FORGET = "DELETE FROM mendable WHERE process_id = ANY($1::uuid[]) AND task_id = ANY($2::uuid[])"
# Later reports may be of a message before: of each, that it was sent comes first.
SENT = """
SELECT DISTINCT facts ->> 'purpose' FROM timeline_entry
WHERE (lead_id = $1 OR subject_id = $1) AND kind = $2 AND time >= $3
  AND facts ->> 'purpose' = ANY($4::text[])
"""
_DEED = TypeAdapter(Deed)


async def keep(conn: Connection, process_id: UUID, desk: str, pool: str, now: datetime, deed: Deed) -> None:
    """Keep what an outcome did for the minutes of its pool, in the place of the outcome before."""
    await conn.execute(KEEP, process_id, desk, deed.task.id, now, pool, _DEED.dump_python(deed, mode="json"))


async def find(conn: Connection, process_id: UUID) -> Mendable | None:
    """Return the last outcome of a process; None when there is none, or it was too long ago."""
    row = await conn.fetchrow(FIND, process_id)
    if row is None:
        return None
    return Mendable(row["task_id"], row["given_at"], row["until"], _DEED.validate_python(row["deed"], strict=False))


async def holders(conn: Connection, deeds: Iterable[Deed]) -> set[UUID]:
    """Return who had the tasks that outcomes ended, which stand unchanged since: no lock is needed."""
    ended = [task_id for deed in deeds for task_id in (deed.task.id, *deed.closed)]
    return {row[0] for row in await conn.fetch(HOLDERS, ended)} if ended else set()


async def forget(conn: Connection, processes: Collection[UUID], tasks: Collection[UUID]) -> None:
    """Forget what the outcomes of tasks did, once it was taken back; their processes are locked."""
    await conn.execute(FORGET, list(processes), list(tasks))


async def sent(conn: Connection, subject: Subject, since: datetime, purposes: Sequence[str]) -> frozenset[str]:
    """Return the purposes of those messages of a subject that have left since a time."""
    if not purposes:
        return frozenset()
    rows = await conn.fetch(SENT, subject.id, MessageSent.event_type, since, list(purposes))
    return frozenset(row[0] for row in rows)
