"""The queues of the playbook versions in use: versions are immutable, so each list of queues is made once."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from libs.common.platform.db import Connection
from services.tasks.playbooks.cache import PlaybookCache
from services.tasks.playbooks.lanes import Lane
from services.tasks.queues.rules import Queue, Turns, Version, queues_of, turns

MOST = 256  # lists: operators of the same desks share one


class InUse(NamedTuple):
    """A playbook version in use at a desk: an active one, or one of open tasks."""

    desk: str
    zone: str
    code: str
    version: int


class QueueCache:
    """Queues by the versions that declare them; those used last are kept."""

    def __init__(self, playbooks: PlaybookCache) -> None:
        self._playbooks = playbooks
        self._known: OrderedDict[tuple[InUse, ...], Sequence[Queue]] = OrderedDict()

    async def of(self, conn: Connection, in_use: Iterable[InUse]) -> Sequence[Queue]:
        """Return the queues that versions declare at their desks, by priority."""
        key = tuple(in_use)
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = await self._made(conn, key)
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        self._known.move_to_end(key)
        return found

    async def _made(self, conn: Connection, in_use: Iterable[InUse]) -> Sequence[Queue]:
        lanes: list[tuple[str, str, Version, Lane, Turns]] = []
        for desk, zone, code, number in in_use:
            playbook = await self._playbooks.get(conn, code, number)
            lanes += [(desk, zone, (code, number), lane, turns(playbook, lane)) for lane in playbook.lanes.values()]
        return queues_of(lanes)
