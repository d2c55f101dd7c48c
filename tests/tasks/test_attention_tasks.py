"""What waits for a person at any service is a task of the supervisors, closed by the thing itself being done."""

from datetime import timedelta

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.attention import (
    AssignmentAttentionRaised,
    NotificationsAttentionCleared,
    NotificationsAttentionRaised,
)
from libs.common.contracts.shared import Text
from libs.common.platform.attention.watch import look
from services.tasks.attention.actions import follow_own
from services.tasks.attention.kinds import KINDS
from services.tasks.attention.rules import Due, what_is_due
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, Desk, lead, proposal
from tests.tasks.inbox import Inbox
from tests.tasks.redistributing import OUT
from tests.tasks.support import START

DUE = START + timedelta(minutes=15)
HALTED = NotificationsAttentionRaised(
    kind="halted_channels", ref="main", title=Text(ru="Канал main остановлен", en="Mend the channel main"),
    count=1, since=START, due_at=DUE,
)  # fmt: skip
MISSING = AssignmentAttentionRaised(
    kind="missing_operators", ref="anna", count=1, since=START, due_at=DUE, operator_id=ANNA_ID,
    title=Text(ru="Анна: по графику, но не на месте", en="Anna is on the schedule and not there"),
)  # fmt: skip
RESUMED = NotificationsAttentionCleared(kind="halted_channels", ref="main")

pytestmark = pytest.mark.req("P.12")


async def listed(api: Api, state: str = "active", role: str = "supervisor", sub: str = "chief") -> list[Json]:
    found = await api.call("GET", "/tasks", role=role, sub=sub, params={"state": state})
    items: list[Json] = found.json()["items"]
    return items


async def test_what_is_raised_is_a_task_of_the_supervisors_once(desk: Desk, api: Api) -> None:
    await desk.receive(HALTED, HALTED)
    (task,) = await listed(api)
    assert (task["title"], task["role"], task["mode"], task["operator_id"]) == (
        "Канал main остановлен",
        "supervisor",
        "pull",
        None,
    )
    assert (await listed(api, role="operator"), await desk.sent(tasks.WorkRequested)) == ([], [])


async def test_the_task_ends_by_itself_when_the_thing_is_done(desk: Desk, api: Api) -> None:
    await desk.receive(HALTED)
    await desk.receive(RESUMED)
    (task,) = await listed(api, "completed")
    assert (task["outcome"], task["comment"]) == ("done", "Больше ничего не ждёт")
    assert await listed(api) == []


async def test_what_is_raised_and_cleared_in_one_batch_leaves_nothing_open(desk: Desk, api: Api) -> None:
    await desk.receive(HALTED, RESUMED, HALTED)
    assert [len(await listed(api, state)) for state in ("active", "completed")] == [1, 1]


async def test_a_task_that_a_person_has_ended_is_not_opened_again_until_it_happens_again(
    desk: Desk, api: Api
) -> None:
    await desk.receive(HALTED)
    (task,) = await listed(api)
    body, path = {"outcome": "done", "comment": "the account is paid"}, f"/tasks/{task['id']}/outcome"
    ended = await api.call("POST", path, role="supervisor", json=body, version=task["version"], key="once")
    await desk.receive(HALTED)
    opened = [len(await listed(api))]
    await desk.receive(RESUMED, HALTED)
    assert (ended.status_code, [*opened, len(await listed(api))]) == (200, [0, 1])


async def test_a_desk_that_tasks_does_not_know_opens_nothing(desk: Desk, api: Api) -> None:
    await desk.receive(HALTED, desk="elsewhere")
    assert await listed(api, role="admin") == []


async def test_events_that_failed_at_tasks_itself_open_a_task_too(desk: Desk, api: Api) -> None:
    inbox = Inbox.of(desk)
    await inbox.receive(lead("unknown"))
    for _ in range(2):
        await look(desk.ctx.db, KINDS, follow_own(desk.ctx), desk.clock.now())
    (task,) = await listed(api)
    await desk.ctx.db.pool.execute("UPDATE parked SET state = 'discarded'")
    await look(desk.ctx.db, KINDS, follow_own(desk.ctx), desk.clock.now())
    assert (task["title"], await listed(api)) == ("Разобрать необработанные события: 1", [])


@pytest.mark.req("S2.2")
async def test_of_one_who_is_not_there_the_tasks_that_are_due_are_named(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    (asked,) = await desk.sent(tasks.WorkRequested)
    await desk.receive(proposal(asked.task_id, asked.lead_id))
    await desk.receive(MISSING)
    (task,) = [each for each in await listed(api) if each["role"] == "supervisor"]
    head, line = task["text"].split("\n")
    assert (task["title"], head) == ("Анна: по графику, но не на месте", "Ближайшие задачи: 1")
    assert "·" in line


def test_many_tasks_that_are_due_are_cut_and_counted() -> None:
    due = [Due("Позвонить", START, str(number), None) for number in range(60)]
    lines = (what_is_due(due, "ru", "Europe/Moscow") or "").split("\n")
    assert (len(lines), lines[1], lines[-1]) == (52, "02.03 12:00 · Позвонить · 0", "и ещё 10")


@pytest.mark.req("S2.5")
async def test_what_one_person_is_to_do_is_their_task_even_off_shift(desk: Desk, api: Api) -> None:
    waiting = HALTED.model_copy(update={"kind": "proposed_templates", "assignee_id": ANNA_ID})
    await desk.receive(waiting)
    await desk.receive(OUT)
    (task,) = await listed(api, role="operator", sub="anna")
    ended = await api.outcome(task, "done")
    assert (task["operator_id"], ended.status_code) == (str(ANNA_ID), 200), ended.text
