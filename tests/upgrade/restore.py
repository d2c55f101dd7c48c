"""The frozen state put back, as if the release had been stopped two minutes ago."""

import re
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import orjson

from tests.upgrade import frozen
from tests.upgrade.frozen import Manifest
from tests.upgrade.records import put_offsets, put_records
from tests.upgrade.states import missing_states

#: How long the upgrade took: leases and the window for repeats are over, nothing is forgotten.
DOWNTIME = timedelta(minutes=2)
ORIGIN = "http://notifications"

_CLOCK = struct.Struct("<q")  # microseconds of business time ahead of real time


async def restore_database(url: str, manifest: Manifest, prefix: str) -> list[str]:
    """Make schemas and rows as they were, technical time moved up to now; return which states there are none of."""
    script = frozen.read(frozen.DATABASE).decode().replace(f"{manifest.prefix}.", f"{prefix}.")
    conn = await asyncpg.connect(url)
    try:
        await conn.execute(script)
        for table, columns in manifest.technical.items():
            moved = ", ".join(f"{column} = {column} + $1" for column in columns)
            await conn.execute(f"UPDATE {table} SET {moved}", _shift(manifest))
        return await missing_states(conn)
    finally:
        await conn.close()


async def restore_topics(bootstrap: str, manifest: Manifest, prefix: str) -> None:
    """Put every record into its place, and let each group have read what it had read."""
    await put_records(bootstrap, prefix, manifest.partitions, frozen.read_records())
    await put_offsets(bootstrap, prefix, manifest.offsets)


def restore_clock(path: Path, manifest: Manifest) -> None:
    """Let business time go on where it stopped: the offset is negative once the frozen state is old."""
    offset = manifest.moment + DOWNTIME - datetime.now(UTC)
    path.write_bytes(_CLOCK.pack(offset // timedelta(microseconds=1)))


def restore_journal(path: Path, manifest: Manifest, origin: str) -> None:
    """Let the messenger remember what it accepted, and send its callbacks to where we are now."""
    lines = [_moved(line, manifest) for line in frozen.read(frozen.JOURNAL).splitlines()]
    text = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(re.sub(re.escape(ORIGIN).encode(), origin.encode(), text))


def _moved(line: bytes, manifest: Manifest) -> dict[str, object]:
    record: dict[str, object] = orjson.loads(line)
    match record:
        case {"accepted": dict(entry)}:
            entry["accepted_at"] = datetime.fromisoformat(entry["accepted_at"]) + _shift(manifest)
    return record


def _shift(manifest: Manifest) -> timedelta:
    return datetime.now(UTC) - DOWNTIME - manifest.stopped_at
