"""How many statements a batch takes beside the begin, claim and commit of the consumer: they cannot grow unseen."""

from asyncpg.connection import LoggedQuery

from libs.common.contracts import EventData
from libs.common.contracts.assignment import WorkAssigned
from libs.common.messaging.inbox import UseCase
from services.assignment.offers.actions import work_events
from tests.assignment.desk import Desk, assigned, completed, declined, handed, released, requested, taken

#: Updates of offers, and those of them for which no index had to be written.
UPDATES = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'work'"


async def statements(desk: Desk, use_case: UseCase, *payloads: EventData) -> list[str]:
    """Apply events as one batch and return the first words of the statements."""
    found: list[str] = []

    def log(query: LoggedQuery) -> None:
        found.append(query.query)

    async with desk.ctx.db.begin() as tx:
        with tx.conn.query_logger(log):
            await use_case(tx, [desk.received(each) for each in payloads])
        await tx.commit()
    return found


async def warm(desk: Desk, *names: str) -> UseCase:
    """Return a use case that has had work of the pool before."""
    use_case = work_events(desk.ctx)
    for name in names:
        await desk.hire(name)
    await statements(desk, use_case, requested(100))
    return use_case


async def test_requests_are_read_by_one_statement_and_written_and_told_by_another(desk: Desk) -> None:
    use_case = await warm(desk, "ann", "bob", "cid")
    for batch in ([requested(1)], [requested(n) for n in range(2, 40)]):
        read, write = await statements(desk, use_case, *batch)
        said = "FOR NO KEY UPDATE" in read, "INSERT INTO work" in write, "INTO outbox" in write
        assert said == (True, True, True)


async def test_what_tasks_accepts_takes_no_statement(desk: Desk) -> None:
    use_case = await warm(desk, "ann")
    [proposal] = await desk.sent(WorkAssigned)
    assert await statements(desk, use_case, assigned(100, proposal)) == []
    assert len(await statements(desk, use_case, requested(1), assigned(100, proposal))) == 2


async def test_a_decline_or_a_release_takes_a_look_at_what_waits(desk: Desk) -> None:
    use_case = await warm(desk, "ann", "bob")
    await statements(desk, use_case, requested(1))
    _, second = await desk.sent(WorkAssigned)
    for event in (declined((await desk.sent(WorkAssigned))[0]), released(1, second.operator_id)):
        assert len(await statements(desk, use_case, event)) == 3


async def test_an_end_gives_out_what_waits_after_one_look(desk: Desk) -> None:
    ann = await desk.hire("ann", capacity=1)
    use_case = work_events(desk.ctx)
    await statements(desk, use_case, requested(1), requested(2))
    read, look, _ = await statements(desk, use_case, completed(1, ann))
    assert ("FOR NO KEY UPDATE" in read, "ORDER BY w.due_at" in look) == (True, True)


async def test_a_pool_is_looked_up_once(desk: Desk) -> None:
    use_case = await warm(desk)
    first, again = [len(await statements(desk, use_case, requested(n, pool="night"))) for n in (1, 2)]
    assert (first, again) == (5, 2)


async def test_what_is_remembered_of_a_pool_never_hides_a_change_of_it(desk: Desk) -> None:
    use_case = await warm(desk, "ann")
    await statements(desk, use_case, *[requested(n) for n in range(1, 40)])
    await desk.set_share(1)
    ann = await desk.hire("bob")
    assert (await desk.given())[ann] == 1


async def test_an_id_that_is_no_longer_in_the_database_is_looked_up_again(desk: Desk) -> None:
    use_case = work_events(desk.ctx)
    await statements(desk, use_case, requested(1, pool="night"))
    await desk.ctx.db.pool.execute("TRUNCATE work, decision")
    await desk.ctx.db.pool.execute("DELETE FROM pool WHERE code = 'night'")
    await statements(desk, use_case, requested(1, pool="night"))
    assert (await desk.states(), [each["pool"] for each in await desk.items("/work")]) == (["waiting"], ["night"])


async def test_the_id_of_a_pool_that_was_rolled_back_is_not_remembered(desk: Desk) -> None:
    use_case = work_events(desk.ctx)
    async with desk.ctx.db.begin() as tx:
        await use_case(tx, [desk.received(requested(1, pool="night"))])
    assert len(await statements(desk, use_case, requested(1, pool="night"))) > 3


async def test_taking_work_writes_no_index(desk: Desk) -> None:
    ann, use_case = await desk.hire("ann", capacity=100), work_events(desk.ctx)
    # So few that all their versions stand in one page: pruning waits for anybody's older snapshot.
    await desk.receive(*[requested(n) for n in range(1, 10)])
    before = await desk.ctx.db.pool.fetchrow(UPDATES) or (0, 0)
    for number in range(1, 10):
        async with desk.ctx.db.begin() as tx:
            await use_case(tx, [desk.received(taken(number, ann))])
            await tx.conn.execute("SELECT pg_stat_force_next_flush()")
            await tx.commit()
    after = await desk.ctx.db.pool.fetchrow(UPDATES) or (0, 0)
    assert [later - earlier for earlier, later in zip(before, after, strict=True)] == [9, 9]


async def test_a_task_that_was_given_to_its_person_counts_though_nobody_was_asked(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(handed(1, ann))
    assert ((await desk.ok("GET", f"/operators/{ann}"))["open_work"], await desk.states()) == (1, ["held"])
