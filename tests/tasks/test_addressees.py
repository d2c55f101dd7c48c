"""For whom tasks are and to whom messages go: the owner, the consultant, the supervisors (S0.14, S2.2, S2.6)."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts import EventData
from libs.common.contracts.shared import Customer, Identity, IdentityKind, Language, OrderStatus
from libs.common.contracts.tasks import MessageRequested, TaskAssigned
from services.tasks.engine.events import OutcomeGiven, Proposed
from services.tasks.playbooks.grammar import parse
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, lead_v2, operator
from tests.tasks.subjects import order_changed
from tests.tasks.support import ANNA, BORIS, TINY, VOCABULARY, started
from tests.tasks.visits import PARTNER_ID, partner

CHIEF = UUID(int=3)
#: A late call is the supervisors', the owner hears of it; a gap in the card is the consultant's.
SAID = "messages:\n  late: {template: late, to: owner}\n  gap: {template: gap, to: consultant}\nlanes:"
DESK = (
    TINY.replace("pool: main", "pool: callback")
    .replace("mode: push", "mode: mixed\n    on_taken: own")
    .replace("lanes:", SAID)
    .replace(
        '"on":',
        """"on":
  task_overdue:
    - then: [message: late, open: {type: call, due: 15m, for: supervisor}]
  order_changed:
    - then: [message: gap, open: {type: call, for: consultant}]""",
    )
)
TELEGRAM = Identity(kind=IdentityKind.TELEGRAM, value="boris_k")
#: An outcome with a field that is named like an addressee.
NAMED = """\
        result: deferred
        fields: {consultant: person}
        then:
          - defer: {due: 5m, for: consultant}"""


@pytest_asyncio.fixture
async def lead_id(desk: Desk) -> UUID:
    """A lead whose partner has Boris as consultant; there is a supervisor in the pool."""
    reached = Customer(name="Anna", phone="+79990000055")
    await desk.activate_playbook(DESK)
    await desk.receive(
        operator(ANNA_ID, "anna", person=reached, version=2),
        operator(BORIS_ID, "boris", person=Customer(identities=(TELEGRAM,)), version=2),
        operator(CHIEF, "chief", roles=("supervisor",)),
        partner(consultant_id=BORIS_ID),
    )
    lead = lead_v2("tiny", partner_id=PARTNER_ID)
    await desk.receive(lead)
    return lead.lead_id


async def take(api: Api, lead_id: UUID, sub: str = "anna") -> int:
    params = {"lead_id": str(lead_id), "state": "active"}
    found = (await api.call("GET", "/tasks", role="admin", params=params)).json()["items"]
    free = [task for task in found if task["operator_id"] is None]
    return (await api.call("POST", f"/tasks/{free[0]['id']}/take", sub=sub)).status_code


@pytest.mark.req("S2.6")
async def test_a_task_for_the_supervisor_is_taken_by_one_of_them_and_by_no_operator(
    desk: Desk, api: Api, lead_id: UUID
) -> None:
    await take(api, lead_id)
    await desk.pass_time(timedelta(minutes=6))
    assert [await take(api, lead_id, sub) for sub in ("boris", "chief")] == [403, 200]


@pytest.mark.req("S2.2")
async def test_the_owner_is_written_to_where_assignment_has_them_in_the_desk_s_language(
    desk: Desk, api: Api, lead_id: UUID
) -> None:
    await take(api, lead_id)
    await desk.pass_time(timedelta(minutes=6))
    (message,) = await desk.sent(MessageRequested)
    assert (message.purpose, message.person.phone) == ("late", "+79990000055")
    assert (message.language, message.zone) == (Language.RU, "Europe/Moscow")


@pytest.mark.req("S2.6")
async def test_the_team_is_told_by_its_channel_and_of_nobody(desk: Desk, lead_id: UUID) -> None:
    await desk.activate_playbook(DESK.replace("to: consultant", "to: team"))
    lead = lead_v2("tiny")
    await desk.receive(lead, order_changed(lead.lead_id, OrderStatus.PAID))
    (message,) = await desk.sent(MessageRequested)
    assert (message.channels, message.person, message.language) == (("team",), Customer(), Language.RU)


async def test_an_owner_who_cannot_be_reached_is_a_remark(desk: Desk, api: Api, lead_id: UUID) -> None:
    await take(api, lead_id)
    await desk.receive(operator(ANNA_ID, "anna", version=3))
    await desk.pass_time(timedelta(minutes=6))
    steps = (await api.call("GET", "/timeline", role="admin", params={"lead_id": str(lead_id)})).json()["items"]
    assert await desk.sent(MessageRequested) == []
    assert "Сообщение «late» не запрошено: писать некуда" in [step["title"] for step in steps]


@pytest.mark.req("S0.14")
async def test_a_gap_in_the_card_is_the_consultant_s_task_and_message(desk: Desk, lead_id: UUID) -> None:
    await desk.receive(order_changed(lead_id, OrderStatus.PAID))
    (message,) = await desk.sent(MessageRequested)
    assert [event.operator_id for event in await desk.sent(TaskAssigned)] == [BORIS_ID]
    assert message.person.identities == (TELEGRAM,)


@pytest.mark.parametrize(
    "change", [partner(version=2, consultant_id=None), operator(BORIS_ID, "boris", active=False, version=3)]
)
async def test_a_task_for_a_consultant_who_is_not_there_is_for_its_role(
    desk: Desk, lead_id: UUID, change: EventData
) -> None:
    await desk.receive(change)
    await desk.receive(order_changed(lead_id, OrderStatus.PAID))
    assert [task.role for task in await desk.tasks()] == ["operator", "operator"]
    assert await desk.sent(TaskAssigned) == []


def test_a_field_of_that_name_comes_first_as_it_always_did() -> None:
    old = TINY.replace("        result: completed\n        then:\n          - end: true", NAMED)
    process = started(parse(old, VOCABULARY))
    process.on(Proposed(process.task.id, process.task.version, ANNA, UUID(int=9)))
    given = OutcomeGiven(process.task.id, "done", "поговорили", str(ANNA.id), ANNA, supervisor=False)
    process.on(replace(given, fields={"consultant": str(BORIS.id)}, people={str(BORIS.id): BORIS}))
    assert process.task.operator_id == BORIS.id
