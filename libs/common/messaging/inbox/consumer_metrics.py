"""Metrics of a consumer."""

from dataclasses import dataclass
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_SIZES = (1, 2, 5, 10, 20, 50, 100, 200, 500)
_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 15)


@dataclass
class ConsumerMetrics:
    """Figures of one service's consumer and of its dead letters."""

    registry: CollectorRegistry

    def __post_init__(self) -> None:
        registry = self.registry
        self.events = Counter(
            "consumer_events", "records by what became of them", ["topic", "result"], registry=registry
        )
        self.event = cache(self.events.labels)  # counted per record: the look-up would cost more than the count
        self.batch = Histogram("consumer_batch_events", "events per transaction", buckets=_SIZES, registry=registry)
        self.seconds = Histogram(
            "consumer_batch_seconds", "time per transaction", buckets=_SECONDS, registry=registry
        )
        self.order = Counter("consumer_order_faults", "sequence gaps and inversions", ["kind"], registry=registry)
        self.retries = Counter("consumer_retries", "batches put back by a transient error", registry=registry)
        self.rebuilds = Counter("consumer_rebuilds", "clients made anew", ["reason"], registry=registry)
        self.lag = Gauge("consumer_lag", "records ahead of us", ["topic"], registry=registry)
        self.halted = Gauge("consumer_halted", "1 when stopped by too many failures", registry=registry)
        self.parked = Gauge("dead_letters", "parked events", ["state"], registry=registry)
