"""Any schedule of deliveries ends in the same journal: each event once, in the order of its key, parked or not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from libs.common.contracts import EventData, Received
from libs.common.messaging.deadletters import store as deadletters
from libs.common.messaging.deadletters.store import DeadLetterState
from libs.common.messaging.inbox import Transient
from libs.common.messaging.inbox.incoming import Incoming
from libs.common.platform.db import Database, Transaction
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import Stack, journal, note_down, reason, status_event

KEYS, EACH = ("a", "b", "c"), 5
NOTES = [f"{key}{number}" for number in range(EACH) for key in KEYS]

#: A reader takes the next event of a key, or first goes back some events of it.
Picks: TypeAlias = "list[tuple[str, int]]"
PICKS = st.lists(st.tuples(st.sampled_from(KEYS), st.sampled_from((0, 0, 0, 1, 3))), min_size=1, max_size=8)
ENDS = st.sampled_from(("stored", "stored", "offsets lost", "rolled back"))
HEALINGS = st.sampled_from(("release", "cure"))
SCHEDULES = st.lists(st.one_of(st.tuples(PICKS, ENDS), HEALINGS), max_size=10)


@dataclass
class Readers:
    """The use case, the places up to which each key was read, and what is wrong with some events."""

    stack: Stack
    bad: set[str]
    log: dict[str, list[Incoming]] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KEYS, 0))
    rolls_back: bool = False

    async def __call__(self, tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await note_down(tx, events)
        if self.rolls_back:
            raise Transient
        if any(reason(event.data) in self.bad for event in events):
            raise ValueError("bad")

    async def publish(self) -> None:
        await self.stack.publish([status_event(note[0], note) for note in NOTES])
        for item in self.stack.reader.read(self.stack.bus.records(self.stack.topic)):  # type: ignore[attr-defined]  # memory
            assert isinstance(item, Incoming)
            self.log.setdefault(item.key, []).append(item)

    def pick(self, picks: Picks) -> list[Incoming]:
        found: list[Incoming] = []
        for key, back in picks:
            place = max(0, self.read[key] - back)
            found += self.log[key][place : place + 1]
            self.read[key] = min(place + 1, EACH)
        return found

    async def deliver(self, picks: Picks, end: str) -> None:
        before, items = dict(self.read), self.pick(picks)
        self.rolls_back = end == "rolled back"
        try:
            await self.stack.applier.apply(items)
        except Transient:
            pass
        except ValueError:
            for item in items:
                await self.stack.applier.apply_or_park(item)
        self.rolls_back = False
        if end != "stored":
            self.read = before

    async def heal(self, how: str) -> bool:
        """Release the first failed event, mended or not; return whether there was one."""
        failed = await deadletters.list_dead_letters(self.stack.db, states=[DeadLetterState.FAILED], limit=1)
        for dead_letter in failed:
            if how == "cure":
                self.bad.discard(f"{dead_letter.key}{dead_letter.sequence - 1}")
            await deadletters.retry_dead_letter(self.stack.db, dead_letter.id)
        await self.stack.replayer.look()
        return bool(failed)

    async def by_key(self) -> dict[str, list[str]]:
        notes = await journal(self.stack.db)
        return {key: [note for _, note in notes if note[0] == key] for key in KEYS}


async def fresh(db: Database, bad: set[str]) -> Readers:
    await db.pool.execute("TRUNCATE stream, outbox, inbox, parked, journal")
    stack = Stack(db, MemoryBus())
    stack.use_case = readers = Readers(stack, bad)
    await readers.publish()
    return readers


# Not shrunk: that would take minutes, and a schedule is short.
@settings(
    max_examples=20,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(schedule=SCHEDULES, bad=st.sets(st.sampled_from(NOTES), max_size=3))
async def test_each_event_is_applied_once_in_order_after_repeats_losses_parking_and_release(
    messaging_db: Database, schedule: list[tuple[Picks, str] | str], bad: set[str]
) -> None:
    readers = await fresh(messaging_db, set(bad))
    everything = {key: [note for note in NOTES if note[0] == key] for key in KEYS}
    for step in schedule:
        await (readers.heal(step) if isinstance(step, str) else readers.deliver(*step))
        assert all(everything[key][: len(found)] == found for key, found in (await readers.by_key()).items())
    await readers.deliver([(key, EACH) for key in KEYS] + [(key, 0) for key in KEYS] * EACH, "stored")
    while await readers.heal("cure"):
        pass
    assert await readers.by_key() == everything
