"""Pools and decisions over HTTP: turns, waiting work, reasons."""

import asyncio

import pytest

from libs.common.testkit.database import BLOCKED
from services.assignment.decisions.schemas import DecisionView
from services.assignment.pools.schemas import PoolView
from tests.assignment.desk import BOSS, Desk, completed, lead_id, requested, task_id
from tests.assignment.operators import NOW
from tests.support.patience import eventually


async def one_decision(desk: Desk, path: str, **options: object) -> DecisionView:
    [decision] = await desk.items(path, **options)
    return DecisionView.model_validate(decision)


async def test_a_pool_shows_its_queue_and_what_waits(desk: Desk) -> None:
    await desk.hire("ann", capacity=1)
    await desk.receive(requested(1), requested(2), requested(3))
    pool = PoolView.model_validate(await desk.ok("GET", "/pools/callback"))
    assert [(seat.name, seat.turns, seat.virtual_time, seat.open_work) for seat in pool.seats] == [
        ("Ann", 1, 1.0, 1)
    ]
    assert (pool.waiting.count, pool.waiting.oldest_at) == (2, NOW)


async def test_a_pools_title_is_in_the_callers_language(desk: Desk) -> None:
    titles = [
        (await desk.ok("GET", "/pools/callback", headers={"accept-language": tag}))["title"] for tag in ("ru", "en")
    ]
    assert titles == ["Звонки", "Calls"]


async def test_a_known_code_is_a_conflict_in_its_desk_alone(desk: Desk) -> None:
    body = {"desk": "demo", "code": "callback", "title": {"ru": "Х", "en": "X"}}
    assert (await desk.call("POST", "/pools", body)).json()["code"] == "already_exists"
    assert (await desk.call("POST", "/pools", {**body, "desk": "b"}, desks=("b",))).status_code == 201


async def test_a_code_of_several_desks_needs_the_desk(desk: Desk) -> None:
    body = {"desk": "b", "code": "callback", "title": {"ru": "Х", "en": "X"}}
    await desk.ok("POST", "/pools", body, roles=("admin",))
    assert (await desk.call("GET", "/pools/callback", roles=("admin",))).status_code == 422
    assert (await desk.ok("GET", "/pools/callback?desk=b", roles=("admin",)))["desk"] == "b"


async def test_a_pool_is_changed_against_its_version(desk: Desk) -> None:
    first = await desk.call("PATCH", "/pools/callback", {"role": "adviser"}, headers={"if-match": '"1"'})
    stale = await desk.call("PATCH", "/pools/callback", {"role": "x"}, headers={"if-match": '"1"'})
    assert (first.json()["role"], first.headers["etag"], stale.status_code) == ("adviser", '"2"', 412)


async def test_who_lost_a_race_is_told_what_the_other_has_made_of_the_pool(desk: Desk) -> None:
    seen, pool = {"if-match": '"1"'}, desk.ctx.db.pool
    async with pool.acquire() as first, first.transaction():
        await first.execute("UPDATE pool SET role = 'adviser', version = 2 WHERE code = 'callback'")
        second = asyncio.create_task(desk.call("PATCH", "/pools/callback", {"role": "x"}, headers=seen))
        await eventually(lambda: pool.fetchval(BLOCKED), lambda blocked: bool(blocked) or second.done())
    stale = await second
    assert (stale.status_code, stale.headers["etag"], stale.json()["current"]["role"]) == (412, '"2"', "adviser")


async def test_a_conflict_shows_the_changes_of_ones_own_desk_s_pool(desk: Desk) -> None:
    titles, seen = {"title": {"ru": "Х", "en": "X"}}, {"if-match": '"1"'}
    await desk.ok("POST", "/pools", {"desk": "b", "code": "callback", **titles}, desks=("b",))
    await desk.ok("PATCH", "/pools/callback", titles, sub="stranger", desks=("b",), headers=seen)
    await desk.ok("PATCH", "/pools/callback?desk=demo", titles, headers=seen)
    stale = (await desk.call("PATCH", "/pools/callback", titles, headers=seen)).json()
    assert [each["by"] for each in stale["changes"]] == [BOSS]


async def test_a_foreign_pool_does_not_exist(desk: Desk) -> None:
    assert (await desk.call("GET", "/pools/callback", desks=("other",))).status_code == 404
    assert (await desk.ok("GET", "/pools", desks=("other",)))["items"] == []


