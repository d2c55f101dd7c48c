"""Ids of pools by desk and code; a pool that a request names and that does not exist is made."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TypeAlias

from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.assignment.pools.rules import PoolId

PoolName: TypeAlias = tuple[str, str]  # desk, code

FIND = """
SELECT p.id, p.desk, p.code FROM pool p JOIN unnest($1::text[], $2::text[]) AS n(desk, code) USING (desk, code)
"""
# A pool that a playbook names and that does not exist yet: its work waits in it, visibly.
MAKE = """
INSERT INTO pool (id, desk, code, title, role, virtual_time, turn, version, created_at)
SELECT n.id, n.desk, n.code, jsonb_build_object('ru', n.code, 'en', n.code), n.role, 0, 0, 1, $5
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[]) AS n(id, desk, code, role)
ORDER BY n.desk, n.code
ON CONFLICT (desk, code) DO NOTHING
"""


class PoolIds:
    """Remembers the ids of pools: a pool keeps its desk, its code and its id for ever.

    Only ids are remembered, and only committed ones: what may change of a pool is read under its lock each time. An
    id that is no longer in the database (restored from a copy) is noticed by that read, and forgotten.
    """

    def __init__(self) -> None:
        self._known: dict[PoolName, PoolId] = {}

    async def find(
        self, tx: Transaction, names: Iterable[PoolName], roles: Mapping[PoolName, str], now: datetime
    ) -> Mapping[PoolName, PoolId]:
        """Return the ids of pools by name; those with a role in `roles` are made where they are missing."""
        asked = sorted(set(names))
        unknown = [name for name in asked if name not in self._known]
        found = await _find(tx, unknown) if unknown else {}
        missing = [name for name in unknown if name in roles and name not in found]
        if missing:
            columns = [uuid7() for _ in missing], *_columns(missing), [roles[name] for name in missing]
            await tx.conn.execute(MAKE, *columns, now)
            found = await _find(tx, unknown)
        if found:
            tx.after_commit("pool ids", partial(self._known.update, found))
        return found | {name: self._known[name] for name in asked if name in self._known}

    def forget(self) -> None:
        """Forget all ids, to look them up again."""
        self._known.clear()


async def _find(tx: Transaction, names: Sequence[PoolName]) -> dict[PoolName, PoolId]:
    rows = await tx.conn.fetch(FIND, *_columns(names))
    return {(row["desk"], row["code"]): PoolId(row["id"]) for row in rows}


def _columns(names: Sequence[PoolName]) -> tuple[list[str], list[str]]:
    return [desk for desk, _ in names], [code for _, code in names]
