"""Writing the audit log: an answer with personal data leaves once its row is there."""

import functools
from collections.abc import Awaitable, Callable

from libs.common.platform.audit.shown import Shown, shown_by, shown_in
from libs.common.platform.auth.principal import Principal
from libs.common.platform.core import Core
from libs.common.platform.db import Database

WRITE = """
INSERT INTO audit (desks, caller, role, scope, operation, shown, whose) VALUES ($1, $2, $3, $4, $5, $6, $7)
"""


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
        answer = await endpoint(**given)
        core, caller = getattr(given["ctx"], "core", None), given["caller"]
        if not isinstance(core, Core) or not isinstance(caller, Principal):
            raise TypeError(f"{operation} shows personal data and does not say in whose name")
        shown = shown_in(answer, places, given)
        if shown.whose or (shown.count and not places):
            await write(core.db, caller, operation, shown)
        return answer

    return audited


async def write(db: Database, caller: Principal, operation: str, shown: Shown) -> None:
    """Add one row: the caller, the role that allowed it and how far, and who was shown."""
    desks = list(shown.desks) or sorted(caller.desks)
    role, scope = caller.role or "", caller.scope
    await db.pool.execute(WRITE, desks, caller.sub, role, scope, operation, shown.count, list(shown.whose))
