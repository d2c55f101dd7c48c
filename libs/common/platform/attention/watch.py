"""The look at what waits for a person, in the worker: what is new is raised, what is over is cleared."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from libs.common.contracts import Cause, EventData, Outgoing
from libs.common.contracts.attention import Cleared, Raised
from libs.common.messaging import outbox
from libs.common.platform.attention.kinds import DEAD_LETTERS, Kinds
from libs.common.platform.attention.rules import Change, Found, Mark, change
from libs.common.platform.core import Core
from libs.common.platform.db import Database, Transaction
from libs.common.platform.worker import Loop, periodic

INTERVAL = 10.0  # seconds

# One replica looks; a schema is a service.
TURN = "SELECT pg_try_advisory_xact_lock(hashtext('attention'), hashtext(current_schema()))"
KNOWN = "SELECT desk, kind, ref FROM attention"
RAISE = """
INSERT INTO attention (desk, kind, ref, raised_at)
SELECT *, $4 FROM unnest($1::text[], $2::text[], $3::text[])
"""
CLEAR = """
DELETE FROM attention USING unnest($1::text[], $2::text[], $3::text[]) AS over (desk, kind, ref)
WHERE (attention.desk, attention.kind, attention.ref) = (over.desk, over.kind, over.ref)
"""

Say = Callable[[Transaction, Change, datetime], Awaitable[None]]


async def look(db: Database, kinds: Kinds, say: Say, now: datetime) -> None:
    """Say what waits since the last look and what waits no more, in one transaction with the memory of it."""
    watched = {**DEAD_LETTERS, **kinds}
    async with db.begin() as tx:
        if not await tx.conn.fetchval(TURN):
            return
        found = [Found(Mark(*row[:3]), *row[3:]) for row in await tx.conn.fetch(_counting(watched))]
        known = {Mark(*row) for row in await tx.conn.fetch(KNOWN)}
        seen = change(found, known, watched, now)
        if seen.raised or seen.cleared:
            await tx.conn.execute(RAISE, *_columns([each.mark for each in seen.raised]), now)
            await tx.conn.execute(CLEAR, *_columns(seen.cleared))
            await say(tx, seen, now)
        await tx.commit()


def publish(raised: type[Raised], cleared: type[Cleared]) -> Say:
    """Return what says it to tasks, by a service's own event types."""

    async def say(tx: Transaction, seen: Change, now: datetime) -> None:
        said: list[tuple[str, EventData]] = [
            (
                each.mark.desk,
                raised(
                    kind=each.mark.kind, ref=each.mark.ref, title=each.title,
                    count=each.found.count, since=each.found.since, due_at=each.due_at,
                    operator_id=each.found.operator_id, assignee_id=each.found.assignee_id,
                ),
            )
            for each in seen.raised
        ]  # fmt: skip
        said += [(mark.desk, cleared(kind=mark.kind, ref=mark.ref)) for mark in seen.cleared]
        events = (Outgoing(f"desk:{desk}", desk, now, data, Cause.fresh()) for desk, data in said)
        await outbox.add(tx, list(events))

    return say


def attention_loop(core: Core, kinds: Kinds, say: Say) -> Loop:
    """Return the loop that looks again and again."""
    return periodic("attention", INTERVAL, lambda: look(core.db, kinds, say, core.clock.now()))


def _counting(kinds: Kinds) -> str:
    """Return the statement that counts what waits under each mark of the kinds that open tasks."""
    return " UNION ALL ".join(
        f"SELECT desk, '{kind}' AS kind, ref, count(*), min(at), min({each.opens.name}),"  # noqa: S608 - declared in code
        f" (array_agg({each.opens.operator}))[1], (array_agg({each.opens.assignee}))[1]"
        f" FROM ({each.rows}) AS waiting GROUP BY desk, ref"
        for kind, each in kinds.items()
        if each.opens is not None
    )


def _columns(marks: Sequence[Mark]) -> tuple[list[str], list[str], list[str]]:
    return [mark.desk for mark in marks], [mark.kind for mark in marks], [mark.ref for mark in marks]
