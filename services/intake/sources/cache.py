"""Sources cached in the process: read again every two seconds, and when a key is unknown."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from libs.common.platform.db import Database
from libs.common.platform.sealing import DataKeys
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import start_apart
from services.intake.deliveries.rules import Pace
from services.intake.formats.registry import FORMATS
from services.intake.sources.rules import REPEATS, Secret, Source, SourceId, current
from services.intake.sources.store import config_of, secrets_of

TTL = 2.0  # seconds
MISS_EVERY = 0.2  # seconds between two reads that unknown keys may cause
BURST = 2  # seconds of a source's rate that may come at once

READ = "SELECT * FROM source"

log = get_logger(__name__)


class Known:
    """A source and its rate limit."""

    __slots__ = ("pace", "source")

    def __init__(self, source: Source) -> None:
        self.source = source
        self.pace = Pace(source.rate, source.rate * BURST)


class SourceCache:
    """All sources by key. `now` is the technical clock: secrets end in real time. `keys` opens the secrets."""

    def __init__(self, db: Database, keys: DataKeys, now: Callable[[], float] = time.monotonic) -> None:
        self._db = db
        self._keys = keys
        self._now = now
        self._by_key: dict[str, Known] = {}
        self._read_at = float("-inf")
        self._asked = self._shown = 0  # reads, in the order they were asked for
        self._reading: asyncio.Task[None] | None = None

    async def get(self, key: str) -> Known | None:
        """Return the source of a webhook's key. Raises the driver's errors when the sources were never read."""
        known = self._by_key.get(key)
        age = self._now() - self._read_at
        if age > TTL or (known is None and age > MISS_EVERY):
            await self._refresh_together()
            known = self._by_key.get(key)
        return known

    async def _refresh_together(self) -> None:
        # Concurrent callers share one read; a cancelled caller does not cancel it for the others.
        if self._reading is None or self._reading.done():
            self._reading = start_apart(self.refresh(), "intake-sources")
        await asyncio.shield(self._reading)

    async def refresh(self) -> None:
        """Read all sources again; while the database is unavailable the cached ones stay in use."""
        self._asked += 1
        number, asked_at = self._asked, self._now()
        try:
            rows = await self._db.pool.fetch(READ)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
            if not self._by_key:
                raise
            log.warning("sources not refreshed")
            self._read_at = max(self._read_at, asked_at)
            return
        if number < self._shown:
            return  # a read that started later has finished already
        self._shown = number
        before = self._by_key
        self._by_key = {known.source.key: known for row in rows if (known := _known(row, self._keys)) is not None}
        for key, known in self._by_key.items():
            if key in before and before[key].pace.rate == known.pace.rate:
                known.pace = before[key].pace
        self._read_at = asked_at


def source_of(row: asyncpg.Record, secrets: tuple[Secret, ...] = ()) -> Source:
    """Return a source's row, with the secrets that are valid now where they are needed.

    Raises ValueError or KeyError for a row that no source can be made of.
    """
    zone, values = ZoneInfo(row["zone"]), tuple(secret.value for secret in secrets)
    return Source(
        id=SourceId(UUID(int=row["id"].int)),  # the driver's own kind of UUID is no JSON
        desk=row["desk"],
        code=row["code"],
        key=row["key"],
        format=FORMATS[row["format"]](config_of(dict(row)), zone, values),
        secrets=secrets,
        playbook=row["playbook"],
        language=row["language"],
        region=row["region"],
        test_prefixes=tuple(row["test_prefixes"]),
        zone=zone,
        rate=row["rate_per_second"],
        body_limit=row["body_limit"],
        active=row["active"],
        partner_id=UUID(int=row["partner_id"].int) if row["partner_id"] else None,
        repeats=REPEATS if row["repeat_seconds"] is None else row["repeat_seconds"],
        origins=tuple(row["origins"] or ()),
        thanks_url=row["thanks_url"],
        keeps_buyers=bool(row["keeps_buyers"]),
    )


def _known(row: asyncpg.Record, keys: DataKeys) -> Known | None:
    try:
        secrets = secrets_of(row["id"], row["secrets"], keys)
        return Known(source_of(row, current(secrets, datetime.now(UTC))))
    except (ValueError, KeyError, TypeError) as error:
        # One invalid row must not make the other sources unusable.
        log.error("source not usable", source=row["code"], error=type(error).__name__)  # noqa: TRY400
        return None
