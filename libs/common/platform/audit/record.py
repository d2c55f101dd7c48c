"""Writing the audit log: an answer with personal data leaves once its row is there."""

import functools
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass

from libs.common.platform.audit.shown import Shown, shown_by, shown_in
from libs.common.platform.auth.principal import Principal
from libs.common.platform.core import Core
from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.together import Together, Write

WRITE = """
INSERT INTO audit (desks, caller, role, scope, operation, shown, whose) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""

_KEPT = Write("audited", (("audited", WRITE),), 7)


@dataclass(slots=True)
class _Reading:
    """A request whose answer is audited; `kept`: what has been committed of it already."""

    caller: Principal
    operation: str
    kept: Shown | None = None


_reading: ContextVar[_Reading | None] = ContextVar("audited_reading", default=None)


def recorded(endpoint: Callable[..., Awaitable[object]], operation: str) -> Callable[..., Awaitable[object]]:
    """Return the endpoint, whose answers that show a person are in the log before they leave.

    An endpoint that declares nothing stays as it is. One that `shows` takes `ctx` and `caller`. What names no
    person is no read, unless it cannot say whose data it has: a list of addresses, and a stream. That has one row
    when it begins; what it sends is the caller's own feed and is kept as such.
    """
    places = shown_by(endpoint)
    if places is None:
        return endpoint

    @functools.wraps(endpoint)
    async def audited(**given: object) -> object:
        core, caller = getattr(given["ctx"], "core", None), given["caller"]
        if not isinstance(core, Core) or not isinstance(caller, Principal):
            raise TypeError(f"{operation} shows personal data and does not say in whose name")
        reading = _Reading(caller, operation)
        token = _reading.set(reading)
        try:
            answer = await endpoint(**given)
        finally:
            _reading.reset(token)
        shown = shown_in(answer, places, given)
        if (shown.whose or (shown.count and not places)) and shown != reading.kept:
            await write(core.db, caller, operation, shown)
        return answer

    return audited


def keep(tx: Transaction, writes: Together, shown: Shown) -> None:
    """Write what the answer of this request is going to show with `writes` of `tx`; no second row is made of it.

    Of an answer that shows anything else after all, a row is written as of any other.
    """
    reading = _reading.get()
    if reading is None:
        return
    writes.add(_KEPT, *_row(reading.caller, reading.operation, shown))
    tx.after_commit("audit", functools.partial(setattr, reading, "kept", shown))


async def write(db: Database, caller: Principal, operation: str, shown: Shown) -> None:
    """Add one row: the caller, the role that allowed it and how far, and who was shown."""
    await db.pool.execute(WRITE, *_row(caller, operation, shown))


def _row(caller: Principal, operation: str, shown: Shown) -> tuple[object, ...]:
    desks = list(shown.desks) or sorted(caller.desks)
    return desks, caller.sub, caller.role or "", caller.scope, operation, shown.count, list(shown.whose)
