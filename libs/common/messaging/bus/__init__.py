"""The bus: ports, the CloudEvents codec, Kafka clients. The ports alone are imported here: an API has no client."""

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

__all__ = [
    "Bus",
    "BusError",
    "Consumer",
    "Message",
    "Partition",
    "Producer",
    "Record",
    "Routed",
    "Sent",
]
