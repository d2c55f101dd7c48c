"""Apache Kafka as the bus."""

from collections.abc import Sequence
from dataclasses import dataclass

from libs.common.messaging.bus.kafka_consumer import KafkaConsumer
from libs.common.messaging.bus.kafka_producer import KafkaProducer
from libs.common.messaging.bus.ports import Consumer, Producer, Revoked
from libs.common.messaging.bus.topics import PARTITIONS, create_topics


@dataclass(frozen=True, slots=True)
class KafkaBus:
    """Makes clients of one cluster; `partitions` is the most for topics that do not exist yet."""

    bootstrap: str
    partitions: int = PARTITIONS

    async def producer(self) -> Producer:
        """Return a connected producer. Raises BusError."""
        return await KafkaProducer.connect(self.bootstrap)

    async def consumer(self, group: str, topics: Sequence[str], instance: str | None, revoked: Revoked) -> Consumer:
        """Return a member of a group. Raises BusError."""
        return await KafkaConsumer.connect(self.bootstrap, group, topics, instance, revoked)

    async def ensure_topics(self, topics: Sequence[str]) -> None:
        """Create missing topics. Raises BusError."""
        await create_topics(self.bootstrap, topics, self.partitions)
