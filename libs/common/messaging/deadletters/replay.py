"""Replay of parked events: the released one, and then those behind it, in order."""

import asyncio
from typing import assert_never

from pydantic import ValidationError

from libs.common.messaging.deadletters.parked import ParkedRecord
from libs.common.messaging.deadletters.store import SHOWN, DeadLetterState
from libs.common.messaging.inbox.apply import Applier
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.errors import waits_for
from libs.common.messaging.inbox.incoming import Broken, Incoming, Reader, Skipped, UnknownTypeError
from libs.common.messaging.inbox.store import readable
from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.errors import is_transient
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop

LOOK_SECONDS = 2.0
MOST = 100  # keys per look
COUNT_SECONDS = 15.0
TRIES = 20  # of an event whose payload an older release could not read; that one may still run and fail them

_OPEN = "('blocked', 'failed', 'retrying')"

# A key is ready when its first open event has not failed: it was released, or the event before it is closed.
# In random order: a hundred keys that cannot move now must not delay the next one.
_READY = f"""
SELECT topic, key FROM (
    SELECT DISTINCT ON (topic, key) topic, key, state FROM parked WHERE state IN {_OPEN}
    ORDER BY topic, key, partition, "offset") AS heads
WHERE state <> 'failed' ORDER BY random() LIMIT {MOST}
"""  # noqa: S608 - a constant
# NOWAIT, never SKIP LOCKED: that would skip the first event and return the second.
_HEAD = f"""
SELECT * FROM parked WHERE topic = $1 AND key = $2 AND state IN {_OPEN}
ORDER BY partition, "offset" LIMIT 1 FOR UPDATE NOWAIT
"""  # noqa: S608 - a constant
_DONE = "UPDATE parked SET state = 'done', attempts = attempts + 1, updated_at = clock_timestamp() WHERE id = $1"
_FAILED = """
UPDATE parked SET state = 'failed', attempts = attempts + 1, error_type = $2, error = $3, waits_for = $4,
                  updated_at = clock_timestamp()
WHERE id = $1 AND state IN ('blocked', 'retrying')
"""
# Parked by an older release. When that one still runs and fails them again, they are released again.
_LEARNED = """
UPDATE parked SET state = 'retrying', updated_at = clock_timestamp()
WHERE id IN (SELECT id FROM parked WHERE state = 'failed' AND error_type = $1 AND type = ANY($2::text[])
             ORDER BY id FOR UPDATE)
"""
# Not again and again: a use case may fail with the same type of error.
_UNREADABLE = f"""
SELECT * FROM parked WHERE state = 'failed' AND error_type = $1 AND attempts < {TRIES}
ORDER BY random() LIMIT {MOST}
"""  # noqa: S608 - a constant
_RELEASED = """
UPDATE parked SET state = 'retrying', updated_at = clock_timestamp()
WHERE id IN (SELECT id FROM parked WHERE state = 'failed' AND id = ANY($1::bigint[]) ORDER BY id FOR UPDATE)
"""
_COUNTS = f"SELECT {SHOWN} AS shown, count(*) AS events FROM parked GROUP BY shown"  # noqa: S608 - a constant

log = get_logger(__name__)


class Replayer:
    """Replays parked events through the same use cases as the consumer. Several workers may run it."""

    def __init__(self, db: Database, reader: Reader, applier: Applier, metrics: ConsumerMetrics) -> None:
        self._db, self._reader, self._applier, self._metrics = db, reader, applier, metrics

    async def run(self, stop: asyncio.Event) -> None:
        """Replay every two seconds until `stop`, at once while many keys are ready; count and `learn` each 15 s."""
        clock, count_due = asyncio.get_running_loop().time, 0.0
        while not stop.is_set():
            try:
                if clock() >= count_due:
                    await self.count()
                    await self.learn()
                    count_due = clock() + COUNT_SECONDS
                if await self.look():
                    continue
            except Exception as error:
                if not is_transient(error):
                    raise
            await wait_for_stop(stop, LOOK_SECONDS)

    async def count(self) -> None:
        """Set the gauge of parked events, by state."""
        found = {row["shown"]: row["events"] for row in await self._db.pool.fetch(_COUNTS)}
        for state in DeadLetterState:
            self._metrics.parked.labels(state.value).set(found.get(state.value, 0))

    async def learn(self) -> None:
        """Release events that an older release could not read and that this one reads: of a type, or a payload."""
        await self._db.pool.execute(_LEARNED, UnknownTypeError.__name__, list(self._reader.known))
        rows = await self._db.pool.fetch(_UNREADABLE, ValidationError.__name__)
        readable_now = [row["id"] for row in rows if self._reads(ParkedRecord.of(row))]
        if readable_now:
            await self._db.pool.execute(_RELEASED, readable_now)

    def _reads(self, record: ParkedRecord) -> bool:
        (item,) = self._reader.read([record])
        return not isinstance(item, Broken)

    async def look(self) -> bool:
        """Replay the ready keys as far as possible; return whether more may be ready."""
        moved, rows = False, await self._db.pool.fetch(_READY)
        for row in rows:
            try:
                while await self._next(row["topic"], row["key"]):
                    moved = True
            except Exception as error:
                if not is_transient(error):
                    raise
                log.info("replay postponed", event_key=row["key"], error_type=type(error).__name__)
        return moved and len(rows) == MOST

    async def _next(self, topic: str, key: str) -> bool:
        """Replay the first open event of a key; return whether another may follow. Raises transient errors."""
        record: ParkedRecord | None = None
        try:
            async with self._db.begin() as tx:
                row = await tx.conn.fetchrow(_HEAD, topic, key)
                if row is None or row["state"] == "failed":
                    return False
                record = ParkedRecord.of(row)
                await self._apply(tx, record)
                await tx.commit()
        except Exception as error:
            if record is None or is_transient(error):
                raise
            await self._fail(record, error)
            return False
        return True

    async def _apply(self, tx: Transaction, record: ParkedRecord) -> None:
        (item,) = self._reader.read([record])
        match item:
            case Broken():
                raise item.error
            case Incoming():
                await self._applier.replay(tx, item, waited=record.waits_for is not None)
            case Skipped():
                log.info("parked event is not subscribed to", parked_id=record.id, event_type=item.type)
            case _:
                assert_never(item)
        await tx.conn.execute(_DONE, record.id)

    async def _fail(self, record: ParkedRecord, error: Exception) -> None:
        log.warning("replay failed", parked_id=record.id, error_type=type(error).__name__)
        what = type(error).__name__, readable(error), waits_for(error)
        await self._db.pool.execute(_FAILED, record.id, *what)
