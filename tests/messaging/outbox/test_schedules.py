"""Any schedule of writes, faults of the bus and lost leaders: nothing is lost, and each key stays in order."""

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from libs.common.messaging.inbox.incoming import Incoming
from libs.common.platform.db import Database
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import Stack, emit, eventually, journal, running, status_event

STEPS = st.lists(
    st.sampled_from(["write", "write", "refuse", "deaf", "late", "well", "land", "lose the leader"]), max_size=12
)
_KILL = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE application_name LIKE '%-relay' AND datname = current_database()
"""


class Outbox:
    """Writes numbered events of three keys, and puts the bus into a state."""

    def __init__(self, *stacks: Stack, bus: MemoryBus) -> None:
        self.stacks, self.stack, self.bus, self.written = stacks, stacks[0], bus, 0

    async def do(self, step: str) -> None:
        if step == "write":
            numbers = range(self.written, self.written + 7)
            self.written += 7
            await emit(self.stack.db, [status_event(f"k{number % 3}", f"{number}") for number in numbers])
        elif step == "land":
            self.bus.land()
        elif step == "lose the leader":
            await self.stack.db.pool.execute(_KILL)
        else:
            self.bus.deaf, self.bus.late = step == "deaf", step == "late"
            self.bus.refuse = (lambda message: b'"reason":"1' in message.value) if step == "refuse" else None

    async def felt(self) -> None:
        """Wait until the relays have sent everything, or have met with an error once more."""
        before = self.errors()

        async def reacted() -> bool:
            return self.errors() > before or await self.stack.outbox_empty()

        await eventually(reacted)

    def errors(self) -> float:
        return sum(
            stack.counted("relay_errors_total", part=part) for stack in self.stacks for part in ("bus", "database")
        )

    def expected(self) -> dict[str, list[str]]:
        return {f"k{own}": [f"{number}" for number in range(own, self.written, 3)] for own in range(3)}


# Not shrunk: that would take minutes, and a schedule is short.
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_readers_see_each_event_once_in_order_after_faults_of_bus_and_leaders(
    messaging_db: Database, steps: list[str]
) -> None:
    await messaging_db.pool.execute("TRUNCATE stream, outbox, inbox, parked, journal")
    bus = MemoryBus()
    stack, other = Stack(messaging_db, bus), Stack(messaging_db, bus)
    outbox = Outbox(stack, other, bus=bus)
    async with running(stack.relay(batch=5).run), running(other.relay(batch=5).run):
        for step in steps:
            await outbox.do(step)
            await outbox.felt()
        await outbox.do("well")
        await eventually(stack.outbox_empty)
    await outbox.do("land")
    await stack.applier.apply(
        [item for item in stack.reader.read(bus.records(stack.topic)) if isinstance(item, Incoming)]
    )
    notes = await journal(messaging_db)
    assert {f"k{own}": [note for key, note in notes if key == f"k{own}"] for own in range(3)} == outbox.expected()
