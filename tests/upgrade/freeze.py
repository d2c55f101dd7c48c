"""`python -m tests.upgrade.freeze COMMIT`: write tests/upgrade/frozen anew from what a release leaves behind.

The release runs as it was, from its own files and its own migrations, on a real PostgreSQL and a real Kafka; it is
driven by HTTP into the states of `leads.py`, stopped, and its state is written down. The packages are those of the
running environment: where they are not the release's, the command says so and stops.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from deploy.local.postgres import binaries
from deploy.local.under_way import Connection
from libs.common.messaging.bus.topics import ensure_topics
from libs.common.platform.db.roles import SERVICES
from libs.common.testkit.database import StackDatabase, empty_database
from libs.common.testkit.servers import kafka_server, postgres_server
from tests.support.stack import process_stack
from tests.upgrade import frozen
from tests.upgrade.people import People
from tests.upgrade.records import Frozen, behind, delete_topics, take_offsets, take_records
from tests.upgrade.release import ReleaseStack, committed_at, export, full_commit, other_packages
from tests.upgrade.scenario import Scenario
from tests.upgrade.states import missing_states

PREFIX = "upgrade-frozen"
PARTITIONS = 3
PROVIDER = ("--profile", "kind")
#: A message in doubt waits for its callback for longer than an upgrade takes.
SETTINGS = {"NOTIFICATIONS_UNKNOWN_AFTER": "3600"}
#: Where callbacks go: the port is another one with each start.
ORIGIN = re.compile(rb"http://127\.0\.0\.1:\d+")
HOME = b"http://notifications"

_MESSAGING: Mapping[str, Sequence[str]] = {
    "outbox": ("stored_at",),
    "inbox": ("received_at",),
    "parked": ("parked_at", "updated_at"),
    "idempotency": ("created_at", "locked_until", "executed_at"),
}
#: The columns that hold technical time (leases, repeat windows, ages): business time is all the rest.
TECHNICAL: Mapping[str, Sequence[str]] = {
    **{f"{service}.{table}": columns for service in SERVICES for table, columns in _MESSAGING.items()},
    "notifications.attempt": ("due_at", "offered_at"),
    "notifications.callback": ("stored_at", "look_at"),
    "notifications.media": ("due_at",),
    "notifications.pace": ("free_at",),
}
_INBOX = "SELECT event_id::text FROM {}.inbox"
_REVISION = "SELECT version_num FROM {}.alembic_version"


class FreezeError(RuntimeError):
    """The release was not stopped in the state that is wanted; the text says what lacks."""


async def _freeze(commit: str, folder: Path) -> None:
    home = folder / "home"
    home.mkdir()
    with postgres_server() as postgres, kafka_server() as kafka:
        async with empty_database(postgres) as url:
            stack = ReleaseStack(
                home, StackDatabase(url, {}), kafka, PREFIX, PARTITIONS, PROVIDER, SETTINGS, tree=folder / "tree"
            )
            conn = await asyncpg.connect(url)
            try:
                async with process_stack(stack):
                    await stack.set_up()
                    await ensure_topics(kafka, PREFIX, PARTITIONS)  # those that came later stay empty
                    for name in stack.ports:
                        await stack.start_process(name)
                    await stack.until_ready(*stack.ports)
                    scenario = Scenario(stack, People(stack), conn)
                    await scenario.run()
                    await _write(commit, scenario)
            finally:
                await conn.close()
                await delete_topics(kafka, PREFIX)


async def _write(commit: str, scenario: Scenario) -> None:
    stack, conn = scenario.stack, scenario.conn
    stopped_at: datetime = await conn.fetchval("SELECT clock_timestamp()")
    records = await take_records(stack.bootstrap, PREFIX, PARTITIONS)
    offsets = await take_offsets(stack.bootstrap, PREFIX)
    await _check(conn, behind(records, offsets))
    frozen.write(frozen.DATABASE, await asyncio.to_thread(_dump, stack.database.admin_url))
    frozen.write(frozen.RECORDS, b"".join(record.line() for record in records))
    frozen.write(frozen.JOURNAL, ORIGIN.sub(HOME, stack.journal_path.read_bytes()))
    frozen.write_manifest(
        frozen.Manifest(
            commit=commit,
            committed_at=committed_at(commit),
            moment=stack.clock.now(),
            stopped_at=stopped_at.astimezone(UTC),
            prefix=PREFIX,
            partitions=PARTITIONS,
            revisions={service: await conn.fetchval(_REVISION.format(service)) for service in SERVICES},
            technical=TECHNICAL,
            offsets=offsets,
            sources=scenario.people.sources,
            outcomes={str(task_id): comment for task_id, comment in scenario.people.outcomes.items()},
            remembered=scenario.remembered,
            poison=scenario.poison,
            leads=list(scenario.leads.values()),
        )
    )


async def _check(conn: Connection, unread: Mapping[str, Sequence[Frozen]]) -> None:
    """Refuse a state that lacks something. Raises FreezeError."""
    faults = [f"there is no {state}" for state in await missing_states(conn)]
    faults += [f"{service} has read everything" for service in SERVICES if not unread.get(service)]
    for group, records in unread.items():
        # The inbox forgets after two weeks: what was applied must be committed as well, or it is applied again.
        known = {row["event_id"] for row in await conn.fetch(_INBOX.format(group))}
        faults += [
            f"{group} applied {event} and did not commit it" for event in known & {r.event_id for r in records}
        ]
    if faults:
        raise FreezeError("; ".join(faults))


def _dump(url: str) -> bytes:
    """Return schema and rows as SQL that needs roles and nothing else; schemas may be there already."""
    options = ["--inserts", "--rows-per-insert=100", "--no-privileges", *(f"--schema={name}" for name in SERVICES)]
    command = [str(binaries() / "pg_dump"), "--dbname", url, *options]
    text = subprocess.run(command, check=True, capture_output=True).stdout
    text = re.sub(rb"^\\(?:un)?restrict .*\n", b"", text, flags=re.MULTILINE)  # words of psql alone
    return re.sub(rb"^CREATE SCHEMA ", b"CREATE SCHEMA IF NOT EXISTS ", text, flags=re.MULTILINE)


def main() -> int:
    """Parse the command line; 1 and one line when the release's packages are others."""
    parser = argparse.ArgumentParser(prog="python -m tests.upgrade.freeze", description=__doc__)
    parser.add_argument("commit")
    parser.add_argument("--anyway", action="store_true", help="run the release on the packages that are here")
    options = parser.parse_args()
    commit = full_commit(options.commit)
    with tempfile.TemporaryDirectory(prefix="dozvon-freeze-") as folder:
        export(commit, Path(folder) / "tree")
        if others := other_packages(Path(folder) / "tree"):
            sys.stderr.write(f"{commit} was locked to other packages: {', '.join(others)}\n")
            if not options.anyway:
                return 1
        asyncio.run(_freeze(commit, Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
