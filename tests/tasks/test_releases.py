"""Tasks leave who leaves, and who gives them back (S2.2, S2.3)."""

import asyncio
from uuid import UUID, uuid4

import pytest

from libs.common.contracts import Cause, tasks
from libs.common.contracts.shared import Presence, TakenWork
from services.tasks.moves import actions
from services.tasks.moves.actions import release_pending
from services.tasks.moves.worker import release_loop
from services.tasks.tasks.actions import take
from tests.support.patience import PATIENCE
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, Desk, operator, pool, proposal
from tests.tasks.test_races import caller
from tests.tasks.turns import one_after_the_other

WAYS: list[tuple[dict[str, object], str]] = [
    ({"presence": Presence.CHECKED_OUT}, "off_shift"),
    ({"away": True}, "away"),
    ({"active": False, "presence": Presence.CHECKED_OUT}, "inactive"),
]
OUT = operator(ANNA_ID, "anna", presence=Presence.CHECKED_OUT, version=2)


async def assigned(desk: Desk, api: Api) -> Json:
    """A pushed call that was given to Anna."""
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    await desk.receive(proposal(task["id"], lead_id))
    return await api.task(lead_id)


async def taken(desk: Desk, api: Api) -> Json:
    task = await assigned(desk, api)
    begun: Json = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    return begun


@pytest.mark.req("U1")
async def test_who_was_given_a_task_before_they_were_known_leaves_it_too(desk: Desk, api: Api) -> None:
    """Topics overtake one another: a proposal may come before the first word of its operator."""
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    await desk.receive(proposal(task["id"], lead_id, operator_id=(stranger := uuid4())))
    await desk.receive(operator(stranger, "vera"), operator(stranger, "vera", active=False, version=2))
    (released,) = await desk.sent(tasks.TaskReleased)
    assert (released.operator_id, released.reason) == (stranger, "inactive")


async def give_back(api: Api, task: Json, sub: str = "anna", role: str = "operator") -> tuple[int, Json]:
    body = {"comment": "не мой клиент"}
    path = f"/tasks/{task['id']}/release"
    answer = await api.call("POST", path, sub=sub, role=role, json=body, version=task["version"])
    return answer.status_code, answer.json()


@pytest.mark.req("S2.2")
@pytest.mark.parametrize(("changes", "reason"), WAYS)
@pytest.mark.req("U1")
async def test_what_was_not_taken_leaves_with_nobody_who_leaves(
    desk: Desk, api: Api, changes: dict[str, object], reason: str
) -> None:
    task = await assigned(desk, api)
    await desk.receive(operator(ANNA_ID, "anna", **changes))
    (released,) = await desk.sent(tasks.TaskReleased)
    assert (released.operator_id, released.taken, released.reason) == (ANNA_ID, False, reason)
    assert (await api.task(UUID(task["lead_id"])))["operator_id"] is None


@pytest.mark.req("U1")
async def test_pushed_work_that_was_released_asks_for_another_operator(desk: Desk, api: Api) -> None:
    task = await assigned(desk, api)
    await desk.receive(OUT)
    again = (await desk.sent(tasks.WorkRequested))[-1]
    assert (str(again.task_id), again.task_version) == (task["id"], task["version"] + 1)


async def test_another_operator_is_accepted_for_it(desk: Desk, api: Api) -> None:
    task = await assigned(desk, api)
    await desk.receive(OUT)
    again = (await desk.sent(tasks.WorkRequested))[-1]
    boris = UUID(int=2)
    await desk.receive(proposal(again.task_id, again.lead_id, again.task_version, boris))
    assert (await api.task(UUID(task["lead_id"])))["operator_id"] == str(boris)


@pytest.mark.parametrize(("rule", "holder"), [(TakenWork.KEEP, str(ANNA_ID)), (TakenWork.RELEASE, None)])
async def test_what_was_taken_follows_the_rule_of_its_pool(
    desk: Desk, api: Api, rule: TakenWork, holder: str | None
) -> None:
    task = await taken(desk, api)
    await desk.receive(pool(taken_work=rule), OUT)
    assert (await api.task(UUID(task["lead_id"])))["operator_id"] == holder


