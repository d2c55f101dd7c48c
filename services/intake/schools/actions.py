"""Use case: an administrator gives a source its school's account."""

from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from services.intake.context import Context
from services.intake.errors import ConfigRefusedError, NotFoundError
from services.intake.formats.getcourse import GetCourse
from services.intake.schools import store
from services.intake.schools.schemas import SchoolIn


async def set_school(ctx: Context, source_id: UUID, wanted: SchoolIn, subject: str) -> None:
    """Keep the account; orders that waited for a person to look at it are made now.

    Raises NotFoundError, ConfigRefusedError: the source is no school's, or there is no key yet.
    """
    async with ctx.core.db.begin() as tx:
        source = await tx.conn.fetchrow(store.SOURCE, source_id)
        if source is None:
            raise NotFoundError
        await keep_school(ctx, tx, source, wanted, subject)
        await tx.commit()
    ctx.placing.set()


async def keep_school(
    ctx: Context, tx: Transaction, source: asyncpg.Record, wanted: SchoolIn, subject: str
) -> None:
    """Keep the account of a source in the caller's transaction. Raises ConfigRefusedError."""
    if source["format"] != GetCourse.code:
        raise ConfigRefusedError.of("/account", "no_school")
    known = await tx.conn.fetchrow(store.KNOWN, source["id"])
    before: str | None = known["account"] if known else None
    sealed: dict[str, str | None] = {name: known[name] if known else None for name in ("api_key", "webhook_key")}
    for name, given in (("api_key", wanted.api_key), ("webhook_key", wanted.webhook_key)):
        if given is not None:
            sealed[name] = ctx.core.keys.seal(given.get_secret_value(), store.place_of(source["id"], name))
    if sealed["api_key"] is None:
        raise ConfigRefusedError.of("/api_key", "missing")
    try:
        async with tx.conn.transaction():
            await store.keep(tx, source, wanted, sealed, subject, ctx.core.clock.now(), before)
    except asyncpg.UniqueViolationError as error:  # the school counts by its account, of all sources together
        raise ConfigRefusedError.of("/account", "taken") from error
