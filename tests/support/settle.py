"""The end of a run: wait until nothing is under way, then collect the facts."""

import asyncio
from contextlib import closing

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from deploy.local.under_way import in_databases, in_standins, written
from libs.common.contracts import OWNERS
from tests.support.facts import Answered, Facts, Journals, collect
from tests.support.stack import ProcessStack
from tests.support.topics import EventFact, read_topics

SETTLE_SECONDS = 90
LOOK_AGAIN = 0.5
_COLLECTIONS = 10
_NOT_BACK = "a server that is not back yet"
OPEN = """
SELECT m.template, m.provider, m.state, a.state AS attempt, a.tries, a.code, now() - a.offered_at AS doubt
FROM notifications.message m LEFT JOIN notifications.attempt a ON a.message_id = m.id AND a.state <> 'refused'
WHERE m.state IN ('pending', 'accepted', 'sent') LIMIT 5
"""


async def facts_of(stack: ProcessStack, answered: Answered) -> Facts:
    """Settle, then collect the facts: anew when a timer has written an event between the first and the last.

    Raises TimeoutError where that happens each time.
    """
    for _ in range(_COLLECTIONS):
        await settle(stack)
        conn = await asyncpg.connect(stack.database.admin_url)
        try:
            before = await written(conn)
            events = [EventFact.of(record) for record in await read_topics(stack.topics)]
            with closing(stack.journal()) as messenger, closing(stack.relay_journal()) as relay:
                facts = await collect(conn, Journals(messenger, relay), events, answered)
            if await written(conn) == before:
                return facts
        finally:
            await conn.close()
    raise TimeoutError(f"events were written during each of {_COLLECTIONS} collections")


async def settle(stack: ProcessStack, seconds: float = SETTLE_SECONDS) -> None:
    """Wait until nothing is under way. Raises TimeoutError, with what is left, after so many seconds.

    A run is settled when two looks in a row find nothing and no event was written between them: one look may miss
    what is just between two places.
    """
    moving: dict[str, int] = {}
    events = -1
    try:
        async with asyncio.timeout(seconds):
            while True:
                before = events
                moving, events = await _look(stack)
                if not moving and events == before:
                    return
                await asyncio.sleep(LOOK_AGAIN)
    except TimeoutError:
        why = await _stuck(stack.database.admin_url)
        raise TimeoutError(f"not settled after {seconds:.0f} s: {moving}; {stack.said}; {why}") from None


async def _look(stack: ProcessStack) -> tuple[dict[str, int], int]:
    """Return what is under way, by kind, and how many events were ever written."""
    try:
        conn = await asyncpg.connect(stack.database.admin_url)
    except (OSError, asyncpg.PostgresError):
        return {_NOT_BACK: 1}, -1
    try:
        moving, events = await in_databases(conn, stack.clock.now()), await written(conn)
    finally:
        await conn.close()
    if not any(moving.values()):
        moving |= await _outside(stack)
    return {name: count for name, count in moving.items() if count}, events


async def _outside(stack: ProcessStack) -> dict[str, int]:
    """Return what is on its way between the databases: asked last, because it is slow."""
    try:
        return {"webhooks": await in_standins(stack.standins), "events not read": await stack.unread.count()}
    except (OSError, KafkaError, httpx.HTTPError):
        return {_NOT_BACK: 1}


async def _stuck(admin_url: str) -> list[str]:
    """Return what the parked events failed with, and what messages wait for."""
    conn = await asyncpg.connect(admin_url)
    try:
        found = [await conn.fetch(f"SELECT type, error FROM {owner}.parked LIMIT 3") for owner in OWNERS]
        messages = await conn.fetch(OPEN)
    finally:
        await conn.close()
    parked = [f"{row['type']}: {row['error']}" for rows in found for row in rows]
    return [*parked, *(f"{dict(row)}" for row in messages)]
