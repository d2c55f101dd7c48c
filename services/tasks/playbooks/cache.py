"""Compiled playbooks: a version is immutable, so each worker reads and compiles it once.

A stored version is not checked again: a check that became stricter must not stop leads that run on it.
"""

from collections.abc import Collection

from libs.common.platform.db import Connection, Database
from services.tasks.playbooks.grammar import compiled
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.walk import asks_of_rates, asks_of_staff

SOURCE = "SELECT source FROM playbook WHERE code = $1 AND version = $2"


class UnknownVersionError(LookupError):
    """A version of a playbook that does not exist."""


class PlaybookCache:
    """Compiled versions by (code, version)."""

    def __init__(self) -> None:
        self._compiled: dict[tuple[str, int], Playbook] = {}
        self._asking: set[tuple[str, int]] = set()
        self._pricing: set[tuple[str, int]] = set()

    async def of(self, db: Database, keys: Collection[tuple[str, int]]) -> dict[tuple[str, int], Playbook]:
        """Return compiled versions by key, for reads. Raises UnknownVersionError."""
        missing = [key for key in keys if key not in self._compiled]
        if missing:
            async with db.pool.acquire() as conn:
                for code, version in missing:
                    await self.get(conn, code, version)
        return {key: self._compiled[key] for key in keys}

    async def get(self, conn: Connection, code: str, version: int) -> Playbook:
        """Return a compiled version. Raises UnknownVersionError."""
        found = self._compiled.get((code, version))
        if found is None:
            source = await conn.fetchval(SOURCE, code, version)
            if source is None:
                raise UnknownVersionError(f"there is no version {version} of playbook {code!r}")
            found = self._compiled[code, version] = compiled(source)
            if asks_of_staff(found):
                self._asking.add((code, version))
            if asks_of_rates(found):
                self._pricing.add((code, version))
        return found

    def asks_of_staff(self, code: str, version: int) -> bool:
        """Return whether a compiled version asks for operators besides those in hand."""
        return (code, version) in self._asking

    def asks_of_rates(self, code: str, version: int) -> bool:
        """Return whether a compiled version says prices in other currencies."""
        return (code, version) in self._pricing
