"""One upgrade in place: restored, migrated, started, and every lead brought to its end."""

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from libs.common.messaging.bus.topics import ensure_topics
from libs.common.platform.db.migrations import migrate
from libs.common.platform.db.roles import SERVICES
from libs.common.testkit.database import StackDatabase, empty_database
from tests.support.facts import Answered, Facts
from tests.support.settle import facts_of
from tests.support.stack import ProcessStack, process_stack
from tests.upgrade import frozen
from tests.upgrade.ends import Ends
from tests.upgrade.frozen import Manifest
from tests.upgrade.people import People
from tests.upgrade.records import behind, delete_topics, unread
from tests.upgrade.restore import restore_clock, restore_database, restore_journal, restore_topics

PROVIDER = ("--profile", "kind")
#: What was called before the upgrade and never answered ends at once, instead of in ten minutes.
SETTINGS = {"NOTIFICATIONS_UNKNOWN_AFTER": "60"}


@dataclass(frozen=True)
class Upgrade:
    """An upgrade that is over: what was there before it, and what is there after it.

    `missing`: the states that the frozen release was not stopped in; `unread_before`, `unread`: records by group.
    """

    manifest: Manifest
    stack: ProcessStack
    people: People
    ends: Ends
    missing: Sequence[str]
    unread_before: Mapping[str, int]
    unread: Mapping[str, int]
    facts: Facts


@asynccontextmanager
async def upgraded(postgres_url: str, bootstrap: str, home: Path) -> AsyncIterator[Upgrade]:
    """Upgrade the frozen release in place, and work until nothing is open; all of it goes away with the block."""
    manifest, prefix = frozen.read_manifest(), f"upgrade-{secrets.token_hex(4)}"
    async with empty_database(postgres_url) as url:
        missing = await restore_database(url, manifest, prefix)
        try:
            await restore_topics(bootstrap, manifest, prefix)
            async with process_stack(_stack(home, url, bootstrap, prefix, manifest)) as stack:
                await _start(stack)
                yield await _work(stack, manifest, missing)
        finally:
            await delete_topics(bootstrap, prefix)


def _stack(home: Path, url: str, bootstrap: str, prefix: str, manifest: Manifest) -> ProcessStack:
    restore_clock(home / "clock", manifest)
    database = StackDatabase(url, {})
    stack = ProcessStack(home, database, bootstrap, prefix, manifest.partitions, PROVIDER, SETTINGS)
    restore_journal(stack.journal_path, manifest, f"http://127.0.0.1:{stack.ports['notifications-api']}")
    return stack


async def _start(stack: ProcessStack) -> None:
    """Do what a deployment does: topics, migrations, then the processes."""
    await ensure_topics(stack.bootstrap, stack.prefix, stack.partitions)
    for service in SERVICES:
        await migrate(service, stack.database.url(service))
    for name in stack.ports:
        await stack.start_process(name)
    await stack.until_ready(*stack.ports)


async def _work(stack: ProcessStack, manifest: Manifest, missing: Sequence[str]) -> Upgrade:
    outcomes = {UUID(task_id): comment for task_id, comment in manifest.outcomes.items()}
    people = People(stack, manifest.sources, outcomes)
    ends = Ends(people, manifest)
    await ends.run()
    facts = await facts_of(stack, Answered([UUID(lead_id) for lead_id in ends.lead_ids.values()], people.outcomes))
    before = {group: len(records) for group, records in behind(frozen.read_records(), manifest.offsets).items()}
    left = await unread(stack.bootstrap, stack.prefix, manifest.offsets)
    return Upgrade(manifest, stack, people, ends, missing, before, left, facts)
