"""Rehearsals of decisions: who would get work now, by the code that decides, and no turn of it kept."""

from datetime import timedelta
from typing import Any

import pytest

from libs.common.contracts.assignment import WorkAssigned, WorkWaiting
from libs.common.contracts.tasks import WorkRequested
from tests.assignment.desk import Desk, requested
from tests.assignment.operators import NOW

Json = dict[str, Any]
TABLES = ("work", "decision", "outbox", "stream", "pool", "seat", "operator")
ADMIN = {"roles": ("admin",)}


async def rehearsed(desk: Desk, work: WorkRequested) -> Json:
    body = {"desk": "demo", "work": work.model_dump(mode="json")}
    return await desk.ok("POST", "/rehearsals?dry_run", body, **ADMIN)


def list_of(value: object) -> list[Json]:
    assert isinstance(value, list)
    return value


async def rows(desk: Desk) -> list[list[str]]:
    """Return all that is stored."""
    query = "SELECT t::text FROM {} t ORDER BY 1"
    return [[row["t"] for row in await desk.ctx.db.pool.fetch(query.format(table))] for table in TABLES]


def judged(candidates: list[Json]) -> list[tuple[str, list[str]]]:
    return [(one["operator_name"], [reason["code"] for reason in one["reasons"]]) for one in candidates]


@pytest.mark.req("U17")
@pytest.mark.parametrize("before", range(1, 5))
async def test_who_is_named_gets_the_work(desk: Desk, before: int) -> None:
    await desk.hire("ann", capacity=3)
    await desk.hire("bob", capacity=3)
    await desk.hire("eve", here=False)
    await desk.receive(*[requested(n) for n in range(10, 10 + before)])
    said = await rehearsed(desk, requested())
    await desk.receive(requested())
    *_, given = await desk.sent(WorkAssigned)
    [decision] = await desk.items(f"/decisions?task_id={given.task_id}", **ADMIN)
    assert (said["operator_id"], said["reason"]["code"]) == (str(given.operator_id), given.reason)
    assert judged(said["candidates"]) == judged(list_of(decision["candidates"]))


@pytest.mark.parametrize("change", [
    {}, {"products": ("course",)}, {"role": "adviser"}, {"due_at": NOW - timedelta(days=1)},
    {"requested_at": NOW + timedelta(days=1)},
])  # fmt: skip
async def test_work_waits_in_a_rehearsal_as_it_would(desk: Desk, change: Json) -> None:
    await desk.hire("ann", here=False)
    said = await rehearsed(desk, requested(**change))
    await desk.receive(requested(**change))
    [waiting] = await desk.sent(WorkWaiting)
    assert (said["operator_id"], said["reason"]["code"]) == (None, "nobody_eligible")
    assert [codes for _, codes in judged(said["candidates"])] == [list(one.reasons) for one in waiting.candidates]


async def test_a_rehearsal_keeps_nothing(desk: Desk) -> None:
    await desk.hire("ann")
    before = await rows(desk)
    first, second = await rehearsed(desk, requested()), await rehearsed(desk, requested(pool="unheard"))
    assert await rows(desk) == before
    assert [said["pool_exists"] for said in (first, second)] == [True, False]


async def test_a_pool_that_nobody_has_made_is_made_by_the_next_real_request(desk: Desk) -> None:
    await rehearsed(desk, requested(pool="unheard"))
    await desk.receive(requested(pool="unheard"))
    assert await desk.waits() == 1


async def test_a_preferred_operator_is_named(desk: Desk) -> None:
    await desk.hire("ann")
    bob = await desk.hire("bob")
    said = await rehearsed(desk, requested(prefer_operator_id=bob))
    assert (said["operator_name"], said["reason"]["code"]) == ("Bob", "preferred_owner")


@pytest.mark.parametrize("version", [0, -1, 2**40, True])
async def test_a_version_that_no_task_has_is_refused(desk: Desk, version: int) -> None:
    body = {"desk": "demo", "work": {**requested().model_dump(mode="json"), "task_version": version}}
    answer = await desk.call("POST", "/rehearsals", body, roles=("admin",))
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_only_an_administrator_of_the_desk_rehearses(desk: Desk) -> None:
    body = {"desk": "demo", "work": requested().model_dump(mode="json")}
    supervisor = await desk.call("POST", "/rehearsals", body)
    elsewhere = await desk.call("POST", "/rehearsals", body, roles=("admin",), desks=("other",))
    assert (supervisor.status_code, elsewhere.status_code) == (403, 404)