async def test_a_pool_of_which_nothing_was_heard_keeps_what_was_taken(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await desk.receive(OUT)
    assert (await api.task(UUID(task["lead_id"])))["operator_id"] == str(ANNA_ID)


async def test_a_pause_releases_nothing(desk: Desk, api: Api) -> None:
    await assigned(desk, api)
    await desk.receive(operator(ANNA_ID, "anna", presence=Presence.PAUSED))
    assert await desk.sent(tasks.TaskReleased) == []


async def test_a_later_change_of_who_has_left_releases_nothing_again(desk: Desk, api: Api) -> None:
    await desk.receive(OUT)
    await assigned(desk, api)
    await desk.receive(operator(ANNA_ID, "anna", name="Anna-Maria", presence=Presence.CHECKED_OUT, version=3))
    assert await desk.sent(tasks.TaskReleased) == []


async def test_an_event_that_comes_late_releases_nothing(desk: Desk, api: Api) -> None:
    late, now = desk.event(OUT), desk.event(operator(ANNA_ID, "anna", version=3))
    await desk.apply([now])
    await assigned(desk, api)
    await desk.apply([late])
    assert await desk.sent(tasks.TaskReleased) == []


async def test_more_than_one_transaction_moves_are_released_by_the_worker(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST", 2)
    for _ in range(5):
        await assigned(desk, api)
    await desk.receive(OUT)
    counts = [len(await desk.sent(tasks.TaskReleased))]
    while await release_pending(desk.ctx):
        counts.append(len(await desk.sent(tasks.TaskReleased)))
    assert counts == [2, 5]


async def test_the_worker_leaves_alone_what_has_changed_hands_meanwhile(
    desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST", 0)
    task = await assigned(desk, api)
    await desk.receive(OUT)
    await api.call("POST", f"/tasks/{task['id']}/take")
    assert (await release_pending(desk.ctx), await desk.sent(tasks.TaskReleased)) == (1, [])


async def test_the_loop_works_them_off(desk: Desk, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "MOST", 0)
    await assigned(desk, api)
    await desk.receive(OUT)
    stop = asyncio.Event()

    async def look() -> None:
        async with asyncio.timeout(PATIENCE):
            while not await desk.sent(tasks.TaskReleased):
                await asyncio.sleep(0.01)
        stop.set()

    await asyncio.gather(release_loop(desk.ctx)(stop), look())


@pytest.mark.req("U1")
async def test_an_operator_gives_a_task_back_and_is_not_asked_again(desk: Desk, api: Api) -> None:
    status, task = await give_back(api, await taken(desk, api))
    (released,) = await desk.sent(tasks.TaskReleased)
    again = (await desk.sent(tasks.WorkRequested))[-1]
    assert (status, task["operator_id"], task["taken_at"], task["held_since"]) == (200, None, None, None)
    assert (released.reason, released.taken, released.actor) == ("given_back", True, str(ANNA_ID))
    assert again.avoid_operator_id == ANNA_ID


async def test_a_supervisor_takes_a_task_away_and_its_operator_may_be_asked_again(desk: Desk, api: Api) -> None:
    status, _ = await give_back(api, await taken(desk, api), sub="chief", role="supervisor")
    (released,) = await desk.sent(tasks.TaskReleased)
    again = (await desk.sent(tasks.WorkRequested))[-1]
    assert (status, released.reason, released.actor, again.avoid_operator_id) == (200, "taken_away", "chief", None)


@pytest.mark.req("P.3")
async def test_the_timeline_says_who_gave_it_back_and_why(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    await give_back(api, task)
    steps = (await api.call("GET", "/timeline", params={"lead_id": task["lead_id"]})).json()["items"]
    (step,) = [step for step in steps if step["kind"] == tasks.TaskReleased.event_type]
    assert (step["actor_name"], step["facts"]["comment"]) == ("Anna", "не мой клиент")


async def test_a_task_that_is_pulled_goes_back_to_its_lane(desk: Desk, api: Api) -> None:
    task = (await api.call("POST", "/next")).json()["task"] if await desk.lead("callback") else {}
    await give_back(api, task)
    again = (await api.call("POST", "/next", sub="boris")).json()["task"]
    assert (again["id"], again["lane"], again["rank"]) == (task["id"], task["lane"], task["rank"])


@pytest.mark.parametrize("comment", ["", "  ", "..."])
async def test_nobody_gives_a_task_back_without_words(desk: Desk, api: Api, comment: str) -> None:
    task = await taken(desk, api)
    path, body = f"/tasks/{task['id']}/release", {"comment": comment}
    refused = await api.call("POST", path, json=body, version=task["version"])
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "comment_required")


async def test_a_colleague_s_task_cannot_be_given_back(desk: Desk, api: Api) -> None:
    status, _ = await give_back(api, await taken(desk, api), sub="boris")
    assert status == 404


async def test_a_task_that_nobody_has_cannot_be_given_back(desk: Desk, api: Api) -> None:
    status, problem = await give_back(api, await api.task(await desk.lead("callback")))
    assert (status, problem["code"]) == (409, "task_not_held")


async def test_a_stale_version_gives_nothing_back(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    status, problem = await give_back(api, {**task, "version": 1})
    assert (status, problem["current"]["version"]) == (412, task["version"])


async def test_an_ended_task_cannot_be_given_back(desk: Desk, api: Api) -> None:
    ended = (await api.outcome(await taken(desk, api), "reached", call_made=True)).json()
    status, problem = await give_back(api, ended)
    assert (status, problem["code"]) == (409, "task_closed")


async def test_a_supervisor_of_another_desk_takes_nothing_away(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    refused = await api.call(
        "POST",
        f"/tasks/{task['id']}/release",
        role="supervisor",
        desks=("other",),
        json={"comment": "нет"},
        version=1,
    )
    assert refused.status_code == 404


async def test_a_proposal_and_a_check_out_at_once_leave_nothing_with_who_has_gone(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    proposed = proposal(task["id"], lead_id, operator_version=1)
    await one_after_the_other(desk, "process", desk.receive(proposed), desk.receive(OUT))
    assert (await api.task(lead_id))["operator_id"] is None
    assert [event.reason for event in await desk.sent(tasks.TaskReleased)] == ["off_shift"]


@pytest.mark.parametrize("first", ["take", "release"])
async def test_a_take_and_a_release_at_once_are_one_after_the_other(desk: Desk, api: Api, first: str) -> None:
    task = await assigned(desk, api)
    begin = take(desk.ctx, caller("anna"), UUID(task["id"]), Cause.fresh())
    leave = desk.receive(OUT)
    await one_after_the_other(desk, "process", *((begin, leave) if first == "take" else (leave, begin)))
    now = await api.task(UUID(task["lead_id"]))
    assert (now["operator_id"], now["taken_at"] is not None) == (
        (str(ANNA_ID), True) if first == "take" else (None, False)
    )


async def test_somebody_who_is_no_operator_gives_nothing_back(desk: Desk, api: Api) -> None:
    task = await taken(desk, api)
    status, problem = await give_back(api, task, sub=str(uuid4()))
    assert (status, problem["code"]) == (404, "not_found")
