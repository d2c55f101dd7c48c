"""Batch insert: under load deliveries wait for a batch, and each is answered after its own commit.

While a slot is free a delivery is stored alone, at once. A batch forms while the statement before it commits, so no
linger time is needed.
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
from services.intake.deliveries.backfill import backfill, repeat
from services.intake.deliveries.convert import DeliveryRow
from services.intake.deliveries.first_order import FIRST_ORDER
from services.intake.deliveries.rules import Disposition, take_batch
from services.intake.deliveries.same_content import with_known_content
from services.intake.deliveries.same_customer import check_message, check_order
from services.intake.deliveries.same_number import lock_numbers, with_known_number
from services.intake.deliveries.store import ACCEPT, DELIVERIES, Runner

SLOTS = 1  # statements at once: most of a statement's cost is its start, so one large one is cheaper than two
BATCH = 128
QUEUE = 2048  # deliveries that may wait; further ones are refused with 503
ATTEMPTS = 6

_KNOWN_MESSAGE = "uq_delivery_source_id_webhook_id"
# A race with another transaction was lost: the same statement succeeds in a new snapshot.
RACES = (asyncpg.TransactionRollbackError, asyncpg.CardinalityViolationError)


class OverloadedError(Exception):
    """The queue is full; nothing was stored."""

    retry_after = 1


class UnstorableError(Exception):
    """The database refuses the values of this delivery; a retry would fail too."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A committed delivery: its lead, its order and its disposition."""

    lead_id: UUID
    order_id: UUID
    order_number: str
    disposition: Disposition


@dataclass(slots=True, eq=False)
class _Waiting:
    row: DeliveryRow
    done: "asyncio.Future[Accepted]"

    @property
    def keys(self) -> frozenset[Hashable]:
        return self.row.keys


class Acceptance:
    """Stores deliveries, alone or in batches; one per process."""

    def __init__(self, db: Database, queue: int = QUEUE, batch: int = BATCH) -> None:
        self._db = db
        self._limit = queue
        self._batch = batch
        self._queue: deque[_Waiting] = deque()
        self._running = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._flushers: set[asyncio.Task[None]] = set()

    async def accept(self, row: DeliveryRow) -> Accepted:
        """Store a delivery and return when it is committed.

        Raises OverloadedError, UnstorableError, and the driver's errors while the database is away.
        """
        if self._running < SLOTS:
            self._enter()
            try:
                return await self._alone(row)
            finally:
                self._leave()
        if len(self._queue) >= self._limit:
            raise OverloadedError
        waiting = _Waiting(row, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        return await waiting.done

    async def drain(self) -> None:
        """Return when no delivery waits and no statement runs."""
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
            results = await self._together([waiting.row for waiting in batch])
            self._wake_relay()
        except Exception as error:  # noqa: BLE001 - each future needs a result
            if is_transient(error) and not is_contention(error):
                for waiting in batch:
                    _fail(waiting, error)
            else:
                # One bad delivery, or one with a locked row, must not fail the others.
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
            result = await self._alone(waiting.row)
        except Exception as error:  # noqa: BLE001 - handed to the request that waits for it
            _fail(waiting, error)
        else:
            if not waiting.done.done():
                waiting.done.set_result(result)

    async def _alone(self, row: DeliveryRow) -> Accepted:
        for attempt in range(1, ATTEMPTS + 1):
            try:
                result = await self._once(row)
            except RACES:
                if attempt == ATTEMPTS:
                    raise
            else:
                if isinstance(result, Accepted):
                    return result
                row = result
        raise AssertionError

    async def _once(self, row: DeliveryRow) -> Accepted | DeliveryRow:
        """Store a delivery, or return the row to store instead."""
        try:
            if row.phone_key is None and row.customer.email is None:  # no person by whom it would be found
                [row] = await with_known_content(self._db.by_key, [row])
            accepted = await store_first_order(self._db.by_key, row) if row.number is None else None
            if accepted is None:
                [accepted] = await self._together([row])
            self._wake_relay()
            return accepted or await check_order(self._db.by_key, row)
        except asyncpg.UniqueViolationError as error:
            if error.constraint_name != _KNOWN_MESSAGE:
                raise UnstorableError(type(error).__name__) from error
            return await self._known_message(row)
        except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            if refuses_values(error):
                raise UnstorableError(type(error).__name__) from error
            raise

    async def _together(self, rows: Sequence[DeliveryRow]) -> list[Accepted | None]:
        """Store orders, those that are known by their content or their number as what they are."""
        rows = await with_known_content(self._db.by_key, rows)
        if all(row.number is None for row in rows):
            return await store_rows(self._db.by_key, rows)
        async with self._db.begin(by_key=True) as tx:
            await lock_numbers(tx.conn, rows)
            results = await store_rows(tx.conn, await with_known_number(tx.conn, rows))
            await tx.commit()
        return results

    def _wake_relay(self) -> None:
        """Wake it as a transaction does: statements that commit by themselves do not."""
        if self._db.wake_relay is not None:
            self._db.wake_relay()

    async def _known_message(self, row: DeliveryRow) -> Accepted | DeliveryRow:
        if own := await check_message(self._db.by_key, row):
            return own
        if known := await repeat(self._db.by_key, row):
            return Accepted(known["lead_id"], known["order_id"], str(known["order_number"]), Disposition.REPEAT)
        return row


async def store_first_order(db: Runner, row: DeliveryRow) -> Accepted | None:
    """Store a new order of a new person; None when it is no such one: nothing was stored then."""
    try:
        stored = await db.fetchrow(FIRST_ORDER, *DELIVERIES.values(row))
    except asyncpg.UniqueViolationError:
        return None
    return None if stored is None else _accepted(stored, changed=False)


async def store_rows(db: Runner, rows: Sequence[DeliveryRow]) -> list[Accepted | None]:
    """Store orders of deliveries; None for one that may be of another customer: nothing was stored of it."""
    stored = {record["n"]: record for record in await db.fetch(ACCEPT, *DELIVERIES.arrays(rows))}
    pairs = [(row, stored.get(n)) for n, row in enumerate(rows, 1)]
    incomplete = [(row, done) for row, done in pairs if done and (done["conflict"] or not done["fresh"])]
    changed = await backfill(db, incomplete) if incomplete else set()
    return [_accepted(done, changed=done["lead_id"] in changed) if done else None for _, done in pairs]


def refuses_values(error: Exception) -> bool:
    """Return whether the database, or its driver, refuses the values: a retry would fail too."""
    if isinstance(error, asyncpg.InterfaceError):
        return isinstance(error, ValueError)
    return isinstance(error, asyncpg.DataError | asyncpg.IntegrityConstraintViolationError | UnstorableError)


def _accepted(record: asyncpg.Record, *, changed: bool) -> Accepted:
    disposition = Disposition.ACCEPTED if changed else Disposition(cast("str", record["disposition"]))
    return Accepted(record["lead_id"], record["order_id"], str(record["order_number"]), disposition)


def _fail(waiting: _Waiting, error: Exception) -> None:
    if not waiting.done.done():
        waiting.done.set_exception(error)
