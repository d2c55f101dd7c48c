"""Tasks and leads are given to named operators, passed on, lent and returned over HTTP (S3.5, P.3)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.shared import Presence
from services.tasks.timers.actions import fire_due
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator, proposal
from tests.tasks.turns import one_after_the_other

WHY = "клиент просил"


async def move(
    api: Api,
    task: Json,
    how: str,
    to: UUID | None = None,
    sub: str = "chief",
    role: str = "supervisor",
    **more: object,
) -> tuple[int, Json]:
    body: dict[str, object] = {"comment": WHY, **({"operator_id": str(to)} if to else {}), **more}
    path = f"/tasks/{task['id']}/{how}"
    answer = await api.call("POST", path, sub=sub, role=role, json=body, version=task["version"])
    return answer.status_code, answer.json()


async def own(api: Api, task: Json, how: str, to: UUID | None = None, sub: str = "anna", **more: object) -> Json:
    status, moved = await move(api, task, how, to, sub, "operator", **more)
    assert status == 200, moved
    return moved


async def opened(desk: Desk, api: Api) -> Json:
    return await api.task(await desk.lead("callback"))


async def assigned(desk: Desk, api: Api) -> Json:
    """A pushed call that Anna has."""
    task = await opened(desk, api)
    await desk.receive(proposal(task["id"], task["lead_id"]))
    return await api.task(UUID(task["lead_id"]))


async def lent(desk: Desk, api: Api, hours: int = 2) -> Json:
    """A call of Anna's that Boris has for some hours."""
    until = (desk.clock.now() + timedelta(hours=hours)).isoformat()
    return await own(api, await assigned(desk, api), "lend", BORIS_ID, until=until)


@pytest.mark.req("S3.5")
@pytest.mark.parametrize("held", [True, False])
async def test_a_supervisor_gives_a_task_to_an_operator_by_name(desk: Desk, api: Api, held: bool) -> None:
    task = await (assigned if held else opened)(desk, api)
    status, moved = await move(api, task, "assign", BORIS_ID)
    (told,) = await desk.sent(tasks.TaskReassigned)
    assert (status, moved["operator_id"], moved["taken_at"]) == (200, str(BORIS_ID), None)
    assert (told.from_operator_id, told.to_operator_id, told.reason, told.actor) == (
        ANNA_ID if held else None,
        BORIS_ID,
        "assigned",
        "chief",
    )


async def test_a_request_for_an_operator_is_withdrawn_when_one_is_named(desk: Desk, api: Api) -> None:
    await move(api, await opened(desk, api), "assign", BORIS_ID)
    assert [event.reason for event in await desk.sent(tasks.WorkWithdrawn)] == ["assigned"]


async def test_the_named_operator_owns_the_lead(desk: Desk, api: Api) -> None:
    task = await assigned(desk, api)
    await move(api, task, "assign", BORIS_ID)
    owned = (await desk.sent(tasks.LeadOwnerChanged))[-1]
    assert (owned.from_operator_id, owned.to_operator_id, owned.actor) == (ANNA_ID, BORIS_ID, "chief")


async def test_a_late_proposal_for_what_was_given_by_name_is_declined(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    await move(api, task, "assign", BORIS_ID)
    await desk.receive(proposal(task["id"], task["lead_id"]))
    assert [event.reason for event in await desk.sent(tasks.WorkDeclined)] == ["already_assigned"]


@pytest.mark.req("S3.5")
async def test_an_operator_passes_their_task_on_to_a_colleague(desk: Desk, api: Api) -> None:
    task = await assigned(desk, api)
    moved = await own(api, task, "redirect", BORIS_ID)
    (told,) = await desk.sent(tasks.TaskReassigned)
    assert (moved["operator_id"], told.reason, told.actor) == (str(BORIS_ID), "redirected", str(ANNA_ID))


@pytest.mark.req("P.3")
@pytest.mark.parametrize("how", ["assign", "redirect"])
async def test_the_timeline_says_who_moved_it_and_why(desk: Desk, api: Api, how: str) -> None:
    task = await assigned(desk, api)
    await move(api, task, how, BORIS_ID)
    params = {"lead_id": task["lead_id"]}
    steps = (await api.call("GET", "/timeline", role="supervisor", params=params)).json()["items"]
    found = {step["kind"]: (step["actor"], step["facts"].get("comment")) for step in steps}
    assert found[tasks.TaskReassigned.event_type] == ("chief", WHY)
    assert found[tasks.LeadOwnerChanged.event_type] == ("chief", WHY)


async def test_an_operator_assigns_nothing(desk: Desk, api: Api) -> None:
    status, _ = await move(api, await assigned(desk, api), "assign", BORIS_ID, "anna", "operator")
    assert status == 403


@pytest.mark.parametrize("how", ["redirect", "lend", "return"])
async def test_a_colleague_s_task_is_not_found(desk: Desk, api: Api, how: str) -> None:
    more = {} if how == "return" else {"operator_id": str(ANNA_ID)}
    until = {"until": "2027-01-01T00:00:00Z"} if how == "lend" else {}
    status, _ = await move(api, await assigned(desk, api), how, None, "boris", "operator", **more, **until)
    assert status == 404


@pytest.mark.parametrize("how", ["assign", "redirect"])
async def test_an_unknown_operator_is_named_as_such(desk: Desk, api: Api, how: str) -> None:
    status, problem = await move(api, await opened(desk, api), how, uuid4())
    (fault,) = problem["errors"]
    assert (status, fault["pointer"], fault["code"]) == (422, "/operator_id", "unknown_operator")


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"active": False}, ["inactive"]),
        ({"roles": ("adviser",), "desks": ("cars",)}, ["other_desk", "wrong_role"]),
    ],
)
async def test_an_operator_who_may_not_have_it_is_refused_with_every_reason(
    desk: Desk, api: Api, changes: dict[str, object], reasons: list[str]
) -> None:
    await desk.receive(operator(BORIS_ID, "boris", **changes))
    status, problem = await move(api, await opened(desk, api), "assign", BORIS_ID)
    assert (status, problem["code"], problem["reasons"]) == (409, "operator_unfit", reasons)


