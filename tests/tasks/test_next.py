"""`next`: how it finds the first task, what it costs, and what is left behind with its commit (S4.5)."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import product
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from libs.common.platform.db import Database
from libs.common.testkit.database import BLOCKED
from services.tasks.operators.queries import profile_of
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.lanes import Lane
from services.tasks.playbooks.terms import Holder, Title
from services.tasks.queues import store
from services.tasks.queues.rules import Queue
from tests.support.cycles import left_in_cycles
from tests.support.patience import PATIENCE, eventually
from tests.tasks.client import Api, Json, api_of
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, lead, operator

MANAGERS = 20
KINDS = ("fresh", "again", "answers")
#: Every shape that a statement has its own text or branch for.
LANES = tuple(
    Lane("some", Title("Ряд", "Row"), 1, holder, of, newest, window, attempts)
    for holder, of, newest in product(Holder, ((), KINDS[:1], KINDS), (False, True))
    for window, attempts in ((None, None), ((timedelta(), timedelta(hours=3)), (0, 1)))
)
# What a task may be: moved about so that every condition holds of some and not of others.
MIXED = """
UPDATE task t SET lane = ($2::text[])[1 + n % 3], rank = n % 2, important = n % 7 = 0, attempt = 1 + n % 3,
    received_at = t.received_at - n * interval '9 minutes', due_at = t.due_at + n * interval '2 minutes',
    offer_from = t.due_at - n % 5 * interval '30 minutes',
    mode = CASE WHEN n % 5 < 2 THEN 'push' ELSE 'pull' END, role = CASE WHEN n % 13 = 0 THEN 'chief' ELSE role END,
    pool = CASE WHEN n % 6 = 0 THEN 'callback' ELSE 'sales' END,
    products = CASE WHEN n % 9 = 0 THEN '["other"]'::jsonb ELSE '["course"]' END,
    operator_id = ($3::uuid[])[1 + n % 4], taken_at = CASE WHEN n % 8 = 0 THEN t.opened_at END
