"""Reminders before a task is due: once each, to who has it, gone with the task, never of the past (S2.12, S3.1)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts.notices import TaskReminded
from libs.common.contracts.shared import AppointmentStep
from services.tasks.engine.effects import RemindOfTask
from services.tasks.engine.events import AppointmentChanged
from services.tasks.engine.facts import Appointment
from services.tasks.engine.state import State
from services.tasks.playbooks.grammar import parse
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, Desk
from tests.tasks.support import ANNA, START, TINY, VOCABULARY, EngineProcess, started

M = timedelta(minutes=1)
LATER = """\
      later:
        title: {ru: Позже, en: Later}
        result: deferred
        requires: {callback_at: required}
        then:
          - defer: {due: {from: callback_at}, important: true, remind: [15m, 1d]}
      done:"""
REMINDED = (
    TINY.replace("pool: main", "pool: callback")
    .replace("mode: push", "mode: pull")
    .replace("due: 5m", "due: 2h\n    remind: [1h, 15m]")
    .replace("      done:", LATER)
)
#: A task that is due an hour before an appointment, and moves with it.
MOVING = TINY.replace("due: 5m", "due: {from: appointment, before: 1h}\n    remind: 30m").replace(
    '"on":', '"on":\n  appointment_changed:\n    - then:\n        - move: call'
)


@pytest_asyncio.fixture
async def lead_id(desk: Desk) -> UUID:
    await desk.activate_playbook(REMINDED)
    return await desk.lead("tiny")


async def reminded(desk: Desk) -> list[tuple[UUID | None, datetime]]:
    return [(event.operator_id, event.due_at) for event in await desk.sent(TaskReminded)]


async def take(api: Api, lead_id: UUID) -> None:
    await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take")


@pytest.mark.req("S2.12", "S3.1")
async def test_who_has_the_task_is_reminded_once_at_each_time_and_the_timeline_says_so(
    desk: Desk, api: Api, lead_id: UUID
) -> None:
    await take(api, lead_id)
    for pause, count in ((59 * M, 0), (M, 1), (44 * M, 1), (M, 2), (60 * M, 2)):
        await desk.pass_time(pause)
        assert await reminded(desk) == [(ANNA_ID, START + 120 * M)] * count
    steps = (await api.call("GET", "/timeline", params={"lead_id": str(lead_id)})).json()["items"]
    assert [step["title"] for step in steps].count("Напоминание о задаче «Позвонить»") == 2


@pytest.mark.req("S2.12")
async def test_the_time_a_customer_asked_for_is_important_and_reminds_beforehand(
    desk: Desk, api: Api, lead_id: UUID
) -> None:
    await take(api, lead_id)
    at = START + 30 * M
    await api.outcome(await api.task(lead_id), "later", callback_at=at.isoformat())
    task = await api.task(lead_id)
    await take(api, lead_id)
    await desk.pass_time(15 * M)
    await desk.pass_time(180 * M)
    assert (datetime.fromisoformat(task["due_at"]), task["important"]) == (at, True)
    assert await reminded(desk) == [(ANNA_ID, at)]  # the day before is past, and the first task is closed


async def test_a_task_that_nobody_has_reminds_nobody_and_is_shown_in_the_timeline(
    desk: Desk, api: Api, lead_id: UUID
) -> None:
    await desk.pass_time(60 * M)
    steps = (await api.call("GET", "/timeline", params={"lead_id": str(lead_id)})).json()["items"]
    assert await reminded(desk) == []
    assert [step["facts"]["operator_id"] for step in steps if step["kind"] == TaskReminded.event_type] == [None]


def opened(text: str) -> EngineProcess:
    return started(parse(text, VOCABULARY))


def planned(state: State, at: datetime, version: int) -> AppointmentChanged:
    return AppointmentChanged(Appointment(state.id, version, AppointmentStep.PLANNED, at))


def test_a_task_that_moves_takes_its_reminders_along() -> None:
    process = opened(MOVING)
    for version, hours in enumerate((5, 9)):
        process.on(planned(process.state, START + timedelta(hours=hours), version))
    (timer,) = (timer for timer in process.state.timers if timer.name.startswith("remind:"))
    assert (timer.at, timer.task_id) == (START + timedelta(hours=7, minutes=30), process.task.id)


def test_the_owner_is_reminded_of_what_nobody_has() -> None:
    process = opened(REMINDED)
    process.state.owner = ANNA
    process.wait(60 * M)
    assert [effect.operator_id for effect in process.all(RemindOfTask)] == [ANNA.id]


def test_a_reminder_that_comes_when_the_task_is_due_already_says_nothing() -> None:
    process = opened(REMINDED)
    process.now += 120 * M
    process.wait(timedelta(0))
    assert process.all(RemindOfTask) == []
