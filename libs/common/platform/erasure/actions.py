"""Use cases of erasures: note one, keep out what still comes of it, and empty place after place."""

import functools
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

from libs.common.contracts import EventData, Outgoing, Received
from libs.common.contracts.erasures import CustomerErased, Emptied, Scrubbed
from libs.common.messaging import outbox
from libs.common.messaging.inbox import Subscriptions, UseCase
from libs.common.platform.core import Core
from libs.common.platform.db import Transaction
from libs.common.platform.erasure import store
from libs.common.platform.erasure.places import AT_ONCE, Place, Waiting, by_ids, statement
from libs.common.platform.erasure.rules import marks_of
from libs.common.platform.erasure.store import Erasure
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.worker import Loop, periodic

INTERVAL, AGAIN = 2.0, 3600.0  # seconds
LATE = timedelta(days=8)  # longer than Kafka keeps events, and providers report

log = get_logger(__name__)

#: Ends what is under way of a person, some at a time; returns how many.
End = Callable[[Transaction, Erasure], Awaitable[int]]


async def note_erasures(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Note whose data is to go; the worker does it."""
    for event in cast("Sequence[Received[CustomerErased]]", events):
        await store.note(tx.conn, event)


def sparing(subscriptions: Subscriptions, types: Collection[type[EventData]]) -> Subscriptions:
    """Return use cases to which events of these types that are of erased customers and leads do not come.

    What is late must not bring back what was erased. One use case stays one, so that no batch is split.
    """
    made: dict[UseCase, UseCase] = {}
    kept_out = frozenset(each.event_type for each in types)

    def spared(use_case: UseCase) -> UseCase:
        @functools.wraps(use_case)
        async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
            named = {event.event_id: _ids(event) for event in events if event.data.event_type in kept_out}
            gone = await store.erased_of(tx.conn, {one for ids in named.values() for one in ids})
            left = [event for event in events if gone.isdisjoint(named.get(event.event_id, ()))] if gone else events
            if left:
                await use_case(tx, left)

        return made.setdefault(use_case, apply)

    touched = {subscriptions[name] for name in kept_out & subscriptions.keys()}
    return {name: spared(use) if use in touched else use for name, use in subscriptions.items()}


def _ids(event: Received[EventData]) -> set[UUID]:
    """Return the lead and the customer that an event names, by its fields or its key."""
    found = {getattr(event.data, name, None) for name in ("lead_id", "customer_id")}
    kind, _, key = event.key.partition(":")
    if kind in {"lead", "customer"} and len(key) == len(str(UUID(int=0))):
        found.add(UUID(key))
    return {one for one in found if one is not None}


class Eraser:
    """Empties a service's places of the persons who are erased there, in batches that a crash may part."""

    def __init__(
        self,
        core: Core,
        places: Sequence[Place | Waiting],
        answer: type[Scrubbed] | None = None,
        end: End | None = None,
    ) -> None:
        self._core, self._places, self._answer, self._end = core, places, answer, end

    def loops(self) -> tuple[Loop, Loop]:
        """Return the worker's loops."""
        return periodic("erasures", INTERVAL, self.round), periodic("late reports", AGAIN, self.again)

    async def round(self) -> None:
        """Do of each erasure what can be done now."""
        for row in await self._core.db.pool.fetch(store.UNDER_WAY):
            try:
                while await self._stretch(row["id"]):
                    pass
            except Exception:  # the others do not wait for it; the next round tries again
                log.exception("an erasure failed", erasure_id=str(row["id"]))

    async def again(self) -> None:
        """Empty the places again of who was erased lately: reports of providers and notes of people may be late."""
        async with self._core.db.begin() as tx:
            given = await store.recent(tx.conn, self._core.clock.now() - LATE)
        for place in filter(by_ids, self._places if any(given.values()) else ()):
            try:
                while await self._late(place, given) >= AT_ONCE:
                    pass
            except Exception:  # the others do not wait for it
                log.exception("late reports stay", place=place.key)

    async def _late(self, place: Place | Waiting, given: Mapping[str, object]) -> int:
        async with self._core.db.begin() as tx:
            await tx.conn.execute(store.PATIENCE)
            count, _ = await _do(tx, place, given)
            await tx.commit()
        return count

    async def _stretch(self, erasure_id: UUID) -> bool:
        """Do one stretch in a transaction of its own; return whether there is more to do at once."""
        async with self._core.db.begin() as tx:
            erasure = await store.locked(tx.conn, erasure_id)
            if erasure is None:
                return False
            await tx.conn.execute(store.PATIENCE)
            more = await self._go_on(tx, erasure)
            await tx.commit()
        return more

    async def _go_on(self, tx: Transaction, erasure: Erasure) -> bool:
        match erasure.state:
            case "noted":
                await tx.conn.execute(store.FENCE, erasure.id)
                return True
            case "fenced":
                return bool(await tx.conn.execute(store.PASSED, erasure.id) == "UPDATE 1")
            case _:
                if erasure.place is None and self._end is not None and await self._end(tx, erasure):
                    return True
                return await self._empty(tx, erasure)

    async def _empty(self, tx: Transaction, erasure: Erasure) -> bool:
        keys = [place.key for place in self._places]
        at = keys.index(erasure.place) if erasure.place in keys else 0
        place = self._places[at]
        count, last = await _do(tx, place, _given(erasure))
        if isinstance(place, Waiting):
            if count:
                await self._stand(tx, erasure, place.key)
                return False
        elif last is not None or count >= AT_ONCE:
            counts = _added(erasure, place.table, count)
            await tx.conn.execute(store.STEP, erasure.id, place.key, last, counts)
            return True
        elif count:
            erasure.counts.update(_added(erasure, place.table, count))
        if at + 1 < len(keys):
            await self._stand(tx, erasure, keys[at + 1])
            return True
        await self._finish(tx, erasure)
        return False

    async def _stand(self, tx: Transaction, erasure: Erasure, key: str) -> None:
        await tx.conn.execute(store.STEP, erasure.id, key, None, erasure.counts)

    async def _finish(self, tx: Transaction, erasure: Erasure) -> None:
        now = self._core.clock.now()
        await self._stand(tx, erasure, self._places[-1].key)
        await store.finish(tx.conn, erasure.id, now)
        if self._answer is not None:
            rows = tuple(Emptied(table=table, rows=count) for table, count in sorted(erasure.counts.items()))
            said = self._answer(erasure_id=erasure.id, customer_id=erasure.customer_id, emptied=rows)
            event = Outgoing(f"customer:{erasure.customer_id}", erasure.desk, now, said, erasure.cause)
            await outbox.add(tx, [event])


def _given(erasure: Erasure) -> Mapping[str, object]:
    marks = marks_of(erasure.person)
    return {
        "customers": list(erasure.customers),
        "leads": list(erasure.leads),
        "words": list(marks.words),
        "digits": list(marks.digits),
        "encoded": list(marks.encoded),
        "exact": list(marks.exact),
        "desk": erasure.desk,
        "after": erasure.walked,
    }


async def _do(tx: Transaction, place: Place | Waiting, given: Mapping[str, object]) -> tuple[int, str | None]:
    sql, names = statement(place)
    row = await tx.conn.fetchrow(sql, *(given[name] for name in names), timeout=store.SECONDS)
    if row is None:
        raise LookupError(place.key)
    return row[0], row[1]


def _added(erasure: Erasure, table: str, count: int) -> dict[str, int]:
    return {**erasure.counts, table: erasure.counts.get(table, 0) + count} if count else erasure.counts
