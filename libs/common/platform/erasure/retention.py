"""How long a desk keeps what names persons: what is older goes (P.7). By itself nothing goes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.common.platform.core import Core
from libs.common.platform.db import Transaction
from libs.common.platform.erasure.places import WALKED, Place
from libs.common.platform.erasure.store import PATIENCE, SECONDS
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.worker import Loop, periodic

INTERVAL = 600.0  # seconds
AGAIN = 10  # stretches of a round over rows that were passed by: they are few, and the table may be long

SET = "SELECT desk, kind FROM retention WHERE days IS NOT NULL ORDER BY desk, kind"
LOCK = "SELECT days FROM retention WHERE desk = $1 AND kind = $2 AND days IS NOT NULL FOR UPDATE SKIP LOCKED"
WALK = (
    "UPDATE retention SET walked = walked || jsonb_build_object($3::text, $4::text) WHERE desk = $1 AND kind = $2"
)

READ_WALK = "SELECT walked ->> $3 FROM retention WHERE desk = $1 AND kind = $2"

log = get_logger(__name__)

#: Does a part of a kind by itself: of a desk, what is older than a moment; returns whether there is more.
Part = Callable[[Transaction, str, datetime], Awaitable[bool]]


@dataclass(frozen=True, slots=True)
class Aged:
    """Columns of a table that are emptied with age: ids rise with the time `at`.

    A row that the place spares is passed by: it is looked at again when it may be spared no longer. In the place's
    condition `$2` is before when a row is too old.
    """

    place: Place
    at: str


Kinds = Mapping[str, Sequence[Aged] | Part]


def stretch_of(aged: Aged) -> str:
    """Return the SQL of a stretch: `$1` the last key looked at, `$2` before when, `$3` the desk."""
    place = aged.place
    after = f"($1::text IS NULL OR id > $1::text::{place.walk})"
    values = ", ".join(f"{column} = {value}" for column, value in place.sets.items())
    changed = " OR ".join(f"{column} IS DISTINCT FROM {value}" for column, value in place.sets.items())
    return f"""
WITH seen AS MATERIALIZED (
    SELECT id, {aged.at} AS at FROM {place.table} WHERE {after} ORDER BY id LIMIT {WALKED}
), fresh AS (
    SELECT id FROM seen WHERE at >= $2 ORDER BY id LIMIT 1
), old AS MATERIALIZED (
    SELECT id FROM seen WHERE NOT EXISTS (SELECT FROM fresh WHERE fresh.id <= seen.id)
), done AS (
    UPDATE {place.table} SET {values}
    WHERE id = ANY(ARRAY(SELECT id FROM old)) AND desk = $3 AND ({place.where}) AND ({changed}) RETURNING 1
)
SELECT (SELECT id::text FROM old ORDER BY old.id DESC LIMIT 1), (SELECT count(*) FROM done)
"""  # noqa: S608 - our own


class Keeper:
    """Empties what is older than desks keep it."""

    def __init__(self, core: Core, kinds: Kinds) -> None:
        self._core, self._kinds = core, kinds

    def loop(self) -> Loop:
        """Return the worker's loop."""
        return periodic("retention", INTERVAL, self.round)

    async def round(self) -> None:
        """Empty what is too old by now."""
        for row in await self._core.db.pool.fetch(SET):
            kind = self._kinds.get(row["kind"], ())
            for part in kind if isinstance(kind, Sequence) else (kind,):
                try:
                    await self._part(row["desk"], row["kind"], part)
                except Exception:  # the others do not wait for it; the next round tries again
                    log.exception("retention failed", desk=row["desk"], kind=row["kind"])

    async def _part(self, desk: str, kind: str, part: Aged | Part) -> None:
        while await self._stretch(desk, kind, part):
            pass
        for _ in range(AGAIN if isinstance(part, Aged) else 0):
            if not await self._stretch(desk, kind, part, again=True):
                break

    async def _stretch(self, desk: str, kind: str, part: Aged | Part, *, again: bool = False) -> bool:
        async with self._core.db.begin() as tx:
            row = await tx.conn.fetchrow(LOCK, desk, kind)
            if row is None:
                return False
            await tx.conn.execute(PATIENCE)
            before = self._core.clock.now() - timedelta(days=row["days"])
            if isinstance(part, Aged):
                more = await _walk(tx, desk, kind, part, before, again=again)
            else:
                more = await part(tx, desk, before)
            await tx.commit()
        return more


async def _walk(tx: Transaction, desk: str, kind: str, aged: Aged, before: datetime, *, again: bool) -> bool:
    """Do a stretch; `again`: of what was passed by before, from the first row on once all are looked at."""
    key = f"{aged.place.key}, again" if again else aged.place.key
    walked = await tx.conn.fetchval(READ_WALK, desk, kind, key)
    last = await tx.conn.fetchval(stretch_of(aged), walked, before, desk, timeout=SECONDS)
    if last is not None or again:
        await tx.conn.execute(WALK, desk, kind, key, last)
    return last is not None