async def test_a_supervisor_may_name_somebody_off_shift_and_of_no_pool(desk: Desk, api: Api) -> None:
    await desk.receive(operator(BORIS_ID, "boris", pools=(), products=(), presence=Presence.CHECKED_OUT))
    status, _ = await move(api, await opened(desk, api), "assign", BORIS_ID)
    assert status == 200


@pytest.mark.parametrize("how", ["assign", "redirect"])
async def test_who_has_it_already_is_told_so(desk: Desk, api: Api, how: str) -> None:
    status, problem = await move(api, await assigned(desk, api), how, ANNA_ID)
    assert (status, problem["code"]) == (409, "task_already_theirs")


async def test_an_ended_task_moves_no_more(desk: Desk, api: Api) -> None:
    ended = (await api.outcome(await assigned(desk, api), "reached", call_made=True)).json()
    status, problem = await move(api, ended, "assign", BORIS_ID)
    assert (status, problem["code"]) == (409, "task_closed")


@pytest.mark.parametrize("how", ["assign", "redirect", "lend", "return"])
async def test_a_stale_version_moves_nothing(desk: Desk, api: Api, how: str) -> None:
    task = await assigned(desk, api)
    more = {"until": "2027-01-01T00:00:00Z"} if how == "lend" else {}
    to = None if how == "return" else BORIS_ID
    status, problem = await move(api, {**task, "version": 1}, how, to, **more)
    assert (status, problem["current"]["version"]) == (412, task["version"])


async def test_a_lent_task_is_the_colleague_s_until_its_time(desk: Desk, api: Api) -> None:
    task = await lent(desk, api)
    (told,) = await desk.sent(tasks.TaskLent)
    assert (task["operator_id"], task["lender_id"], task["lent_until"]) == (
        str(BORIS_ID),
        str(ANNA_ID),
        "2026-03-02T11:00:00Z",
    )
    assert (told.from_operator_id, told.to_operator_id, told.until) == (
        ANNA_ID,
        BORIS_ID,
        desk.clock.now() + timedelta(hours=2),
    )


async def test_a_lent_task_returns_by_itself_at_its_time(desk: Desk, api: Api) -> None:
    task = await lent(desk, api)
    await desk.pass_time(timedelta(hours=2))
    (told,) = await desk.sent(tasks.TaskReturned)
    now = await api.task(UUID(task["lead_id"]))
    assert (told.from_operator_id, told.to_operator_id, told.reason) == (BORIS_ID, ANNA_ID, "loan_over")
    assert (now["operator_id"], now["lender_id"], now["lent_until"]) == (str(ANNA_ID), None, None)


async def test_it_does_not_return_before_its_time(desk: Desk, api: Api) -> None:
    await lent(desk, api)
    await desk.pass_time(timedelta(hours=1, minutes=59))
    assert await desk.sent(tasks.TaskReturned) == []


@pytest.mark.parametrize("sub", ["anna", "boris"])
async def test_who_lent_it_and_who_has_it_may_return_it_before(desk: Desk, api: Api, sub: str) -> None:
    task = await lent(desk, api)
    moved = await own(api, task, "return", sub=sub)
    await desk.pass_time(timedelta(hours=3))
    assert moved["operator_id"] == str(ANNA_ID)
    assert [event.reason for event in await desk.sent(tasks.TaskReturned)] == ["handed_back"]


async def test_a_lent_task_goes_to_its_lane_if_who_lent_it_is_not_there(desk: Desk, api: Api) -> None:
    task = await lent(desk, api)
    await desk.receive(operator(ANNA_ID, "anna", presence=Presence.CHECKED_OUT, version=2))
    await desk.pass_time(timedelta(hours=2))
    (told,) = await desk.sent(tasks.TaskReleased)
    assert (told.operator_id, told.reason) == (BORIS_ID, "lender_gone")
    assert (await api.task(UUID(task["lead_id"])))["operator_id"] is None


