"""What a lookout finds."""

from collections.abc import Mapping

from libs.common.platform.clock import Clock
from libs.common.platform.db import Database
from libs.common.platform.worker import Lookout


async def rung(db: Database, clock: Clock, work: Mapping[str, str]) -> set[str]:
    """Look once; return the names of the loops that have something to do."""
    lookout = Lookout(db, clock, work, 0.0)
    await lookout.look()
    return {name for name, bell in lookout.bells.items() if bell.is_set()}
