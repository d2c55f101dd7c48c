"""Active playbooks are published at activation, and once those of an earlier release."""

import asyncio

import pytest

from libs.common.contracts.desks import PlaybookActivatedV2
from libs.common.contracts.shared import Stage
from services.tasks.playbooks.actions import announce
from services.tasks.playbooks.worker import announcing_loop
from tests.support.patience import PATIENCE
from tests.tasks.client import Api
from tests.tasks.desk import Desk
from tests.tasks.support import LIBRARY

# As it left them: it knows nothing of the columns.
EARLIER_RELEASE = "UPDATE playbook_activation SET announced_version = NULL, announced_whole = NULL"
EARLIER_ACTIVATION = "UPDATE playbook_activation SET version = 2 WHERE code = 'school'"
SEQUENCES = "SELECT sequence FROM outbox WHERE key = 'desk:demo' ORDER BY id"


async def published(desk: Desk) -> list[tuple[str, str, int]]:
    return [(data.desk, data.code, data.version) for data in await desk.sent(PlaybookActivatedV2)]


async def test_an_activation_publishes_first_status_pools_and_lanes(desk: Desk) -> None:
    _, school = await desk.sent(PlaybookActivatedV2)
    assert (school.desk, school.code, school.pools) == (
        "demo",
        "school",
        ("payments", "platform", "sales"),
    )
    assert school.lanes[:5] == ("answers", "promised", "soon", "fresh", "late")
    assert school.first_status is not None
    assert (school.first_status.code, school.first_status.title.en, school.first_status.stage) == (
        "new",
        "New",
        Stage.NEW,
    )


async def test_activating_an_active_playbook_publishes_nothing(desk: Desk, api: Api) -> None:
    before = await published(desk)
    await desk.furnish((LIBRARY / "school.yaml").read_text(encoding="utf-8"))
    await api.call("POST", "/playbooks/school/activate", role="supervisor", json={"version": 1, "desk": "demo"})
    assert (await announce(desk.ctx), await published(desk)) == (0, before)


@pytest.mark.req("P.1")
async def test_what_an_earlier_release_activated_is_published_once(desk: Desk) -> None:
    await desk.ctx.db.pool.execute(EARLIER_RELEASE)
    assert [await announce(desk.ctx) for _ in range(2)] == [2, 0]
    assert sorted((await published(desk))[2:]) == [("demo", "callback", 1), ("demo", "school", 1)]


async def test_what_an_earlier_release_activates_beside_this_one_is_published_too(desk: Desk, api: Api) -> None:
    school = (LIBRARY / "school.yaml").read_text(encoding="utf-8")
    await api.call("POST", "/playbooks", role="admin", content=f"{school}\n# again\n")
    await desk.ctx.db.pool.execute(EARLIER_ACTIVATION)
    await announce(desk.ctx)
    assert (await published(desk))[2:] == [("demo", "school", 2)]


async def test_two_workers_publish_it_once(desk: Desk) -> None:
    await desk.ctx.db.pool.execute(EARLIER_RELEASE)
    assert sum(await asyncio.gather(announce(desk.ctx), announce(desk.ctx))) == 2


async def test_a_later_publication_continues_the_desk_s_sequence(desk: Desk) -> None:
    await desk.ctx.db.pool.execute(EARLIER_RELEASE)
    await announce(desk.ctx)
    sequences = [row["sequence"] for row in await desk.ctx.db.pool.fetch(SEQUENCES)]
    assert sequences == [*range(1, len(sequences) + 1)]


async def test_the_worker_publishes_it_when_it_starts(desk: Desk) -> None:
    await desk.ctx.db.pool.execute(EARLIER_RELEASE)
    stop = asyncio.Event()

    async def look() -> None:
        async with asyncio.timeout(PATIENCE):
            while len(await published(desk)) < 4:
                await asyncio.sleep(0.01)
        stop.set()

    await asyncio.gather(announcing_loop(desk.ctx)(stop), look())
