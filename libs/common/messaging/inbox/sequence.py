"""The reader's check of order: sequences of a key ascend one by one (docs/adr/0002)."""

from collections import OrderedDict
from enum import StrEnum

from libs.common.messaging.bus.ports import Partition

REMEMBERED = 5_000  # keys per partition


class Fault(StrEnum):
    """What is wrong with a sequence number."""

    GAP = "gap"
    INVERSION = "inversion"


class SequenceCheck:
    """Remembers the last sequence of the keys seen lately; a key not seen yet may start anywhere."""

    def __init__(self) -> None:
        self._last: dict[Partition, OrderedDict[str, int]] = {}

    def applied(self, partition: Partition, key: str, sequence: int) -> Fault | None:
        """Record an event and return the fault of its number; called once per event, without repeats."""
        known = self._last.setdefault(partition, OrderedDict())
        last = known.pop(key, None)
        known[key] = max(sequence, last or 0)
        if len(known) > REMEMBERED:
            known.popitem(last=False)
        if last is None or sequence == last + 1:
            return None
        return Fault.GAP if sequence > last else Fault.INVERSION

    def passed(self, partition: Partition, key: str, sequence: int) -> None:
        """Record an event that was not applied (skipped, parked or a repeat): only progress counts."""
        known = self._last.get(partition)
        if known is not None and sequence > known.get(key, sequence):
            known[key] = sequence

    def forget(self, partition: Partition) -> None:
        """Forget a partition that another member goes on with."""
        self._last.pop(partition, None)
