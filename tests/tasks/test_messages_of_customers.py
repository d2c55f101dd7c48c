"""What a customer writes, in the timeline and as the playbook decides: an answer task with a clock (U16, S2.9)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts.intake import ContactRecorded
from libs.common.contracts.shared import ContactKind, Direction, Speaker
from libs.common.platform.ids import uuid7
from tests.tasks.client import Api
from tests.tasks.desk import Desk, contact
from tests.tasks.support import TINY

#: Whoever of the desk is free answers within five minutes.
ANSWERING = TINY.replace(
    """    lane: new
    due: 5m
""",
    """    lane: new
    due: 1h
""",
).replace(
    '"on":',
    """\
  answer:
    title: {ru: Ответить клиенту, en: Answer the customer}
    role: operator
    pool: main
    mode: pull
    lane: new
    due: 5m
    outcomes:
      answered: {title: {ru: Ответили, en: Answered}, result: completed, then: [open: call]}
"on":
  contact_recorded:
    - when: {contact: message, open: answer}
      then: [note: {ru: Ждёт ответа, en: Waits for an answer}]
    - when: {contact: message}
      then: [open: answer]""",
)


@pytest_asyncio.fixture
async def lead_id(desk: Desk) -> UUID:
    await desk.activate_playbook(ANSWERING)
    return await desk.lead("tiny")


def written(lead_id: UUID, direction: Direction = Direction.IN) -> ContactRecorded:
    person = Speaker(phone="+79990000001", text="Где мой заказ?")
    return contact(
        lead_id=lead_id, kind=ContactKind.MESSAGE, direction=direction, person=person, message_id=uuid7()
    )


async def steps(api: Api, lead_id: UUID) -> list[tuple[str, str]]:
    answer = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    return [(step["kind"], step["title"]) for step in answer.json()["items"] if step["kind"].startswith("message_")]


@pytest.mark.req("U16", "P.3", "P.7")
async def test_a_message_is_a_step_that_names_it_and_says_nothing_of_it(
    desk: Desk, api: Api, lead_id: UUID
) -> None:
    given = written(lead_id)
    await desk.receive(given)
    answer = await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})
    [step] = [step for step in answer.json()["items"] if step["kind"] == "message_received"]
    assert (step["title"], step["facts"]["message_id"]) == ("Клиент написал", str(given.message_id))
    assert "Где мой" not in answer.text


@pytest.mark.req("P.10")
async def test_what_was_typed_in_the_app_is_a_step_of_its_own(desk: Desk, api: Api, lead_id: UUID) -> None:
    await desk.receive(written(lead_id, Direction.OUT))
    assert await steps(api, lead_id) == [("message_written", "Клиенту написали из приложения")]


@pytest.mark.req("S2.9", "U16")
async def test_a_message_opens_one_task_to_answer_it_within_five_minutes(
    desk: Desk, api: Api, lead_id: UUID
) -> None:
    for _ in range(2):
        await desk.receive(written(lead_id))
    shown = await api.call("GET", "/tasks", role="admin", params={"lead_id": str(lead_id), "type": "answer"})
    due = [datetime.fromisoformat(task["due_at"]) for task in shown.json()["items"]]
    assert due == [desk.clock.now() + timedelta(minutes=5)]
    assert [kind for kind, _ in await steps(api, lead_id)] == ["message_received"] * 2
