"""Events through the shipped inbox: applied, parked and replayed as a worker does it, one step at a time."""

from dataclasses import dataclass

from prometheus_client import CollectorRegistry

from libs.common.contracts import Cause, EventData, Outgoing
from libs.common.messaging import outbox
from libs.common.messaging.bus.codec import Encoder
from libs.common.messaging.deadletters.replay import Replayer
from libs.common.messaging.inbox.apply import Applier
from libs.common.messaging.inbox.consumer_metrics import ConsumerMetrics
from libs.common.messaging.inbox.incoming import Incoming, Reader
from libs.common.platform.telemetry.tracing import Tracing
from libs.common.testkit.memory_bus import MemoryBus
from services.tasks.subscriptions import subscriptions
from tests.tasks.desk import Desk

TOPIC = "dozvon.intake"


@dataclass
class Inbox:
    """The consuming side of one worker."""

    desk: Desk
    bus: MemoryBus
    reader: Reader
    applier: Applier
    replayer: Replayer

    @classmethod
    def of(cls, desk: Desk) -> "Inbox":
        table, metrics = subscriptions(desk.ctx), ConsumerMetrics(CollectorRegistry())
        reader = Reader(table)
        applier = Applier(desk.ctx.db, Tracing("tasks"), table, metrics)
        return cls(desk, MemoryBus(), reader, applier, Replayer(desk.ctx.db, reader, applier, metrics))

    async def incoming(self, data: EventData, desk: str = "demo") -> Incoming:
        """Return an event of a lead as it is read from intake's topic."""
        ctx = self.desk.ctx
        event = Outgoing(f"lead:{getattr(data, 'lead_id', '')}", desk, ctx.now(), data, Cause.fresh())
        async with ctx.db.begin() as tx:  # rolled back: the row is only made to be encoded
            await tx.conn.execute("DELETE FROM outbox")
            await outbox.add(tx, [event])
            (row,) = await tx.conn.fetch("SELECT * FROM outbox")
        self.bus.append(TOPIC, Encoder("intake").message(row))
        found = [item for item in self.reader.read(self.bus.records(TOPIC)) if isinstance(item, Incoming)]
        return next(item for item in found if item.event_id == row["event_id"])

    async def receive(self, *payloads: EventData, desk: str = "demo") -> None:
        """Apply events one at a time, as the consumer does after a batch has failed."""
        for data in payloads:
            await self.applier.apply_or_park(await self.incoming(data, desk))
