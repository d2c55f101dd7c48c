"""Whether a caller may make orders."""

from sqlalchemy import select

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Database
from services.intake.scope import is_active


async def may_work(db: Database, caller: Principal) -> bool:
    """Return whether a caller has work: an operator who was dismissed, or is not known, has none (P.6)."""
    if caller.sees_whole_desks:
        return True
    async with db.read() as conn:
        return bool((await conn.execute(select(is_active(caller)))).scalar())
