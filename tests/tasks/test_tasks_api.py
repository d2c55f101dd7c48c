"""Taking and ending tasks over HTTP."""

from datetime import timedelta
from uuid import uuid4

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.shared import Signal
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, Desk, operator, proposal

NO_ANSWER = {"call_made": True, "problem": "busy"}


async def opened(desk: Desk, api: Api) -> Json:
    """A school task whose corridor is open and which Anna has taken."""
    lead_id = await desk.lead("school")
    await desk.pass_time(timedelta(minutes=20))
    task = await api.task(lead_id)
    taken: Json = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    return taken


@pytest.mark.req("S4.4")
async def test_a_task_cannot_be_taken_before_its_corridor_opens(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("school"))
    refused = await api.call("POST", f"/tasks/{task['id']}/take")
    assert (refused.status_code, refused.json()["code"]) == (409, "task_not_offered_yet")


@pytest.mark.req("S1.2")
async def test_a_task_taken_by_one_operator_is_refused_to_another(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    refused = await api.call("POST", f"/tasks/{task['id']}/take", sub="boris")
    assert (refused.status_code, refused.json()["code"]) == (409, "task_taken")


@pytest.mark.req("P.6")
async def test_a_colleague_s_task_can_neither_be_read_nor_ended(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    read = await api.call("GET", f"/tasks/{task['id']}", sub="boris")
    ended = await api.outcome(task, "paid", sub="boris")
    assert (read.status_code, ended.status_code) == (404, 404)


async def test_taking_pulled_work_withdraws_its_request_and_tells_of_the_taking(desk: Desk, api: Api) -> None:
    await opened(desk, api)
    (withdrawn,) = await desk.sent(tasks.WorkWithdrawn)
    (taken,) = await desk.sent(tasks.TaskTaken)
    assert (withdrawn.reason, taken.operator_id, taken.pool) == ("taken", ANNA_ID, "sales")


async def test_beginning_assigned_work_sets_in_work_and_is_told_as_such(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    (asked,) = await desk.sent(tasks.WorkRequested)
    await desk.receive(proposal(asked.task_id, lead_id))
    await api.call("POST", f"/tasks/{asked.task_id}/take")
    assert [(taken.operator_id, taken.pulled) for taken in await desk.sent(tasks.TaskTaken)] == [(ANNA_ID, False)]
    assert (await desk.sent(tasks.LeadStatusRequested))[-1].status == "in_work"


@pytest.mark.req("U36")
async def test_who_was_given_a_task_may_end_it_without_taking_it_first(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    (asked,) = await desk.sent(tasks.WorkRequested)
    await desk.receive(proposal(asked.task_id, lead_id))
    task = (await api.call("GET", f"/tasks/{asked.task_id}")).json()
    ended = await api.outcome(task, "reached", call_made=True)
    assert (ended.status_code, ended.json()["state"]) == (200, "completed")


@pytest.mark.req("U36")
async def test_what_was_given_to_no_operator_is_taken_before_it_is_ended(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("callback"))
    refused = await api.outcome(task, "reached", call_made=True)
    assert (refused.status_code, refused.json()["code"]) == (409, "task_not_taken")


async def test_taking_one_s_own_task_again_changes_nothing(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    again = await api.call("POST", f"/tasks/{task['id']}/take")
    assert (again.status_code, again.json()) == (200, task)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"roles": ("adviser",)}, "wrong_role"),
        ({"pools": ("callback",)}, "not_in_pool"),
        ({"products": ("other",)}, "unknown_product"),
    ],
)
@pytest.mark.req("S1.2")
async def test_an_operator_who_does_not_qualify_is_told_why(
    desk: Desk, api: Api, changes: dict[str, object], reason: str
) -> None:
    await desk.receive(operator(uuid4(), "clara", **changes))
    task = await api.task(await desk.lead("school"))
    refused = await api.call("POST", f"/tasks/{task['id']}/take", sub="clara")
    assert (refused.status_code, refused.json()["reasons"]) == (403, [reason])


@pytest.mark.req("S0.1")
@pytest.mark.parametrize(("outcome", "state"), [("paid", "completed"), ("refused", "failed")])
async def test_the_outcome_decides_how_a_task_ended(desk: Desk, api: Api, outcome: str, state: str) -> None:
    task = await opened(desk, api)
    given = {"problem": "no_money"} if outcome == "refused" else {}
    ended = await api.outcome(task, outcome, **given)
    assert (ended.status_code, ended.json()["state"]) == (200, state)


@pytest.mark.req("S0.2")
@pytest.mark.parametrize("comment", ["", "   ", "\n\t", "..."])
async def test_no_task_ends_without_words(desk: Desk, api: Api, comment: str) -> None:
    task = await opened(desk, api)
    refused = await api.outcome(task, "paid", comment=comment)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "comment_required")


