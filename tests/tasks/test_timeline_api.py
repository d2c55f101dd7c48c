"""The timeline over HTTP: every step, in the order of causes, explained."""

from datetime import timedelta
from uuid import UUID

import pytest

from libs.common.contracts import intake
from libs.common.contracts import notifications as messages
from libs.common.contracts.assignment import Candidate
from libs.common.contracts.shared import Customer, Language, Stage
from libs.common.platform.http.pagination import encode_cursor
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, lead, proposal


async def steps(api: Api, lead_id: object) -> list[Json]:
    answer = await api.call("GET", "/timeline", role="supervisor", language="en", params={"lead_id": str(lead_id)})
    found: list[Json] = answer.json()["items"]
    return found


@pytest.mark.req("P.3")
async def test_a_lead_s_steps_stand_in_the_order_of_their_causes(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    assert [step["kind"].split(".", 1)[-1] for step in await steps(api, lead_id)] == [
        "lead.received.v1",
        "lead.status_requested.v1",
        "message.requested.v1",
        "task.opened.v1",
        "work.requested.v1",
    ]


@pytest.mark.req("P.3")
async def test_each_step_names_its_rule_its_cause_and_its_facts(desk: Desk, api: Api) -> None:
    received, _, _, opened, _ = await steps(api, await desk.lead("callback"))
    assert (opened["rule"], opened["actor"], opened["caused_by"]) == (
        "on.lead_received.3",
        "system",
        received["id"],
    )
    assert opened["title"] == "Task “Call the customer back” opened"
    assert opened["facts"]["attempt"] == 1


@pytest.mark.req("P.3")
async def test_an_outcome_shows_who_gave_it_and_in_which_words(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    taken = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    await api.outcome(taken, "reached", call_made=True, comment="объяснила, как оплатить")
    ended = next(step for step in await steps(api, lead_id) if "completed" in step["kind"])
    assert (ended["actor_name"], ended["facts"]["comment"]) == ("Anna", "объяснила, как оплатить")


@pytest.mark.req("P.3")
async def test_a_proposal_stands_behind_its_request_with_all_candidates(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    candidates = tuple(Candidate(operator_id=who, virtual_time=0, open_work=0) for who in (ANNA_ID, BORIS_ID))
    await desk.receive(proposal(task["id"], lead_id).model_copy(update={"candidates": candidates}))
    found = await steps(api, lead_id)
    kinds = [step["kind"].removeprefix("dozvon.") for step in found]
    asked, proposed, assigned = map(kinds.index, ("work.requested.v1", "work.assigned.v1", "task.assigned.v1"))
    assert asked < proposed < assigned
    assert [each["operator_id"] for each in found[proposed]["facts"]["candidates"]] == [str(ANNA_ID), str(BORIS_ID)]


async def test_what_is_told_of_an_unknown_lead_is_kept(desk: Desk, api: Api) -> None:
    received = lead("callback")
    changed = intake.LeadStatusChanged(
        lead_id=received.lead_id, from_status=None, to_status="new", stage=Stage.NEW, actor="system", reason="test"
    )
    await desk.receive(changed)
    assert [step["kind"] for step in await steps(api, received.lead_id)] == ["dozvon.lead.status_changed.v1"]


async def test_messages_of_other_services_join_the_timeline(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    fields = {"message_id": lead_id, "lead_id": lead_id, "template": "t", "purpose": "p", "channel": "whatsapp"}
    await desk.receive(messages.MessageDelivered.model_validate({**fields, "provider": "wazzup"}))
    assert (await steps(api, lead_id))[-1]["title"] == "Message “t” delivered"


async def test_a_lead_is_found_by_source_and_external_id(desk: Desk, api: Api) -> None:
    received = lead("callback")
    await desk.receive(received)
    found = await api.call("GET", "/timeline", params={"source": "callback", "external_id": received.external_id})
    assert found.json()["lead_id"] == str(received.lead_id)


async def test_without_a_lead_named_the_request_is_refused(desk: Desk, api: Api) -> None:
    refused = await api.call("GET", "/timeline", params={"source": "callback"})
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/lead_id")


@pytest.mark.req("P.6")
@pytest.mark.parametrize(("role", "desks"), [("supervisor", ("other",)), ("operator", ("other",))])
async def test_a_foreign_lead_has_no_timeline(desk: Desk, api: Api, role: str, desks: tuple[str, ...]) -> None:
    lead_id = await desk.lead("callback")
    found = await api.call("GET", "/timeline", role=role, desks=desks, params={"lead_id": str(lead_id)})
    assert found.status_code == 404


@pytest.mark.req("P.6")
async def test_an_operator_does_not_see_the_lead_of_a_colleague(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    await api.call("POST", f"/tasks/{task['id']}/take")
    assert (await api.call("GET", "/timeline", sub="boris", params={"lead_id": str(lead_id)})).status_code == 404


@pytest.mark.req("P.3")
async def test_deferring_tells_its_words_with_the_end_and_not_with_the_successor(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    taken = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    await api.outcome(taken, "no_answer", call_made=True, problem="busy")
    found = [step for step in await steps(api, lead_id) if step["kind"].startswith("dozvon.task.")][-2:]
    assert [(step["actor_name"], step["facts"].get("comment")) for step in found] == [
        ("Anna", "поговорили"),
        (None, None),
    ]


@pytest.mark.req("P.7")
async def test_the_timeline_holds_no_personal_data(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("school")
    person = Customer(name="Иван", phone="+79990000001", phone_raw="8 999 000 00 01", email="ivan@example.org")
    fields = {"message_id": lead_id, "lead_id": lead_id, "template": "t", "purpose": "p", "channel": "whatsapp"}
    failed = {
        **fields,
        "provider": "wazzup",
        "state": "failed",
        "code": "BAD",
        "detail": "no chat with +79990000001",
    }
    await desk.receive(
        intake.LeadUpdated(lead_id=lead_id, language=Language.RU, zone="Asia/Omsk", person=person),
        messages.MessageFailed.model_validate(failed),
    )
    await desk.pass_time(timedelta(hours=1))
    stored = await desk.ctx.db.pool.fetchval("SELECT string_agg(e::text, '') FROM timeline_entry e")
    secrets = (person.name, person.phone, person.phone_raw, person.email)
    assert "message.failed" in stored
    assert [secret for secret in secrets if secret and secret in stored] == []


@pytest.mark.req("U32")
async def test_who_takes_their_own_task_again_leaves_no_trace(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    first = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    before = await steps(api, lead_id)
    again = [(await api.call("POST", f"/tasks/{task['id']}/take")).json() for _ in range(5)]
    assert (again, await steps(api, lead_id)) == ([first] * 5, before)


@pytest.mark.req("U32")
@pytest.mark.parametrize("limit", [1, 2, 3, 200])
async def test_a_timeline_is_read_page_by_page_in_its_order(desk: Desk, api: Api, limit: int) -> None:
    lead_id = await desk.lead("callback")
    asked = {"lead_id": str(lead_id), "limit": str(limit)}
    pages = [(await api.call("GET", "/timeline", params=asked, language="en")).json()]
    while pages[-1]["next_cursor"]:
        given = {**asked, "cursor": pages[-1]["next_cursor"]}
        pages.append((await api.call("GET", "/timeline", params=given, language="en")).json())
    assert [step for page in pages for step in page["items"]] == await steps(api, lead_id)
    assert all(len(page["items"]) <= limit for page in pages)


@pytest.mark.req("U32")
async def test_pages_of_a_timeline_hang_together_when_steps_come_in_between(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    asked = {"lead_id": str(lead_id), "limit": "3"}
    first = (await api.call("GET", "/timeline", params=asked)).json()
    await api.call("POST", f"/tasks/{(await api.task(lead_id))['id']}/take")
    rest = (
        await api.call("GET", "/timeline", params={**asked, "limit": "200", "cursor": first["next_cursor"]})
    ).json()
    whole = [step["id"] for step in await steps(api, lead_id)]
    assert [step["id"] for step in first["items"] + rest["items"]] == whole


@pytest.mark.req("U32")
@pytest.mark.parametrize(
    "cursor", ["x", encode_cursor("cause", [UUID(int=1)]), encode_cursor("-id", [UUID(int=1)])]
)
async def test_a_cursor_of_something_else_is_400(desk: Desk, api: Api, cursor: str) -> None:
    asked = {"lead_id": str(await desk.lead("callback")), "cursor": cursor}
    answer = await api.call("GET", "/timeline", params=asked)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_cursor")
