"""The queues of versions in use are made once, and anew for other versions (S1.1)."""

from services.tasks.queues import cache
from services.tasks.queues.cache import InUse, QueueCache
from tests.tasks.desk import Desk


async def test_versions_in_use_share_one_list_of_queues(desk: Desk) -> None:
    queues = QueueCache(desk.ctx.playbooks)
    school, callback = (InUse("demo", "Europe/Moscow", code, 1) for code in ("school", "callback"))
    async with desk.ctx.db.begin() as tx:
        alone = await queues.of(tx.conn, [school])
        both = await queues.of(tx.conn, [callback, school])
        assert await queues.of(tx.conn, [school]) is alone
    assert {each.playbooks for each in alone} == {("school",)}
    assert {each.playbooks for each in both} == {("school",), ("callback",)}


async def test_lists_that_were_not_used_for_long_are_forgotten(desk: Desk) -> None:
    queues = QueueCache(desk.ctx.playbooks)
    async with desk.ctx.db.begin() as tx:
        first, *others = [InUse(f"desk-{n}", "Europe/Moscow", "school", 1) for n in range(cache.MOST + 1)]
        made = await queues.of(tx.conn, [first])
        kept = [await queues.of(tx.conn, [each]) for each in others]
        assert await queues.of(tx.conn, [others[-1]]) is kept[-1]
        assert await queues.of(tx.conn, [first]) is not made
