"""Use cases: a file was fetched, or not; an erased one is gone."""

import hashlib

from libs.common.platform import faultpoints
from libs.common.platform.db import Database
from libs.common.platform.objects import Objects, Presented
from services.notifications.media.rules import HEAD, Again, Never, disposition_of, key_of, type_of
from services.notifications.media.store import Leased, again, is_wanted, never, removed, stored


async def keep(db: Database, objects: Objects, file: Leased, content: bytes) -> bool:
    """Write a file's object and then that it is there; False if it was erased meanwhile: the object is not kept.

    A crash between the two leaves an object that the next try writes again, under the same key. Raises
    ObjectsError.
    """
    found, key = type_of(content[:HEAD]), key_of(file.id)
    await objects.put(key, content, Presented(found, disposition_of(found, file.name)))
    faultpoints.reach("media.written")
    async with db.begin() as tx:
        if await stored(tx, file, found, len(content), hashlib.sha256(content).hexdigest()):
            await tx.commit()
            return True
        wanted = await is_wanted(tx, file)
    if not wanted:
        await objects.delete(key)
    return wanted


async def settle_failure(db: Database, file: Leased, outcome: Again | Never) -> None:
    """Write what follows a failed try."""
    async with db.begin() as tx:
        if isinstance(outcome, Again):
            await again(tx, file, outcome)
        else:
            await never(tx, file, outcome.code)
        await tx.commit()


async def remove(db: Database, objects: Objects, file: Leased) -> None:
    """Remove an erased file's object, and then its row. Raises ObjectsError."""
    await objects.delete(key_of(file.id))
    async with db.begin() as tx:
        await removed(tx, file)
        await tx.commit()
