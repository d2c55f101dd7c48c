"""The answer task of a customer's message: its clock, whose it is, how it ends, and that late is told (S2.9)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.intake import ContactRecorded
from libs.common.contracts.notifications import FREE_TEXT, FinalState, MessageDelivered, MessageFailed, MessageSent
from libs.common.contracts.shared import ContactKind, Direction, Speaker
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api, Json
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, contact, lead, proposal

MINUTES = timedelta(minutes=5)


def written(desk: Desk, lead_id: UUID, ago: timedelta = timedelta(0), **changes: object) -> ContactRecorded:
    """What the customer wrote some time ago, by the message's own clock."""
    person = Speaker(phone="+79990000001", text="Где мой заказ?")
    said = {"kind": ContactKind.MESSAGE, "at": desk.clock.now() - ago, "person": person, "message_id": uuid7()}
    return contact(lead_id=lead_id, **{**said, **changes})


def reply(
    desk: Desk, lead_id: UUID, operator_id: UUID | None = ANNA_ID, customer_id: UUID | None = None
) -> MessageSent:
    """What a person wrote through the desk, once a provider has accepted it."""
    return MessageSent(
        message_id=uuid7(), lead_id=lead_id, template=FREE_TEXT, template_version=0, purpose="reply",
        channel="whatsapp", provider="wazzup", actor="anna", operator_id=operator_id, at=desk.clock.now(),
        customer_id=customer_id,
    )  # fmt: skip


async def of_type(api: Api, lead_id: UUID, kind: str = "answer") -> list[Json]:
    shown = await api.call("GET", "/tasks", role="admin", params={"lead_id": str(lead_id), "type": kind})
    found: list[Json] = shown.json()["items"]
    return found


async def owned(desk: Desk, playbook: str = "callback") -> UUID:
    """A lead that Anna is responsible for."""
    lead_id = await desk.lead(playbook)
    [call] = [task for task in await desk.tasks() if task.lead_id == lead_id]
    await desk.receive(proposal(call.task_id, lead_id))
    return lead_id


@pytest.mark.req("S2.9")
@pytest.mark.parametrize("playbook", ["callback", "school"])
async def test_the_clock_of_an_answer_runs_from_the_messages_own_time(desk: Desk, api: Api, playbook: str) -> None:
    lead_id = await desk.lead(playbook)
    await desk.receive(written(desk, lead_id, ago=timedelta(minutes=2)))
    [task] = await of_type(api, lead_id)
    assert datetime.fromisoformat(task["due_at"]) == desk.clock.now() + timedelta(minutes=3)


@pytest.mark.req("S2.9")
async def test_further_messages_open_no_second_task_and_are_shown(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    for _ in range(3):
        await desk.receive(written(desk, lead_id))
    shown = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    kinds = [step["kind"] for step in shown.json()["items"]]
    assert (len(await of_type(api, lead_id)), kinds.count("message_received")) == (1, 3)


@pytest.mark.req("S2.9")
async def test_the_leads_operator_is_asked_first_else_the_pool(desk: Desk) -> None:
    theirs, nobodys = await owned(desk), await desk.lead("callback")
    await desk.receive(written(desk, theirs), written(desk, nobodys))
    answers = {task.task_id for task in await desk.tasks() if task.task_type == "answer"}
    asked = [one for one in await desk.sent(tasks.WorkRequested) if one.task_id in answers]
    assert {one.lead_id: one.prefer_operator_id for one in asked} == {theirs: ANNA_ID, nobodys: None}


@pytest.mark.req("S2.9", "P.10")
@pytest.mark.parametrize("typed_in_the_app", [True, False])
async def test_a_reply_completes_the_answer_task_by_rule(desk: Desk, api: Api, *, typed_in_the_app: bool) -> None:
    lead_id = await owned(desk)
    await desk.receive(written(desk, lead_id))
    echo = written(desk, lead_id, direction=Direction.OUT)
    await desk.receive(echo if typed_in_the_app else reply(desk, lead_id))
    [task] = await of_type(api, lead_id)
    assert (task["state"], task["outcome"], task["closed_by"]) == ("completed", "answered", "system")


@pytest.mark.req("S2.9", "P.10")
@pytest.mark.parametrize("typed_in_the_app", [True, False])
async def test_a_reply_answers_what_the_customer_wrote_of_an_earlier_order(
    desk: Desk, api: Api, *, typed_in_the_app: bool
) -> None:
    """Their orders share a conversation, which is of the latest; a call that is due stays due."""
    customer_id, stranger = uuid7(), uuid7()
    orders = [lead("school").model_copy(update={"customer_id": who}) for who in [customer_id] * 3 + [stranger]]
    await desk.receive(*orders)
    earlier, silent, latest, other = (order.lead_id for order in orders)
    await desk.receive(written(desk, earlier, customer_id=customer_id), written(desk, other, customer_id=stranger))
    echo = written(desk, latest, direction=Direction.OUT, customer_id=customer_id)
    await desk.receive(echo if typed_in_the_app else reply(desk, latest, customer_id=customer_id))
    states = [task["state"] for lead in (earlier, other) for task in await of_type(api, lead)]
    calls = [task["state"] for lead in (earlier, silent) for task in await of_type(api, lead, "process_order")]
    assert (states, calls) == (["completed", "active"], ["active", "active"])
    shown = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(earlier)})
    kinds = [step["kind"] for step in shown.json()["items"]]
    assert kinds.count("message_written" if typed_in_the_app else "message_replied") == 1


