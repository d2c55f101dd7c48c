"""Operations on parked events: list, show, retry, correct, discard. The worker does the replay."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import asyncpg
import orjson

from libs.common.platform.db import Database, Transaction
from libs.common.platform.telemetry.masking import MASK, mask_value

#: The state as shown: a failed event that waits for a set-up is `waiting` (`inbox.tables` says how it is stored).
SHOWN = "CASE WHEN state = 'failed' AND waits_for IS NOT NULL THEN 'waiting' ELSE state END"

_BRIEF = f"""id, topic, partition, "offset", event_id, type, key, sequence, desk, time, error_type, error, attempts,
    {SHOWN} AS state, waits_for, note, parked_at, updated_at"""
_LIST = f"""
SELECT {_BRIEF} FROM parked
WHERE {SHOWN} = ANY($1::text[]) AND ($2::text IS NULL OR key = $2) AND id > $3
  AND ($5::text[] IS NULL OR desk = ANY($5)) ORDER BY id LIMIT $4
"""  # noqa: S608 - a constant
_SHOW = f"SELECT {_BRIEF}, headers, body FROM parked WHERE id = $1"  # noqa: S608 - a constant
_STATE = f"SELECT {SHOWN} FROM parked WHERE id = $1"  # noqa: S608 - a constant
_BODY = "SELECT body FROM parked WHERE id = $1"
_CORRECT = "UPDATE parked SET body = $2 WHERE id = $1"
_RETRY = """
UPDATE parked SET state = 'retrying', note = coalesce($2, note), updated_at = clock_timestamp()
WHERE id = $1 AND state = 'failed'
"""
_DISCARD = """
UPDATE parked SET state = 'discarded', note = $2, updated_at = clock_timestamp()
WHERE id = $1 AND state IN ('failed', 'blocked', 'retrying')
"""


class DeadLetterState(StrEnum):
    """The state of a parked event: `failed` could not be applied, `blocked` waits behind such a one of its key.

    `waiting` is released as soon as people have set up what it waits for.
    """

    BLOCKED = "blocked"
    FAILED = "failed"
    WAITING = "waiting"
    RETRYING = "retrying"
    DISCARDED = "discarded"
    DONE = "done"


OPEN = (DeadLetterState.BLOCKED, DeadLetterState.FAILED, DeadLetterState.WAITING, DeadLetterState.RETRYING)


class NoSuchDeadLetterError(LookupError):
    """There is no parked event of this id."""


class WrongStateError(Exception):
    """The event's state does not allow this; the text names it."""


class MaskedDataError(ValueError):
    """The correction contains a mask: it would replace the real value that the mask hid."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
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
    state: DeadLetterState
    waits_for: str | None
    note: str | None
    parked_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class DeadLetterWithData:
    """A parked event with headers and payload, personal data masked."""

    dead_letter: DeadLetter
    headers: Mapping[str, str]
    data: object


async def list_dead_letters(
    db: Database,
    *,
    states: Sequence[DeadLetterState] = OPEN,
    key: str | None = None,
    after: int = 0,
    limit: int = 50,
    desks: Collection[str] | None = None,
) -> list[DeadLetter]:
    """Return parked events by id, oldest first; `desks` None: of all desks."""
    named = None if desks is None else list(desks)
    rows = await db.pool.fetch(_LIST, [state.value for state in states], key, after, limit, named)
    return [_dead_letter(row) for row in rows]


async def show_dead_letter(db: Database, dead_letter_id: int) -> DeadLetterWithData:
    """Return one parked event. Raises NoSuchDeadLetterError."""
    row = await db.pool.fetchrow(_SHOW, dead_letter_id)
    if row is None:
        raise NoSuchDeadLetterError
    headers = {name: str(mask_value(text)) for name, text in row["headers"]}
    return DeadLetterWithData(_dead_letter(row), headers, mask_value(_parsed(row["body"])))


async def retry_dead_letter(
    db: Database, dead_letter_id: int, *, note: str | None = None, patch: Mapping[str, object] | None = None
) -> None:
    """Release an event that failed or waits; a JSON merge patch (RFC 7396) corrects its payload.

    The events behind it follow. Raises NoSuchDeadLetterError, WrongStateError, MaskedDataError.
    """
    if _holds_mask(patch):
        raise MaskedDataError(f"{MASK} stands for a hidden value: give only the fields that change")
    async with db.begin() as tx:
        await _change(tx, dead_letter_id, _RETRY, note)
        if patch is not None:
            body = merged(_parsed(await tx.conn.fetchval(_BODY, dead_letter_id)), patch)
            await tx.conn.execute(_CORRECT, dead_letter_id, orjson.dumps(body))
        await tx.commit()


async def discard_dead_letter(db: Database, dead_letter_id: int, *, note: str) -> None:
    """Discard an event for good, with the reason and the person; the events behind it follow.

    Raises NoSuchDeadLetterError, WrongStateError.
    """
    async with db.begin() as tx:
        await _change(tx, dead_letter_id, _DISCARD, note)
        await tx.commit()


def merged(target: object, patch: object) -> object:
    """Apply a JSON merge patch (RFC 7396): objects are merged, `null` removes, all else replaces."""
    if not isinstance(patch, Mapping):
        return patch
    result = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


async def _change(tx: Transaction, dead_letter_id: int, statement: str, note: str | None) -> None:
    if await tx.conn.execute(statement, dead_letter_id, note) != "UPDATE 1":
        state = await tx.conn.fetchval(_STATE, dead_letter_id)
        if state is None:
            raise NoSuchDeadLetterError
        raise WrongStateError(f"it is {state}")


def _holds_mask(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_mask, value.values()))
    if isinstance(value, list):
        return any(map(_holds_mask, value))
    return isinstance(value, str) and MASK in value


def _dead_letter(row: asyncpg.Record) -> DeadLetter:
    values = {name: row[name] for name in DeadLetter.__slots__}
    return DeadLetter(**{**values, "state": DeadLetterState(row["state"])})


def _parsed(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return f"{len(body)} bytes that are not JSON"
