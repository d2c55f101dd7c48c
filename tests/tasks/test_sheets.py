"""Call sheets over HTTP: goal, steps to tick, scripts filled with what is known (P.9)."""

from dataclasses import replace
from uuid import UUID

import pytest
import pytest_asyncio

from libs.common.contracts.tasks import MessageRequested
from services.tasks.engine.variables import variables
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.sheets import NAMES
from services.tasks.playbooks.source import InvalidPlaybookError
from tests.tasks.asks import PARTNER
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk, lead_v2
from tests.tasks.support import SCHOOL, START, TINY, VOCABULARY, blank, facts
from tests.tasks.visits import PARTNER_ID, partner

SHEET = (
    TINY.replace("mode: push", "mode: pull")
    .replace("pool: main", "pool: sales\n    call_sheet: order")
    .replace(
        "task_types:",
        """\
call_sheets:
  order:
    goal: {ru: Подтвердить, en: Confirm}
    steps:
      greet: {ru: Представиться, en: Say who you are}
      address: {ru: Проверить адрес, en: Check the address}
    scripts:
      opening:
        title: {ru: Начало, en: Opening}
        text: {ru: "{name}, ваш заказ {order_number} на {amount}", en: "{name}, order {order_number}: {amount}"}
        else: {ru: "Здравствуйте, {name}", en: "Hello, {name}"}
      owned:
        title: {ru: Знакомому, en: To whom we know}
        when: {owned: true}
        text: {ru: Это снова мы, en: It is us again}
task_types:""",
    )
)


@pytest_asyncio.fixture
async def tiny(desk: Desk) -> Desk:
    await desk.activate_playbook(SHEET)
    return desk


async def sheet(api: Api, task: Json, **asked: object) -> Json:
    answer = await api.call("GET", f"/tasks/{task['id']}/sheet", **asked)  # type: ignore[arg-type]  # of the call
    assert answer.status_code == 200
    found: Json = answer.json()
    return found


@pytest.mark.req("S2.5")
async def test_a_lead_says_what_its_messages_would_be_filled_with(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    found = (await api.call("GET", f"/leads/{lead_id}/message-values")).json()
    (requested,) = await desk.sent(MessageRequested)
    assert found["language"] == requested.language
    assert requested.variables.items() <= found["values"].items()
    assert found["values"]["name"] == requested.person.name


@pytest.mark.req("P.9")
@pytest.mark.parametrize(
    ("language", "said"),
    [("ru", "Иван, ваш заказ 1042 на 4\xa0990\xa0₽"), ("en", "Иван, order 1042: 4\xa0990\xa0₽")],
)
async def test_a_script_is_filled_with_what_is_known(tiny: Desk, api: Api, language: str, said: str) -> None:
    found = await sheet(api, await api.task(await tiny.lead("tiny")), language=language)
    assert [script["text"] for script in found["scripts"]] == [said]


@pytest.mark.req("P.9")
async def test_other_words_are_said_where_something_is_not_known(tiny: Desk, api: Api) -> None:
    data = lead_v2("tiny")
    await tiny.receive(data)
    found = await sheet(api, await api.task(data.lead_id))
    assert [script["text"] for script in found["scripts"]] == ["Здравствуйте, Иван"]


@pytest.mark.req("P.9")
async def test_a_script_is_shown_in_its_situation(tiny: Desk, api: Api) -> None:
    lead_id = await tiny.lead("tiny")
    await api.call(
        "POST",
        f"/leads/{lead_id}/assign",
        role="supervisor",
        version=0,
        json={"operator_id": str(UUID(int=1)), "comment": "ей"},
    )
    found = await sheet(api, await api.task(lead_id))
    assert [script["code"] for script in found["scripts"]] == ["opening", "owned"]


@pytest.mark.req("P.9")
async def test_its_operator_ticks_the_steps_of_a_task(tiny: Desk, api: Api) -> None:
    task = await api.task(await tiny.lead("tiny"))
    await api.call("POST", f"/tasks/{task['id']}/take")
    for _ in range(2):
        answer = await api.call("PUT", f"/tasks/{task['id']}/sheet/steps/greet")
    assert [(step["code"], step["done_by"]) for step in answer.json()["steps"]] == [
        ("greet", str(UUID(int=1))),
        ("address", None),
    ]
    answer = await api.call("DELETE", f"/tasks/{task['id']}/sheet/steps/greet")
    assert [step["done_by"] for step in answer.json()["steps"]] == [None, None]


@pytest.mark.parametrize(
    ("sub", "step", "status"), [("boris", "greet", 409), ("anna", "dance", 404), ("stranger", "greet", 403)]
)
async def test_nobody_else_ticks_and_no_other_step_is_ticked(
    tiny: Desk, api: Api, sub: str, step: str, status: int
) -> None:
    task = await api.task(await tiny.lead("tiny"))
    await api.call("POST", f"/tasks/{task['id']}/take")
    answer = await api.call("PUT", f"/tasks/{task['id']}/sheet/steps/{step}", sub=sub)
    assert answer.status_code == status


async def test_a_task_that_nobody_has_taken_is_not_ticked(tiny: Desk, api: Api) -> None:
    task = await api.task(await tiny.lead("tiny"))
    answer = await api.call("PUT", f"/tasks/{task['id']}/sheet/steps/greet")
    assert (answer.status_code, answer.json()["code"]) == (409, "task_not_taken")


async def test_a_task_without_a_sheet_has_none(desk: Desk, api: Api) -> None:
    task = await api.task(await desk.lead("callback"))
    assert (await api.call("GET", f"/tasks/{task['id']}/sheet")).status_code == 404


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("{order_number} на", "{order_nomber} на", "unknown_name"),
        ("call_sheet: order", "call_sheet: orders", "unknown_reference"),
        ("\n    call_sheet: order", "", "unreachable"),
    ],
)
def test_what_a_sheet_names_must_be_there(old: str, new: str, code: str) -> None:
    with pytest.raises(InvalidPlaybookError) as caught:
        parse(SHEET.replace(old, new), VOCABULARY)
    assert code in {fault.code for fault in caught.value.faults}


def test_what_scripts_may_name_is_what_messages_are_filled_with() -> None:
    known = blank(SCHOOL, facts(received_at=START))
    known.partner = replace(PARTNER, address="ул. Лесная, 1", site="https://rose.example")
    found = variables(known, "ru").keys()
    assert found <= NAMES
    assert {"partner_title", "partner_address", "partner_site"} <= found


async def test_a_script_names_the_partner_of_the_lead(desk: Desk, api: Api) -> None:
    said = SHEET.replace("Это снова мы", "'{partner_title}, {partner_address}'")
    named = said.replace("owned: true", "owned: false")
    await desk.activate_playbook(named)
    lead = lead_v2("tiny", partner_id=PARTNER_ID)
    await desk.receive(partner(), lead)
    scripts = (await sheet(api, await api.task(lead.lead_id), role="admin"))["scripts"]
    assert "Роза, ул. Лесная, 1" in [script["text"] for script in scripts]
