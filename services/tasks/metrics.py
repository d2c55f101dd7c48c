"""Metrics of the service."""

from dataclasses import dataclass
from typing import Self

from prometheus_client import CollectorRegistry, Counter, Histogram


@dataclass(frozen=True, slots=True)
class Metrics:
    """Metrics of the engine and its timers; lateness is in seconds of business time."""

    decisions: Counter
    breaches: Counter
    unheard: Counter
    timers: Counter
    set_aside: Counter
    commands_set_aside: Counter
    lateness: Histogram
    repeated_requests: Counter

    @classmethod
    def on(cls, registry: CollectorRegistry) -> Self:
        """Register the metrics."""
        return cls(
            decisions=Counter("tasks_decisions", "Decisions of the engine", ["event"], registry=registry),
            breaches=Counter(
                "tasks_invariant_breaches",
                "Live processes with nothing open (S2.6)",
                ["desk"],
                registry=registry,
            ),
            unheard=Counter(
                "tasks_events_unheard",
                "Events that no process was for; the timeline of their subject has them",
                ["type"],
                registry=registry,
            ),
            timers=Counter("tasks_timers_fired", "Timers fired", ["kind"], registry=registry),
            set_aside=Counter(
                "tasks_timers_set_aside", "Timers that could not be applied, and wait", registry=registry
            ),
            commands_set_aside=Counter(
                "tasks_fanout_commands_set_aside",
                "Events that a process could not be given, and that wait",
                registry=registry,
            ),
            repeated_requests=Counter(
                "tasks_work_requests_repeated",
                "Requests for an operator that were not answered in time, and repeated",
                registry=registry,
            ),
            lateness=Histogram(
                "tasks_timer_lateness_seconds",
                "How late timers fired",
                buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60, 300, 3600),
                registry=registry,
            ),
        )
