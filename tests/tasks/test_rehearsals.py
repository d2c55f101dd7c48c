"""Rehearsals of leads: what would become of one, by the code that works real ones, and nothing of it kept."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from libs.common.contracts.intake import LeadReceivedV2
from libs.common.contracts.shared import Signal
from libs.common.contracts.tasks import MessageRequested, WorkRequested
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk, contact, lead_v2
from tests.tasks.support import LIBRARY, TINY

TABLES = ("process", "task", "timer", "timeline_entry", "outbox", "stream")
#: Names of what is not kept.
IDS = {"task_id", "lead_id", "customer_id", "process_id", "message_id", "dedupe_key"}
ORDER = {"id": str(UUID(int=5)), "number": "7", "external_id": "f-1", "status": "new", "version": 1}
LEADS = [
    lead_v2("callback"),
    lead_v2("callback", signals=(Signal.FALSE_NUMBER,)),
    lead_v2("callback", signals=(Signal.TEST_NUMBER,)),
    lead_v2("school", order=ORDER),
    lead_v2("school", signals=(Signal.SECOND_UNPAID_ORDER,), order=ORDER, language="en"),
    lead_v2("tiny"),
]


async def rehearsed(api: Api, lead: LeadReceivedV2, desk: str = "demo", **members: object) -> Json:
    body = {"desk": desk, "lead": lead.model_dump(mode="json"), **members}
    answer = await api.call("POST", "/rehearsals", role="admin", json=body, params={"dry_run": "true"})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def rows(desk: Desk) -> list[int]:
    return [await desk.ctx.db.pool.fetchval(f"SELECT count(*) FROM {table}") for table in TABLES]


def plain(event: Json) -> Json:
    return {name: value for name, value in event.items() if name not in IDS}


async def kept(desk: Desk, kind: type[MessageRequested] | type[WorkRequested]) -> list[Json]:
    return [plain(event.model_dump(mode="json")) for event in await desk.sent(kind)]


@pytest.mark.req("U4", "U5")
@pytest.mark.parametrize("lead", LEADS, ids=lambda lead: f"{lead.playbook}-{'-'.join(lead.signals)}")
@pytest.mark.parametrize("night", [False, True])
async def test_a_rehearsal_says_what_becomes_of_the_lead(
    desk: Desk, api: Api, lead: LeadReceivedV2, night: bool
) -> None:
    await desk.activate_playbook(TINY)
    desk.clock.advance(timedelta(hours=14 * night))
    said = await rehearsed(api, lead)
    await desk.receive(lead)
    [process] = said["processes"]
    done = (await api.call("GET", "/tasks", role="admin", params={"lead_id": str(lead.lead_id)})).json()["items"]
    shown = ("type", "title", "pool", "role", "mode", "lane", "due_at", "offer_from")
    opened = [{name: task[name] for name in shown} for task in done if task["state"] == "active"]
    assert [{name: task[name] for name in shown} for task in process["tasks"]] == opened
    assert [plain(message) for message in said["messages"]] == await kept(desk, MessageRequested)
    asked = [plain(task["work"]) for task in process["tasks"] if task["work"]]
    later = max((datetime.fromisoformat(work["requested_at"]) for work in asked), default=desk.clock.now())
    await desk.pass_time(later - desk.clock.now())
    assert asked == await kept(desk, WorkRequested)


@pytest.mark.parametrize("night", [False, True])
async def test_status_and_timers_are_those_of_the_lead(desk: Desk, api: Api, night: bool) -> None:
    desk.clock.advance(timedelta(hours=14 * night))
    lead = lead_v2("school", order=ORDER)
    [process] = (await rehearsed(api, lead))["processes"]
    await desk.receive(lead)
    status = await desk.ctx.db.pool.fetchval("SELECT status FROM process")
    timers = await desk.ctx.db.pool.fetch("SELECT kind, due_at FROM timer ORDER BY due_at, kind")
    said = sorted((timer["at"], timer["kind"]) for timer in process["timers"])
    assert process["status"] == status
    assert said == [(row["due_at"].isoformat().replace("+00:00", "Z"), row["kind"]) for row in timers]


@pytest.mark.parametrize("lead", LEADS[:4], ids=lambda lead: f"{lead.playbook}-{'-'.join(lead.signals)}")
async def test_a_rehearsal_keeps_nothing(desk: Desk, api: Api, lead: LeadReceivedV2) -> None:
    before = await rows(desk)
    await rehearsed(api, lead)
    assert await rows(desk) == before


@pytest.mark.req("U5")
async def test_a_lead_without_an_active_playbook_says_for_what_it_would_wait(desk: Desk, api: Api) -> None:
    await desk.add_desk("cars", TINY)
    unknown, foreign = await rehearsed(api, lead_v2("tiny")), await rehearsed(api, lead_v2("x"), desk="nowhere")
    assert unknown["waits_for"] == {"playbook": "tiny", "desk_exists": True, "playbook_exists": False}
    assert foreign["waits_for"] == {"playbook": "x", "desk_exists": False, "playbook_exists": False}
    assert (unknown["processes"], await rows(desk)) == ([], [0, 0, 0, 0, *(await rows(desk))[4:]])


async def test_a_playbook_that_nobody_has_activated_is_there(desk: Desk, api: Api) -> None:
    await api.call("POST", "/playbooks", role="admin", content=TINY)
    said = await rehearsed(api, lead_v2("tiny"))
    assert said["waits_for"] == {"playbook": "tiny", "desk_exists": True, "playbook_exists": True}


async def test_a_rehearsed_lead_is_another_one_than_it_says(desk: Desk, api: Api) -> None:
    lead = lead_v2("callback")
    await desk.receive(lead)
    before = await rows(desk)
    [process] = (await rehearsed(api, lead))["processes"]
    assert ([task["type"] for task in process["tasks"]], await rows(desk)) == (["call_back"], before)


async def test_a_contact_is_rehearsed_with_the_lead_that_it_opens(desk: Desk, api: Api) -> None:
    await desk.activate_playbook((LIBRARY / "callback.yaml").read_text())
    call = contact().model_dump(mode="json")
    [process] = (await rehearsed(api, lead_v2("callback"), contact=call))["processes"]
    assert [task["type"] for task in process["tasks"]] == ["call_back"]


@pytest.mark.parametrize("members", [{}, {"lead": None}, {"lead": {"playbook": "tiny"}}, {"dry_run": True}])
async def test_a_body_that_says_nothing_is_refused(api: Api, members: Json) -> None:
    answer = await api.call("POST", "/rehearsals", role="admin", json={"desk": "demo", **members})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_only_an_administrator_of_the_desk_rehearses(desk: Desk, api: Api) -> None:
    body = {"desk": "demo", "lead": lead_v2("callback").model_dump(mode="json")}
    supervisor = await api.call("POST", "/rehearsals", role="supervisor", json=body)
    elsewhere = await api.call("POST", "/rehearsals", role="admin", desks=("other",), json=body)
    assert (supervisor.status_code, elsewhere.status_code) == (403, 404)
