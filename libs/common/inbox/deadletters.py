"""What a person can do with parked events: look, release, correct, discard. Workers do the replay itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg
import orjson

from libs.common.db import Database
from libs.common.telemetry.masking import mask_value

_BRIEF = """id, topic, partition, "offset", event_id, type, key, sequence, desk, time, error_type, error, attempts,
    state, note, parked_at, updated_at"""
_LIST = f"""
SELECT {_BRIEF} FROM parked
WHERE state = ANY($1::text[]) AND ($2::text IS NULL OR key = $2) AND id > $3 ORDER BY id LIMIT $4
"""  # noqa: S608 - a constant
_SHOW = f"SELECT {_BRIEF}, headers, body FROM parked WHERE id = $1"  # noqa: S608 - a constant
_RETRY = """
UPDATE parked SET state = 'retrying', body = coalesce($2, body), note = coalesce($3, note),
                  updated_at = clock_timestamp()
WHERE id = $1 AND state = 'failed'
"""
_DISCARD = """
UPDATE parked SET state = 'discarded', note = $2, updated_at = clock_timestamp()
WHERE id = $1 AND state IN ('failed', 'blocked', 'retrying')
"""


class State(StrEnum):
    """What became of a parked event: `blocked` waits behind another of its key, `failed` is the reason."""

    BLOCKED = "blocked"
    FAILED = "failed"
    RETRYING = "retrying"
    DISCARDED = "discarded"
    DONE = "done"


OPEN = (State.BLOCKED, State.FAILED, State.RETRYING)


class NoSuchLetterError(LookupError):
    """There is no parked event of this id."""


class WrongStateError(Exception):
    """The event's state does not allow this; the text names it."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A parked event without its payload."""

    id: int
    topic: str
    partition: int
    offset: int
    event_id: UUID
    type: str
    key: str
    sequence: int
    desk: str
    time: datetime
    error_type: str | None
    error: str | None
    attempts: int
    state: State
    note: str | None
    parked_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """A parked event with headers and payload, personal data masked."""

    letter: Letter
    headers: Mapping[str, str]
    data: object


async def list_letters(
    db: Database, *, states: Sequence[State] = OPEN, key: str | None = None, after: int = 0, limit: int = 50
) -> list[Letter]:
    """Return parked events by id, oldest first."""
    rows = await db.pool.fetch(_LIST, [state.value for state in states], key, after, limit)
    return [_letter(row) for row in rows]


async def show_letter(db: Database, letter_id: int) -> OpenedLetter:
    """Return one parked event. Raises NoSuchLetterError."""
    row = await db.pool.fetchrow(_SHOW, letter_id)
    if row is None:
        raise NoSuchLetterError
    headers = {name: str(mask_value(text)) for name, text in row["headers"]}
    return OpenedLetter(_letter(row), headers, _masked(row["body"]))


async def retry_letter(db: Database, letter_id: int, *, note: str | None = None, data: object = None) -> None:
    """Release a failed event, with a corrected payload if `data` is given; what waits behind it follows.

    Raises NoSuchLetterError, WrongStateError.
    """
    body = None if data is None else orjson.dumps(data)
    await _change(db, letter_id, _RETRY, body, note)


async def discard_letter(db: Database, letter_id: int, *, note: str) -> None:
    """Give an event up for good, with the reason and who said so; what waits behind it goes on.

    Raises NoSuchLetterError, WrongStateError.
    """
    await _change(db, letter_id, _DISCARD, note)


async def _change(db: Database, letter_id: int, statement: str, *values: object) -> None:
    async with db.begin() as tx:
        status = await tx.conn.execute(statement, letter_id, *values)
        if status != "UPDATE 1":
            state = await tx.conn.fetchval("SELECT state FROM parked WHERE id = $1", letter_id)
            if state is None:
                raise NoSuchLetterError
            raise WrongStateError(f"it is {state}")
        await tx.commit()


def _letter(row: asyncpg.Record) -> Letter:
    values = {name: row[name] for name in Letter.__slots__}
    return Letter(**{**values, "state": State(row["state"])})


def _masked(body: bytes) -> object:
    try:
        return mask_value(orjson.loads(body))
    except orjson.JSONDecodeError:
        return f"{len(body)} bytes that are not JSON"
