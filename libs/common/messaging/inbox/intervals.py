"""The consumer's pauses and limits; tests give shorter ones."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerIntervals:
    """Seconds.

    A poll waits up to `poll` for records; offsets are committed every `commit`. After a poll that brought few, it
    lets records collect for the `linger`: many small polls cost more than a few large ones. A fault of the bus
    costs `rebuild` before a new client is made, a transient error `retry` before the poll is tried again; a
    partition that fails by itself is paused for `first_pause`, up to `longest_pause`. A consumer that was stopped
    says so every `remind`. A turn of the loop that takes longer than `late` makes the worker unready. The watchdog
    looks every `look`, and gives up a client that has had no partition for `unassigned`.
    """

    poll: float = 0.5
    linger: float = 0.0
    commit: float = 0.5
    rebuild: float = 1.0
    retry: float = 0.1
    first_pause: float = 0.2
    longest_pause: float = 5.0
    remind: float = 30.0
    late: float = 60.0
    look: float = 10.0
    unassigned: float = 60.0


USUAL = ConsumerIntervals()
#: Of a service on which no lead waits for its operator: a tenth of a second for a fraction of the wake-ups.
UNHURRIED = ConsumerIntervals(linger=0.1)
