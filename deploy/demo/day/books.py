"""What the players of a day have seen: the customers' ledger and the managers' hours."""

import bisect
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass
class Hours:
    """When a manager was at work, as moments at which that changed; at work first, then not, and so on."""

    changes: list[datetime] = field(default_factory=list)

    @property
    def at_work(self) -> bool:
        """Whether the manager is at work now."""
        return len(self.changes) % 2 == 1

    def change(self, now: datetime) -> None:
        """Come to work, or leave."""
        self.changes.append(now)

    def held(self, moment: datetime) -> bool:
        """Return whether the manager was at work; in the instant of a change too."""
        return bisect.bisect_right(self.changes, moment) % 2 == 1 or moment in self.changes


@dataclass
class Books:
    """Kept by the players alone: nothing of it is read from the product.

    `calls`: how often each lead's customer of this day was called; `links`: leads whose customer was promised the
    payment link; `refused`: those whose customer said no; `refunds`: those whose customer wanted their money
    back; `hours`: by operator; `late`: minutes after the beginning of their shift, of who came then; `early`: who
    was let go before the next shift was here; `unknown`: types of tasks that no manager knew to work; `rota`: who
    works each shift, as they wished and exchanged it.
    """

    calls: Counter[str] = field(default_factory=Counter)
    links: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    refunds: set[str] = field(default_factory=set)
    hours: dict[str, Hours] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    early: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)
    rota: Mapping[str, frozenset[str]] = field(default_factory=dict)