FROM unnest($1::uuid[]) WITH ORDINALITY AS m(id, n) WHERE t.id = m.id
"""


async def world(desk: Desk) -> None:
    """Fill the desk with tasks of many kinds; each fourth is Anna's, each fourth Boris'."""
    came = [desk.clock.now() - timedelta(minutes=n) for n in range(120)]
    await desk.receive(*(lead("callback", received_at=at) for at in came))
    ids = sorted((each.task_id for each in await desk.tasks()), key=lambda each: each.bytes[::-1])
    async with desk.ctx.db.pool.acquire() as conn, conn.transaction():
        await conn.execute("ALTER TABLE task DISABLE TRIGGER USER")
        await conn.execute(MIXED, ids, list(KINDS), [ANNA_ID, BORIS_ID, None, None])
        await conn.execute("ALTER TABLE task ENABLE TRIGGER USER")


def may_take(row: asyncpg.Record, who: OperatorProfile, pullable: Collection[str]) -> bool:
    """Return whether a listed task may be given, by the rules (S1.2)."""
    mine, free = row["operator_id"] == who.id, row["operator_id"] is None
    fits = row["role"] in who.roles and row["pool"] in who.pools and who.products >= set(row["products"])
    return (
        fits and row["taken_at"] is None and (mine or (free and row["mode"] != "push" and row["pool"] in pullable))
    )


@pytest.mark.req("S1.2", "S4.5")
@pytest.mark.parametrize("pullable", [("sales", "callback"), ("callback",), ()], ids=len)
async def test_the_first_of_each_lane_is_the_first_of_its_list_that_may_be_taken(
    desk: Desk, pullable: Sequence[str]
) -> None:
    await world(desk)
    async with desk.ctx.db.begin() as tx:
        row = await tx.conn.fetchrow("SELECT * FROM operator WHERE id = $1", ANNA_ID)
        assert row is not None
        anna = replace(profile_of(row), products=frozenset({"course"}))
        for lane in LANES:
            queue = Queue("demo", "Europe/Moscow", lane, (("callback", 1),))
            rows = await store.tasks(tx.conn, queue, ANNA_ID, desk.ctx.now(), 1000, None)
            expected = [each["id"] for each in rows if may_take(each, anna, pullable)]
            found = await store.first_of(tx.conn, [queue], anna, {"demo": pullable}, desk.ctx.now())
            assert ([found.task_id] if found else []) == expected[:1], lane


async def test_of_several_lanes_the_first_that_has_any_is_read(desk: Desk) -> None:
    await world(desk)
    async with desk.ctx.db.begin() as tx:
        row = await tx.conn.fetchrow("SELECT * FROM operator WHERE id = $1", ANNA_ID)
        assert row is not None
        queues = [
            Queue("demo", "Europe/Moscow", replace(LANES[0], code=code, of=()), (("callback", number),))
            for code, number in (("none", 1), ("again", 2), ("again", 1), ("fresh", 1))
        ]
        found = await store.first_of(tx.conn, queues, profile_of(row), {"demo": ("sales",)}, desk.ctx.now())
        assert found is not None
        lane = await tx.conn.fetchval("SELECT lane FROM task WHERE id = $1", found.task_id)
    assert (found.place, lane) == (2, "again")


@pytest_asyncio.fixture
async def crowd(tasks_db: Database) -> AsyncIterator[Desk]:
    """A desk whose service has a connection for each of twenty managers, and one to hold them back."""
    db = await Database.connect(replace(tasks_db.config, pool_size=MANAGERS + 2))
    try:
        async with Desk.opened(db) as desk:
            people = [operator(UUID(int=100 + n), f"manager-{n}") for n in range(MANAGERS)]
            await desk.receive(*people)
            yield desk
    finally:
        await db.close()


async def all_at_once(desk: Desk) -> list[Json]:
    """Let all managers ask when none has begun to look; return their answers."""
    async with api_of(desk) as http:
        api = Api(http)
        async with desk.ctx.db.begin() as tx:
            await tx.conn.execute("SELECT * FROM operator FOR UPDATE")
            running = [asyncio.create_task(api.call("POST", "/next", sub=f"manager-{n}")) for n in range(MANAGERS)]
            async with asyncio.timeout(PATIENCE):
                while await desk.ctx.db.pool.fetchval(BLOCKED) < MANAGERS:
                    await asyncio.sleep(0.01)
            await tx.commit()
        return [answer.raise_for_status().json() for answer in await asyncio.gather(*running)]


@pytest.mark.req("S1.2", "S4.5")
@pytest.mark.parametrize("candidates", [MANAGERS + 5, MANAGERS, 7])
async def test_of_twenty_at_one_instant_none_gets_another_s_and_none_goes_without(
    crowd: Desk, candidates: int
) -> None:
    leads = {str(await crowd.lead("school")) for _ in range(candidates)}
    await crowd.pass_time(timedelta(minutes=20))
    given = [answer["task"]["lead_id"] for answer in await all_at_once(crowd) if answer["task"]]
    assert (len(given), len(set(given)), set(given) <= leads) == (min(candidates, MANAGERS),) * 2 + (True,)


@pytest.mark.req("S4.5")
async def test_what_is_held_at_the_head_of_a_lane_is_passed_over(desk: Desk, api: Api) -> None:
    first, second = [await desk.lead("callback") for _ in range(2)]
    async with desk.ctx.db.begin() as tx:
        await tx.conn.execute("SELECT * FROM process WHERE lead_id = $1 FOR UPDATE", first)
        passed = (await api.call("POST", "/next")).json()["task"]["lead_id"]
    assert (passed, (await api.call("POST", "/next")).json()["task"]["lead_id"]) == (str(second), str(first))


@pytest.mark.req("S1.2")
async def test_a_process_that_changes_while_it_is_looked_for_is_read_as_it_is_when_it_is_locked(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await desk.lead("callback")
    waits = "WHERE pg_advisory_xact_lock_shared(1) IS NOT NULL AND q.free"
    held_back = store.FIRST[False, False].replace("WHERE q.free", waits)
    assert waits in held_back
    monkeypatch.setitem(store.FIRST, (False, False), held_back)
    async with desk.ctx.db.pool.acquire() as other:
        await other.execute("SELECT pg_advisory_lock(1)")
        asking = asyncio.create_task(api.call("POST", "/next"))
        await eventually(lambda: desk.ctx.db.pool.fetchval(BLOCKED), bool)
        await other.execute("""UPDATE process SET person = person || '{"name": "Someone else"}'""")
        await other.execute("SELECT pg_advisory_unlock(1)")
        answer = (await asking).json()
    stored = await desk.ctx.db.pool.fetchval("SELECT person ->> 'name' FROM process")
    assert (answer["task"]["customer"]["name"], stored) == ("Someone else", "Someone else")


@pytest.mark.req("S4.5", "P.6")
async def test_the_answer_is_the_task_as_it_is_read_afterwards(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    answer = (await api.call("POST", "/next", language="en")).json()["task"]
    assert answer == (await api.call("GET", f"/tasks/{answer['id']}", language="en")).json()


@pytest.mark.req("P.7")
async def test_next_is_in_the_audit_log_once_and_with_what_it_commits(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    await desk.ctx.db.pool.execute("ALTER TABLE audit ADD CONSTRAINT nothing CHECK (shown < 0) NOT VALID")
    assert (await api.call("POST", "/next")).status_code == 500
    assert await desk.ctx.db.pool.fetchval("SELECT operator_id FROM task") is None
    await desk.ctx.db.pool.execute("ALTER TABLE audit DROP CONSTRAINT nothing")
    await api.call("POST", "/next")
    rows = await desk.ctx.db.pool.fetch("SELECT operation, caller, shown, whose FROM audit")
    assert [tuple(row) for row in rows] == [("take_next_task", "anna", 1, [f"lead:{lead_id}"])]


async def test_neither_a_lead_nor_next_leaves_anything_to_the_cycle_collector(desk: Desk, api: Api) -> None:
    """It is freed all at once after some hundred calls, and the one that is under way then waits for it."""
    await desk.lead("callback")
    await api.call("POST", "/next")  # what is read once and kept
    with left_in_cycles() as left:
        await desk.lead("callback")
        assert (await api.call("POST", "/next")).json()["task"] is not None
    assert not left


@pytest.mark.parametrize("playbook", ["callback", "school"])
async def test_next_asks_the_database_six_times(desk: Desk, api: Api, playbook: str) -> None:
    """Begin, who asks and what they may be given, the first task, what belongs to it, the one write, commit."""
    await desk.lead(playbook)
    await desk.pass_time(timedelta(minutes=20))
    await api.call("POST", "/next", sub="boris")  # playbooks are compiled
    await desk.lead(playbook)
    await desk.pass_time(timedelta(minutes=20))
    asked: list[str] = []
    async with desk.ctx.db.by_key.acquire() as conn:
        conn.add_query_logger(lambda said: asked.append(said.query))
    assert (await api.call("POST", "/next")).json()["task"] is not None
    assert len(asked) == 6, asked
