"""The bus: ports, the CloudEvents codec, Kafka clients."""

from libs.common.messaging.bus.kafka import KafkaBus
from libs.common.messaging.bus.ports import (
    Bus,
    BusError,
    Consumer,
    Message,
    Partition,
    Producer,
    Record,
    Routed,
    Sent,
)
from libs.common.messaging.bus.topics import PARTITIONS, ensure_topics

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
    "Routed",
    "Sent",
    "ensure_topics",
]