async def test_a_lent_task_is_back_with_who_lent_it_when_the_colleague_leaves(desk: Desk, api: Api) -> None:
    task = await lent(desk, api)
    await desk.receive(operator(BORIS_ID, "boris", presence=Presence.CHECKED_OUT, version=2))
    (told,) = await desk.sent(tasks.TaskReturned)
    assert (told.to_operator_id, told.reason) == (ANNA_ID, "off_shift")
    assert (await api.task(UUID(task["lead_id"])))["operator_id"] == str(ANNA_ID)


async def test_a_lent_task_that_its_colleague_ends_does_not_return(desk: Desk, api: Api) -> None:
    task = await lent(desk, api)
    await api.outcome(task, "reached", sub="boris", call_made=True)
    await desk.pass_time(timedelta(hours=3))
    assert (await desk.sent(tasks.TaskReturned), len(await desk.sent(tasks.TaskCompleted))) == ([], 1)


async def test_a_lent_task_that_is_given_to_a_third_ends_the_loan(desk: Desk, api: Api) -> None:
    clara = uuid4()
    await desk.receive(operator(clara, "clara"))
    _, moved = await move(api, await lent(desk, api), "assign", clara)
    await desk.pass_time(timedelta(hours=3))
    assert (moved["lender_id"], await desk.sent(tasks.TaskReturned)) == (None, [])


async def test_a_lent_task_that_is_lent_on_returns_to_who_lent_it_first(desk: Desk, api: Api) -> None:
    clara = uuid4()
    await desk.receive(operator(clara, "clara"))
    until = (desk.clock.now() + timedelta(hours=1)).isoformat()
    await own(api, await lent(desk, api), "lend", clara, sub="boris", until=until)
    await desk.pass_time(timedelta(hours=1))
    (told,) = await desk.sent(tasks.TaskReturned)
    assert (told.from_operator_id, told.to_operator_id) == (clara, ANNA_ID)


async def test_lending_leaves_the_owner_as_it_is(desk: Desk, api: Api) -> None:
    await lent(desk, api)
    assert await desk.sent(tasks.LeadOwnerChanged) == []


async def test_a_loan_ends_in_the_future(desk: Desk, api: Api) -> None:
    now = desk.clock.now().isoformat()
    status, problem = await move(api, await assigned(desk, api), "lend", BORIS_ID, until=now)
    assert (status, problem["errors"][0]["code"]) == (422, "in_past")


@pytest.mark.parametrize(("how", "code"), [("lend", "task_not_held"), ("return", "task_not_lent")])
async def test_what_nobody_has_is_neither_lent_nor_returned(desk: Desk, api: Api, how: str, code: str) -> None:
    more = {"until": "2027-01-01T00:00:00Z"} if how == "lend" else {}
    status, problem = await move(api, await opened(desk, api), how, BORIS_ID if more else None, **more)
    assert (status, problem["code"]) == (409, code)


async def test_nobody_lends_a_task_to_themselves_or_back_to_its_lender(desk: Desk, api: Api) -> None:
    until = {"until": "2027-01-01T00:00:00Z"}
    first = await move(api, await assigned(desk, api), "lend", ANNA_ID, **until)
    second = await move(api, await lent(desk, api), "lend", ANNA_ID, **until)
    assert {(status, problem["code"]) for status, problem in (first, second)} == {(409, "task_already_theirs")}


async def test_what_a_supervisor_takes_away_goes_to_its_lane_though_it_was_lent(desk: Desk, api: Api) -> None:
    _, moved = await move(api, await lent(desk, api), "release")
    assert (moved["operator_id"], await desk.sent(tasks.TaskReturned)) == (None, [])


async def test_an_outcome_and_the_end_of_a_loan_at_once_are_one_after_the_other(desk: Desk, api: Api) -> None:
    task = await lent(desk, api)
    desk.clock.advance(timedelta(hours=2))
    ending = api.outcome(task, "reached", sub="boris", call_made=True)
    ended, fired = await one_after_the_other(desk, "process", ending, passing=fire_due(desk.ctx, 100))
    await desk.pass_time(timedelta(0))
    assert (ended.status_code, fired, await desk.sent(tasks.TaskReturned)) == (200, 0, [])


async def test_the_end_of_a_loan_that_comes_first_leaves_a_stale_version_to_the_outcome(
    desk: Desk, api: Api
) -> None:
    task = await lent(desk, api)
    desk.clock.advance(timedelta(hours=2))
    ending = api.outcome(task, "reached", sub="boris", call_made=True)
    _, ended = await one_after_the_other(desk, "operator", fire_due(desk.ctx, 100), ending)
    assert (ended.status_code, len(await desk.sent(tasks.TaskReturned))) == (404, 1)
