"""Each checker catches a bug in the results of a real run: rows, the stand-in's journal, records of a topic.

One small run; each bug is undone by a rollback or made in a copy.
"""

import random
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer

from deploy.local.under_way import Connection, Topics
from deploy.standins.journal import Entry, Journal
from libs.common.messaging.bus.ports import Record
from libs.common.messaging.bus.topics import ensure_topics
from libs.common.testkit.database import StackDatabase, database_copy
from tests.support import checks
from tests.support.customers import Customers, make_room
from tests.support.facts import Answered, Facts, Journals, collect
from tests.support.settle import facts_of, settle
from tests.support.stack import ProcessStack, process_stack
from tests.support.staff import Staff
from tests.support.topics import EventFact, read_topics

pytestmark = [pytest.mark.servers, pytest.mark.timeout(120)]

LOST, OWNED = checks.nothing_accepted_is_lost, checks.every_open_task_is_owned_or_waits
STEP, ENDS = checks.every_live_lead_has_a_next_step, checks.every_task_ends_once_as_answered
ASKED_FOR, SENT = checks.every_message_asked_for_is_an_intent, checks.every_intent_is_settled_and_sent_once
ORDER, LEFT = checks.events_of_a_key_are_in_sequence, checks.nothing_is_left_behind

SOME_TASK = "(SELECT id FROM tasks.task WHERE state = 'active' AND operator_id IS NOT NULL ORDER BY id LIMIT 1)"
ROWS: dict[str, tuple[checks.Checker, str]] = {
    "a lead was rolled back after its answer": (
        LOST,
        "DELETE FROM intake.lead WHERE id = (SELECT min(id::text)::uuid FROM intake.lead)",
    ),
    "a process was not begun": (
        LOST,
        "DELETE FROM tasks.process WHERE id = (SELECT min(id::text)::uuid FROM tasks.process)",
    ),
    "an event was applied twice": (
        LOST,
        """
        CREATE TEMP TABLE again ON COMMIT DROP AS SELECT * FROM tasks.process LIMIT 1;
        UPDATE again SET id = gen_random_uuid();
        ALTER TABLE tasks.process DROP CONSTRAINT uq_process_lead_id;
        DROP INDEX tasks.uq_process_live;
        INSERT INTO tasks.process SELECT * FROM again
        """,
    ),
    "a task was dropped": (STEP, f"DELETE FROM tasks.task WHERE id = {SOME_TASK}"),
    "a task lost its owner": (
        OWNED,
        f"UPDATE tasks.task SET operator_id = NULL, assigned_at = NULL, decision_id = NULL WHERE id = {SOME_TASK}",
    ),
    "a task was never offered": (
        OWNED,
        f"""
        DELETE FROM assignment.work WHERE task_id = {SOME_TASK};
        UPDATE tasks.task SET operator_id = NULL, assigned_at = NULL, decision_id = NULL, offered_at = NULL
        WHERE id = {SOME_TASK}
        """,
    ),
    "assignment has another operator": (
        OWNED,
        f"""
        UPDATE assignment.work w SET operator_id = o.id FROM assignment.operator o
        WHERE w.task_id = {SOME_TASK} AND o.id <> w.operator_id
        """,
    ),
    "assignment ended the work": (
        OWNED,
        f"UPDATE assignment.work SET state = 'ended', operator_id = NULL, decision_id = NULL, turn_start = NULL,"
        f" turn_cost = NULL WHERE task_id = {SOME_TASK}",
    ),
    "an outcome was written over": (ENDS, "UPDATE tasks.task SET comment = 'other words' WHERE state <> 'active'"),
    "an outcome was rolled back after its answer": (
        ENDS,
        "DELETE FROM tasks.task WHERE comment LIKE 'поговорили%'",
    ),
    "an intent was dropped": (ASKED_FOR, "DELETE FROM notifications.message"),
    "an intent was forgotten": (SENT, "UPDATE notifications.message SET state = 'accepted'"),
    "an attempt was not recorded": (SENT, "DELETE FROM notifications.attempt"),
    "an event was not relayed": (ORDER, "UPDATE tasks.stream SET version = version + 1 WHERE key LIKE 'lead:%'"),
    "an event was parked": (
        LEFT,
        """
        INSERT INTO tasks.parked (topic, partition, "offset", event_id, type, key, sequence, desk, time, headers,
                                  body, error, state)
        VALUES ('t', 0, 0, gen_random_uuid(), 'x', 'k', 1, 'demo', now(), '{}', '', 'why', 'failed')
        """,
    ),
}


