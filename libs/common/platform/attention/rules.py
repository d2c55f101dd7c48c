"""What is to be raised and what cleared, of what waits now and what was raised before."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.common.contracts.shared import Text
from libs.common.platform.attention.kinds import Kinds


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """What names one matter that waits for a person at a service."""

    desk: str
    kind: str
    ref: str


@dataclass(frozen=True, slots=True)
class Found:
    """How much waits under a mark, the first of it since `since`; `operator_id`: whose work waits with it.

    `assignee_id`: who is to do it.
    """

    mark: Mark
    count: int
    since: datetime
    name: str
    operator_id: UUID | None = None
    assignee_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Matter:
    """What is raised: what is to be done, and until when."""

    found: Found
    title: Text
    due_at: datetime

    @property
    def mark(self) -> Mark:
        return self.found.mark


@dataclass(frozen=True, slots=True)
class Change:
    """What a look has found: matters to raise, and marks of which nothing waits any more."""

    raised: tuple[Matter, ...]
    cleared: tuple[Mark, ...]


def change(found: Iterable[Found], known: Collection[Mark], kinds: Kinds, now: datetime) -> Change:
    """Return what is to be said: each matter once until it is cleared, however its count moves meanwhile."""
    waiting = {each.mark: each for each in found}
    raised = (_matter(each, kinds, now) for mark, each in waiting.items() if mark not in known)
    return Change(tuple(each for each in raised if each is not None), tuple(sorted(set(known) - waiting.keys())))


def _matter(found: Found, kinds: Kinds, now: datetime) -> Matter | None:
    opens = kinds[found.mark.kind].opens
    if opens is None or found.count < opens.limit:
        return None
    words = {"name": found.name, "count": found.count}
    title = Text(ru=opens.title.ru.format(**words), en=opens.title.en.format(**words))
    return Matter(found, title, now + opens.within)
