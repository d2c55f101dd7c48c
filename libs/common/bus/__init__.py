"""The bus: ports, the CloudEvents codec, Kafka clients."""

from libs.common.bus.kafka import KafkaBus
from libs.common.bus.ports import Bus, BusError, Consumer, Message, Partition, Producer, Record, Sent
from libs.common.bus.topics import PARTITIONS, ensure_topics

__all__ = [
    "PARTITIONS",
    "Bus",
    "BusError",
    "Consumer",
    "KafkaBus",
    "Message",
    "Partition",
    "Producer",
    "Record",
    "Sent",
    "ensure_topics",
]
