"""Metrics of the service."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter


class Metrics:
    """The number of decisions by reason."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._decisions = Counter(
            "assignment_decisions", "Decisions by reason; nobody_eligible waits", ["reason"], registry=registry
        )

    def decided(self, reasons: Iterable[str]) -> None:
        """Count decisions; call this after their commit."""
        for reason in reasons:
            self._decisions.labels(reason).inc()
