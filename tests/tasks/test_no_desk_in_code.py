"""A desk that no code mentions runs by its playbook alone (P.4)."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from libs.common.contracts import tasks
from services.tasks import app
from tests.tasks.client import Api
from tests.tasks.desk import Desk, operator

SALE = Path("tests/tasks/sale.yaml").read_text(encoding="utf-8")


async def set_up_parts(desk: Desk, api: Api) -> None:
    """The desk's playbook, kept and activated over HTTP, and one specialist."""
    posted = await api.call("POST", "/playbooks", role="admin", content=SALE)
    await desk.furnish(SALE)
    body = {"version": posted.json()["version"], "desk": "demo"}
    await api.call("POST", "/playbooks/parts/activate", role="admin", json=body)
    await desk.receive(operator(uuid4(), "dora", roles=("parts_specialist",), pools=("parts",)))


@pytest.mark.req("P.4")
async def test_a_third_playbook_opens_its_own_task_and_message(desk: Desk, api: Api) -> None:
    await set_up_parts(desk, api)
    await desk.lead("parts")
    (opened,) = await desk.tasks()
    (asked,) = await desk.sent(tasks.MessageRequested)
    assert (opened.task_type, opened.mode, opened.role) == ("close_sale", "pull", "parts_specialist")
    assert (asked.template, asked.channels) == ("parts_hello", ("sms",))
    assert await desk.sent(tasks.WorkRequested) == []


@pytest.mark.req("P.4")
async def test_a_third_playbook_runs_to_its_end_through_api_and_timers(desk: Desk, api: Api) -> None:
    await set_up_parts(desk, api)
    lead_id = await desk.lead("parts")
    task = (await api.call("POST", "/next", sub="dora")).json()["task"]
    await api.outcome(task, "reserve", sub="dora")
    await desk.pass_time(timedelta(minutes=90))
    reserve = await api.task(lead_id)
    body = {"outcome": "sold", "comment": "продано"}
    path = f"/tasks/{reserve['id']}/outcome"
    await api.call("POST", path, role="admin", json=body, version=reserve["version"])
    assert [m.purpose for m in await desk.sent(tasks.MessageRequested)] == ["hello", "still_there"]
    assert [s.status for s in await desk.sent(tasks.LeadStatusRequested)] == ["fresh", "reserved", "sold"]


@pytest.mark.req("P.4")
async def test_a_third_playbook_s_attempts_fail_at_its_own_limit(desk: Desk, api: Api) -> None:
    await set_up_parts(desk, api)
    await desk.lead("parts")
    for _ in range(2):
        task = (await api.call("POST", "/next", sub="dora")).json()["task"]
        await api.outcome(task, "silence", sub="dora", problem="silent")
        await desk.pass_time(timedelta(minutes=7))
    assert len(await desk.sent(tasks.TaskFailed)) == 1
    assert (await desk.sent(tasks.LeadStatusRequested))[-1].status == "gone"


@pytest.mark.req("P.4")
async def test_leads_under_way_finish_on_the_version_they_began_with(desk: Desk, api: Api) -> None:
    await set_up_parts(desk, api)
    old = await desk.lead("parts")
    await desk.activate_playbook(SALE.replace("due: 45m", "due: 10m").replace("Закрыть продажу", "Продать"))
    new = await desk.lead("parts")
    assert [(await api.task(lead_id))["title"] for lead_id in (old, new)] == ["Закрыть продажу", "Продать"]


def test_no_python_of_the_service_names_a_desk_s_types_or_outcomes() -> None:
    folder = Path(app.__file__).parent
    source = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    names = (
        "process_order",
        "call_back",
        "follow_up",
        "link_sent",
        "no_answer",
        '"school"',
        '"callback"',
        '"sales"',
    )
    assert [name for name in names if name in source] == []