@pytest.mark.req("S2.9", "P.3")
async def test_a_reply_is_a_step_of_the_person_who_wrote_it(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk)
    await desk.receive(written(desk, lead_id), reply(desk, lead_id))
    shown = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    [step] = [step for step in shown.json()["items"] if step["kind"] == "message_replied"]
    assert (step["title"], step["actor"]) == ("Клиенту ответили", "anna")


@pytest.mark.req("S2.9", "S4.3")
async def test_who_replies_to_a_customer_of_nobody_is_responsible_for_the_lead(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    await desk.receive(written(desk, lead_id))
    [task] = await of_type(api, lead_id)
    await api.call("POST", f"/tasks/{task['id']}/take", sub="boris")
    await desk.receive(reply(desk, lead_id, BORIS_ID))
    assert [one.to_operator_id for one in await desk.sent(tasks.LeadOwnerChanged)] == [BORIS_ID]


@pytest.mark.req("S2.9", "S2.6")
async def test_a_late_answer_is_the_supervisors_too_until_the_reply(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk)
    await desk.receive(written(desk, lead_id))
    await desk.pass_time(MINUTES - timedelta(seconds=1))
    early = await of_type(api, lead_id, "late_answer")
    await desk.pass_time(timedelta(seconds=1))
    [late] = await of_type(api, lead_id, "late_answer")
    await desk.receive(reply(desk, lead_id))
    [over] = await of_type(api, lead_id, "late_answer")
    assert (early, late["role"], late["state"], over["state"]) == ([], "supervisor", "active", "completed")


@pytest.mark.req("S2.9")
async def test_a_message_that_came_too_late_escalates_at_once(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk)
    await desk.receive(written(desk, lead_id, ago=timedelta(minutes=7)))
    await desk.pass_time(timedelta(0))
    assert len(await of_type(api, lead_id, "late_answer")) == 1


@pytest.mark.req("S2.9", "S2.6")
async def test_who_writes_after_the_booking_is_answered_and_the_process_ends_again(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk)
    await api.outcome(await api.task(lead_id), "booked", call_made=True)
    await desk.receive(written(desk, lead_id))
    [waiting] = await of_type(api, lead_id)
    await desk.receive(reply(desk, lead_id))
    active = await api.call("GET", "/tasks", role="admin", params={"lead_id": str(lead_id), "state": "active"})
    assert (waiting["state"], active.json()["items"]) == ("active", [])


@pytest.mark.req("S2.9")
async def test_what_was_typed_in_the_app_to_a_silent_customer_opens_no_task(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk)
    await desk.receive(written(desk, lead_id, direction=Direction.OUT))
    assert await of_type(api, lead_id) == []


@pytest.mark.req("P.14", "S2.9")
async def test_a_stop_word_asks_for_no_answer_and_is_noted(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk)
    await desk.receive(written(desk, lead_id, person=Speaker(phone="+79990000001", text="Стоп", stop=True)))
    shown = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    titles = [step["title"] for step in shown.json()["items"]]
    assert (await of_type(api, lead_id), "Клиент просит не присылать рассылки" in titles) == ([], True)


@pytest.mark.req("S2.9")
async def test_what_was_typed_before_the_question_and_came_after_it_is_no_answer(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk)
    await desk.receive(written(desk, lead_id, ago=timedelta(minutes=1)))
    await desk.receive(written(desk, lead_id, ago=timedelta(minutes=2), direction=Direction.OUT))
    [early] = await of_type(api, lead_id)
    await desk.receive(written(desk, lead_id, direction=Direction.OUT))
    [answered] = await of_type(api, lead_id)
    assert (early["state"], answered["state"]) == ("active", "completed")


@pytest.mark.req("S2.9", "S4.13")
async def test_an_answer_that_has_not_arrived_is_to_be_given_again(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk)
    await desk.receive(written(desk, lead_id), sent := reply(desk, lead_id))
    shared = sent.model_dump(exclude={"template_version", "rung", "at"})
    await desk.receive(MessageDelivered(**shared))
    [answered] = await of_type(api, lead_id)
    await desk.receive(MessageFailed(**shared, state=FinalState.FAILED, code="131026", detail=""))
    again = {one["state"] for one in await of_type(api, lead_id)}
    assert (answered["state"], again) == ("completed", {"completed", "active"})
