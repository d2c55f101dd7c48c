"""Events that wait until people have set up what they need (`Unready`), and their release.

Parking and release do not lock each other out. The service repeats the release regularly, so an event that is
parked at the same moment is released by the next round.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from libs.common.contracts import EventData, Received
from libs.common.messaging.bus.codec import MalformedEventError, headers_of, read_envelope
from libs.common.messaging.deadletters.parked import ParkedRecord
from libs.common.messaging.inbox.incoming import parse
from libs.common.platform.db import Connection

_MOST = 200  # events of one key

# Locked in id order, so that two concurrent releases never deadlock. An array, because a join would be planned by
# what was known of the table before thousands came to wait.
_RELEASE = """
UPDATE parked SET state = 'retrying', updated_at = clock_timestamp()
WHERE id = ANY(ARRAY(
    SELECT id FROM parked WHERE state = 'failed' AND waits_for = ANY($1::text[]) ORDER BY id FOR UPDATE))
"""
_COUNT = """
SELECT waits_for, count(*) AS events, min(time) AS oldest FROM parked
WHERE state = 'failed' AND waits_for IS NOT NULL AND desk = $1 GROUP BY waits_for ORDER BY waits_for
"""
_OF_KEY = f"""
SELECT * FROM parked WHERE key = $1 AND state IN ('blocked', 'failed', 'retrying')
ORDER BY topic, partition, "offset" LIMIT {_MOST}
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many events of a desk wait for one thing, and the business time of the oldest."""

    waits_for: str
    events: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Held:
    """The blocked events of a key: the first waits, the others wait behind it."""

    waits_for: str
    events: Sequence[Received[EventData]]


async def release(conn: Connection, there: Collection[str]) -> int:
    """Release the events that wait for one of `there`; return how many. The worker replays them in order."""
    done: str = await conn.execute(_RELEASE, list(there))
    return int(done.removeprefix("UPDATE "))


async def count_waiting(conn: Connection, desk: str) -> list[Waiting]:
    """Return what a desk's events wait for, with counts."""
    rows = await conn.fetch(_COUNT, desk)
    return [Waiting(row["waits_for"], row["events"], row["oldest"]) for row in rows]


async def held(conn: Connection, key: str) -> Held | None:
    """Return the blocked events of a key, or None."""
    records = [ParkedRecord.of(row) for row in await conn.fetch(_OF_KEY, key)]
    first = next((record for record in records if record.waits_for is not None), None)
    if first is None or first.waits_for is None:
        return None
    behind = [record for record in records if record.topic == first.topic and record.offset >= first.offset]
    return Held(first.waits_for, [event for record in behind if (event := _read(record)) is not None])


def _read(record: ParkedRecord) -> Received[EventData] | None:
    try:
        return parse(read_envelope(headers_of(record)), record.value or b"")
    except (MalformedEventError, ValidationError):
        return None