@pytest.mark.req("S1.7")
async def test_everything_that_does_not_fit_the_matrix_is_named_at_once(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    refused = await api.outcome(
        task, "no_answer", comment=" ", callback_at="2026-03-03T10:00:00+03:00", problem="spam"
    )
    assert {fault["pointer"]: fault["code"] for fault in refused.json()["errors"]} == {
        "/comment": "comment_required",
        "/call_made": "call_required",
        "/callback_at": "callback_forbidden",
        "/problem": "unknown_problem",
    }


async def test_a_callback_time_in_the_past_is_refused(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    refused = await api.outcome(task, "callback", callback_at="2026-03-02T11:00:00+03:00")
    assert [fault["code"] for fault in refused.json()["errors"]] == ["callback_in_past"]


@pytest.mark.req("S2.8", "S2.12")
async def test_a_callback_opens_an_important_successor_at_exactly_that_time(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    ended = (await api.outcome(task, "callback", callback_at="2026-03-03T10:00:00+03:00")).json()
    successor = (await api.call("GET", f"/tasks/{ended['successor_id']}")).json()
    assert (ended["state"], successor["important"]) == ("deferred", True)
    assert successor["due_at"] == "2026-03-03T07:00:00Z"


async def test_outcome_without_a_version_is_428(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    body = {"outcome": "paid", "comment": "да"}
    assert (await api.call("POST", f"/tasks/{task['id']}/outcome", json=body)).status_code == 428


async def test_outcome_with_a_stale_version_is_412_with_the_current_state(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    refused = await api.outcome({**task, "version": 1}, "paid")
    assert (refused.status_code, refused.json()["current"]["version"]) == (412, task["version"])


async def test_an_ended_task_cannot_be_ended_again(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    ended = (await api.outcome(task, "paid")).json()
    refused = await api.outcome(ended, "paid")
    assert (refused.status_code, refused.json()["code"]) == (409, "task_closed")


@pytest.mark.req("P.2")
async def test_a_call_repeated_with_its_key_is_answered_again_and_done_once(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    await desk.lead("callback")
    first, again = [await api.call("POST", "/next", key="k1") for _ in range(2)]
    task, body = first.json()["task"], {"outcome": "reached", "comment": "да", "call_made": True}
    path = f"/tasks/{task['id']}/outcome"
    ended = [await api.call("POST", path, json=body, version=task["version"], key="k2") for _ in range(2)]
    assert (first.json(), ended[0].json()) == (again.json(), ended[1].json())
    assert (len(await desk.sent(tasks.TaskTaken)), len(await desk.sent(tasks.TaskCompleted))) == (1, 1)


@pytest.mark.req("U8")
async def test_a_refused_outcome_is_mended_under_the_same_key(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    path, good, bad = f"/tasks/{task['id']}/outcome", {"outcome": "paid", "comment": "да"}, {"outcome": "odd"}
    tries = [(1, good), (task["version"], {**good, **bad}), (task["version"], good), (1, good)]
    answers = [await api.call("POST", path, json=body, version=version, key="k") for version, body in tries]
    assert [answer.status_code for answer in answers] == [412, 422, 200, 200]
    assert (answers[3].json(), len(await desk.sent(tasks.TaskCompleted))) == (answers[2].json(), 1)


@pytest.mark.req("P.6")
async def test_an_operator_sees_own_and_nobody_s_tasks_alone(desk: Desk, api: Api) -> None:
    mine = await opened(desk, api)
    free = await api.task(await desk.lead("callback"))
    seen = {sub: (await api.call("GET", "/tasks", sub=sub)).json()["items"] for sub in ("anna", "boris")}
    assert {task["id"] for task in seen["anna"]} == {mine["id"], free["id"]}
    assert {task["id"] for task in seen["boris"]} == {free["id"]}


@pytest.mark.req("P.6")
async def test_a_foreign_desk_s_task_does_not_exist(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("callback"))
    found = await api.call("GET", f"/tasks/{task['id']}", role="supervisor", desks=("other",))
    assert found.status_code == 404


async def test_a_supervisor_ends_a_task_that_nobody_took(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("school"))
    path, body = f"/tasks/{task['id']}/outcome", {"outcome": "paid", "comment": "оплатил в кассе"}
    ended = await api.call("POST", path, sub="chief", role="supervisor", json=body, version=1)
    assert (ended.json()["state"], ended.json()["closed_by"]) == ("completed", "chief")


@pytest.mark.req("S0.7")
@pytest.mark.parametrize("playbook", ["callback", "school"])
async def test_a_test_lead_fails_its_task_and_disturbs_nobody(desk: Desk, api: Api, playbook: str) -> None:
    lead_id = await desk.lead(playbook, Signal.TEST_NUMBER)
    (task,) = (await api.call("GET", "/tasks", role="admin", params={"lead_id": str(lead_id)})).json()["items"]
    assert (task["state"], task["comment"]) == ("failed", "Тестовый номер")
    assert await desk.sent(tasks.WorkRequested) + await desk.sent(tasks.MessageRequested) == []


async def test_pages_of_tasks_neither_repeat_nor_miss(desk: Desk, api: Api) -> None:
    for _ in range(5):
        await desk.lead("callback")
    first = (await api.call("GET", "/tasks", params={"limit": "3"})).json()
    rest = (await api.call("GET", "/tasks", params={"limit": "3", "cursor": first["next_cursor"]})).json()
    assert len({task["id"] for task in first["items"] + rest["items"]}) == 5
    assert rest["next_cursor"] is None


async def test_titles_come_in_the_caller_s_language(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("callback"))
    shown = (await api.call("GET", f"/tasks/{task['id']}", language="en")).json()
    assert (shown["title"], shown["outcomes"][0]["title"]) == ("Call the customer back", "Booked")


@pytest.mark.req("S4.11")
async def test_a_sent_link_is_followed_up_and_reminded_of_the_next_day(desk: Desk, api: Api) -> None:
    task = await opened(desk, api)
    await api.outcome(task, "link_sent")
    await desk.pass_time(timedelta(days=1))
    assert [asked.purpose for asked in await desk.sent(tasks.MessageRequested)] == [
        "acknowledgement",
        "payment_link",
        "payment_reminder",
    ]
    assert (await desk.sent(tasks.WorkRequested))[-1].prefer_operator_id == ANNA_ID