@dataclass
class Run:
    """A settled run and its results."""

    stack: ProcessStack
    customers: Customers
    conn: Connection
    answered: Answered
    records: Sequence[Record]

    async def facts(self, journal: Path | None = None, events: Sequence[EventFact] | None = None) -> Facts:
        """Collect the facts, by another journal or other events where they are given."""
        told = events or [EventFact.of(r) for r in self.records]
        with closing(Journal(journal or self.stack.journal_path)) as kept, closing(Journal()) as no_mail:
            return await collect(self.conn, Journals(kept, no_mail), told, self.answered)


@pytest_asyncio.fixture(scope="module")
async def run(
    postgres_url: str,
    kafka_bootstrap: str,
    template_db: StackDatabase,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Run]:
    """Twelve orders, some of them worked."""
    async with database_copy(postgres_url, template_db) as database:
        stack = ProcessStack(tmp_path_factory.mktemp("run"), database, kafka_bootstrap, "checked")
        async with process_stack(stack):
            desk = await stack.start()
            await make_room(stack)
            customers = Customers(stack.client, desk, "checked")
            staff = Staff(stack.client, desk.operators, seed=1)
            await customers.post_many(12)
            await settle(stack)
            for subject in desk.operators:
                await staff.work_one(subject, random.Random(subject))  # noqa: S311 - repeatable
            answered = Answered(customers.lead_ids(), staff.outcomes)
            await settle(stack)
            conn = await asyncpg.connect(database.admin_url)
            yield Run(stack, customers, conn, answered, await read_topics(stack.topics))
            await conn.close()


async def test_a_sound_run_passes_every_checker(run: Run) -> None:
    facts = await run.facts()
    assert checks.violations(facts, [*checks.CHECKERS, checks.nothing_is_stored_unasked]) == []
    assert (len(facts.answered.leads), len(facts.answered.outcomes)) == (12, 3)


@pytest.mark.parametrize("bug", ROWS)
async def test_a_checker_catches_a_bug_in_the_rows(run: Run, bug: str) -> None:
    checker, statement = ROWS[bug]
    transaction = run.conn.transaction()
    await transaction.start()
    try:
        await run.conn.execute("SET LOCAL session_replication_role = replica")  # no foreign key stops a bug
        await run.conn.execute(statement)
        assert checker(await run.facts()) != []
    finally:
        await transaction.rollback()


Resend = Callable[[Entry], Entry]


def blind_resend(entry: Entry) -> Entry:
    return replace(entry, message_id="again", crm_message_id="a-new-key")


def resend_past_the_window(entry: Entry) -> Entry:
    return replace(entry, message_id="again")


@pytest.mark.parametrize("resend", [blind_resend, resend_past_the_window])
async def test_a_second_send_in_the_journal_is_caught(run: Run, tmp_path: Path, resend: Resend) -> None:
    copy = Path(shutil.copy(run.stack.journal_path, tmp_path))
    with closing(Journal(copy)) as journal:
        journal.accepted(resend(next(iter(journal.entries.values()))))
    assert SENT(await run.facts(journal=copy)) != []


async def test_two_records_the_other_way_round_are_caught(run: Run) -> None:
    topics = replace(run.stack.topics, prefix="inverted")
    records, place = list(run.records), ("checked.tasks", f"lead:{run.answered.leads[0]}".encode())
    first, second, *_ = [n for n, record in enumerate(records) if (record.topic, record.key) == place]
    records[first], records[second] = records[second], records[first]
    await publish(topics, records)
    events = [EventFact.of(record) for record in await read_topics(topics)]
    assert len(ORDER(await run.facts(events=events))) >= 2


async def publish(topics: Topics, records: Sequence[Record]) -> None:
    """Write records once more, to the same partitions of other topics."""
    await ensure_topics(topics.bootstrap, topics.prefix, topics.partitions)
    async with AIOKafkaProducer(bootstrap_servers=topics.bootstrap) as producer:
        for record in records:
            owner = record.topic.rpartition(".")[2]
            await producer.send(
                f"{topics.prefix}.{owner}", record.value, record.key, record.partition, headers=list(record.headers)
            )


async def test_an_outbox_row_dropped_before_it_was_sent_is_caught(run: Run) -> None:
    """The last test: its effects cannot be undone."""
    await run.stack.halt("intake-worker")
    await run.customers.post()
    left = LEFT(await run.facts())
    await run.conn.execute("DELETE FROM intake.outbox")
    await run.stack.start_process("intake-worker")
    facts = await facts_of(run.stack, run.answered)
    assert len(left) == 1
    assert [len(checker(facts)) for checker in (LOST, ORDER, checks.nothing_is_stored_unasked)] == [1, 1, 1]
