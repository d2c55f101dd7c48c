"""Group insert: under load deliveries wait for a batch, each is answered after its own commit.

While a lane is free a delivery goes alone, at once; a batch forms by itself while those before it commit, so
no timer is needed.
"""

import asyncio
from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import cast
from uuid import UUID

import asyncpg

from libs.common.platform.db import Database
from libs.common.platform.db.errors import is_contention, is_transient
from services.intake.deliveries.backfill import amend, repeat
from services.intake.deliveries.convert import Admission
from services.intake.deliveries.rows import DELIVERIES
from services.intake.deliveries.rules import Disposition, take_batch
from services.intake.deliveries.same_customer import judged, own_message
from services.intake.deliveries.store import ACCEPT

LANES = 1  # statements under way at once: most of a statement is its start, so what waits goes together
BATCH = 128
QUEUE = 2048  # deliveries that may wait; more are told to come again
ATTEMPTS = 6

# Lost a race with another transaction: the same statement in a new snapshot will do.
_KNOWN_MESSAGE = "uq_delivery_source_id_webhook_id"
_RACES = (asyncpg.TransactionRollbackError, asyncpg.CardinalityViolationError)


class OverloadedError(Exception):
    """Too many deliveries wait already; nothing was stored."""

    retry_after = 1


class UnstorableError(Exception):
    """The database refuses the values of this delivery, and always will."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of a delivery, committed."""

    lead_id: UUID
    order_id: UUID
    order_number: str
    disposition: Disposition


@dataclass(slots=True, eq=False)
class _Waiting:
    admission: Admission
    done: "asyncio.Future[Accepted]"

    @property
    def keys(self) -> frozenset[Hashable]:
        return self.admission.keys


class Acceptance:
    """The way of readable deliveries into the database; one per process."""

    def __init__(self, db: Database, queue: int = QUEUE, batch: int = BATCH) -> None:
        self._db = db
        self._limit = queue
        self._batch = batch
        self._queue: deque[_Waiting] = deque()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._flushers: set[asyncio.Task[None]] = set()

    async def accept(self, admission: Admission) -> Accepted:
        """Store a delivery and return when it is committed.

        Raises OverloadedError, UnstorableError, and the driver's errors while the database is away.
        """
        if self._running < LANES:
            self._enter()
            try:
                return await self._alone(admission)
            finally:
                self._leave()
        if len(self._queue) >= self._limit:
            raise OverloadedError
        waiting = _Waiting(admission, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        return await waiting.done

    async def drain(self) -> None:
        """Return when nothing is under way any more."""
        await self._idle.wait()

    def _enter(self) -> None:
        self._running += 1
        self._idle.clear()

    def _leave(self) -> None:
        self._running -= 1
        if self._queue:
            self._enter()
            flusher = asyncio.create_task(self._flush(), name="intake-flush")
            self._flushers.add(flusher)
            flusher.add_done_callback(self._flushers.discard)
        elif not self._running:
            self._idle.set()

    async def _flush(self) -> None:
        try:
            while self._queue:
                batch, rest = take_batch(self._queue, self._batch)
                self._queue = deque(rest)
                await self._settle(batch)
        finally:
            self._leave()

    async def _settle(self, batch: list[_Waiting]) -> None:
        try:
            results = await self._store([waiting.admission for waiting in batch])
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
            if is_transient(error) and not is_contention(error):
                for waiting in batch:
                    _fail(waiting, error)
            else:
                # One bad delivery, or one whose row somebody else holds, must not fail its neighbours.
                for waiting in batch:
                    await self._settle_alone(waiting)
            return
        for waiting, result in zip(batch, results, strict=True):
            if result is None:
                await self._settle_alone(waiting)
            elif not waiting.done.done():
                waiting.done.set_result(result)

    async def _settle_alone(self, waiting: _Waiting) -> None:
        try:
            result = await self._alone(waiting.admission)
        except Exception as error:  # noqa: BLE001 - handed to the request that waits for it
            _fail(waiting, error)
        else:
            if not waiting.done.done():
                waiting.done.set_result(result)

    async def _alone(self, admission: Admission) -> Accepted:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result = await self._once(admission)
            except _RACES:
                if attempt == ATTEMPTS:
                    raise
            else:
                if isinstance(result, Accepted):
                    return result
                admission = result
        raise AssertionError

    async def _once(self, admission: Admission) -> Accepted | Admission:
        """Store a delivery, or return what to try instead."""
        try:
            [accepted] = await self._store([admission])
            return accepted or await judged(self._db.pool, admission)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != _KNOWN_MESSAGE:
                raise UnstorableError(type(error).__name__) from error
            return await self._known_message(admission)
        except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            raise UnstorableError(type(error).__name__) from error
        except asyncpg.InterfaceError as error:
            if isinstance(error, ValueError):  # the driver's own refusal to encode a value
                raise UnstorableError(type(error).__name__) from error
            raise

    async def _known_message(self, admission: Admission) -> Accepted | Admission:
        if own := await own_message(self._db.pool, admission):
            return own
        if row := await repeat(self._db.pool, admission):
            return Accepted(row["lead_id"], row["order_id"], str(row["order_number"]), Disposition.REPEAT)
        return admission

    async def _store(self, admissions: Sequence[Admission]) -> list[Accepted | None]:
        """Store deliveries; None for one that may be another person's: nothing was stored of it."""
        rows = await self._db.pool.fetch(ACCEPT, *DELIVERIES.arrays(admissions))
        stored = {row["n"]: row for row in rows}
        pairs = [(admission, stored.get(n)) for n, admission in enumerate(admissions, 1)]
        left = [(a, row) for a, row in pairs if row and (row["astray"] or not row["fresh"])]
        learned = await amend(self._db.pool, left) if left else set()
        return [_accepted(row, told_more=row["lead_id"] in learned) if row else None for _, row in pairs]


def _accepted(row: asyncpg.Record, *, told_more: bool) -> Accepted:
    disposition = Disposition.ACCEPTED if told_more else Disposition(cast("str", row["disposition"]))
    return Accepted(row["lead_id"], row["order_id"], str(row["order_number"]), disposition)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