@pytest.mark.req("P.6")
@pytest.mark.parametrize("path", ["/pools", "/pools/callback"])
async def test_operators_do_not_see_their_colleagues_queue(desk: Desk, path: str) -> None:
    assert (await desk.call("GET", path, sub="ann", roles=("operator",))).status_code == 403
    assert (await desk.call("GET", path, sub="tasks", roles=("service",))).status_code == 200


@pytest.mark.req("P.3")
async def test_a_decision_names_every_candidate_and_why_not(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.hire("bob", here=False)
    await desk.receive(requested(1))
    decision = await one_decision(desk, f"/decisions?lead_id={lead_id(1)}")
    why = {each.operator_name: [reason.title for reason in each.reasons] for each in decision.candidates}
    assert why == {"Ann": [], "Bob": ["не на смене"]}
    assert (decision.operator_name, decision.reason.title) == ("Ann", "его очередь")


@pytest.mark.req("P.3")
async def test_waiting_is_a_decision_too(desk: Desk) -> None:
    await desk.receive(requested(1))
    headers = {"accept-language": "en"}
    decision = await one_decision(desk, f"/decisions?task_id={task_id(1)}", headers=headers)
    assert (decision.operator_id, decision.reason.code) == (None, "nobody_eligible")
    assert decision.reason.title == "nobody can take it, the work waits"


async def test_decisions_come_latest_first_page_by_page(desk: Desk) -> None:
    ann = await desk.hire("ann")
    await desk.receive(*[requested(n) for n in range(1, 6)])
    first = await desk.ok("GET", f"/decisions?operator_id={ann}&limit=3")
    rest = await desk.ok("GET", f"/decisions?operator_id={ann}&limit=3&cursor={first['next_cursor']}")
    shown = [each["task_id"] for page in (first, rest) for each in page["items"]]  # type: ignore[attr-defined] # JSON
    assert shown == [str(task_id(n)) for n in range(5, 0, -1)]


@pytest.mark.req("P.6")
async def test_operators_see_their_own_decisions_and_work_alone(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.hire("bob")
    await desk.receive(requested(1), requested(2))
    for path in ("/decisions", "/work?state=held"):
        seen = await desk.items(path, sub="bob", roles=("operator",))
        assert [each["task_id"] for each in seen] == [str(task_id(2))]


async def test_waiting_work_is_listed_by_deadline(desk: Desk) -> None:
    await desk.receive(requested(3), requested(1), requested(2), completed(3, None))
    first = await desk.ok("GET", "/work?pool=callback&limit=1")
    rest = await desk.ok("GET", f"/work?pool=callback&cursor={first['next_cursor']}")
    shown = [each["task_id"] for page in (first, rest) for each in page["items"]]  # type: ignore[attr-defined] # JSON
    assert shown == [str(task_id(1)), str(task_id(2))]


@pytest.mark.req("U12")
@pytest.mark.parametrize("path", ["/decisions", "/work?state=held", "/shifts", "/operators", "/pools"])
async def test_a_list_is_narrowed_to_a_desk(desk: Desk, path: str) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1))
    join = "&" if "?" in path else "?"
    both = [await desk.items(f"{path}{join}desk={code}", roles=("admin",)) for code in ("demo", "ux")]
    assert [len(found) for found in both] == [1, 0]


@pytest.mark.req("U23", "P.6")
@pytest.mark.parametrize("path", ["/decisions", "/work?state=held", "/shifts", "/operators", "/pools"])
async def test_an_administrator_sees_the_desks_of_their_token(desk: Desk, path: str) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1))
    seen = [await desk.items(path, roles=("admin",), desks=(code,)) for code in ("demo", "ux")]
    assert [len(found) for found in seen] == [1, 0]


@pytest.mark.req("U12", "P.6")
@pytest.mark.parametrize("path", ["/decisions", "/work?state=held", "/shifts"])
async def test_a_desk_that_is_asked_for_shows_no_more_than_the_token(desk: Desk, path: str) -> None:
    await desk.hire("ann")
    await desk.receive(requested(1))
    join = "&" if "?" in path else "?"
    assert await desk.items(f"{path}{join}desk=demo", desks=("ux",)) == []


async def test_the_service_is_ready_when_its_schema_is(desk: Desk) -> None:
    answer = await desk.call("GET", "http://test/assignment/readyz")
    assert answer.json() == {"status": "ready"}
