"""A desk that masks shows operators no whole number before the lead or the task is theirs (P.7)."""

from datetime import timedelta

import pytest

from libs.common.contracts.masking import MaskingChanged
from services.tasks.engine.fields import unreachable
from services.tasks.playbooks.fields import FieldSpec, FieldType, FieldValue
from services.tasks.sheets.rules import words
from tests.tasks.client import Api
from tests.tasks.desk import BORIS_ID, Desk, proposal
from tests.tasks.live import Live
from tests.tasks.support import SCHOOL, started
from tests.tasks.test_sheets import SHEET
from tests.tasks.test_task_customers import PHONE, customers

pytestmark = pytest.mark.req("P.7")

MASKED = "+7***0001"
CORRECTED = SHEET.replace(
    "        title: {ru: Сделано, en: Done}\n",
    """        title: {ru: Сделано, en: Done}
        fields:
          second: {type: phone, title: {ru: Второй, en: Second}}
          post: {type: text, title: {ru: Почта, en: E-mail}}
          said: {type: text, title: {ru: Слова, en: Words}}
""",
)


async def phones(api: Api, sub: str, role: str = "operator") -> list[object]:
    return [one and one["phone"] for one in await customers(api, sub, role)]


async def test_a_task_shows_a_number_once_it_is_ones_own(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    await desk.receive(MaskingChanged(lists=True))
    waits = [await phones(api, "anna"), await phones(api, "chief", "supervisor")]
    await desk.receive(proposal((await api.task(lead_id))["id"], lead_id))
    assert (waits, await phones(api, "anna")) == ([[MASKED], [PHONE]], [PHONE])


async def test_who_has_had_a_task_sees_its_number_masked_once_it_is_over(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(SHEET)
    lead_id = await desk.lead("tiny")
    await desk.receive(MaskingChanged(lists=True))
    task = await api.task(lead_id)
    taken = (await api.call("POST", f"/tasks/{task['id']}/take")).json()
    closed = (await api.outcome(taken, "done")).json()
    again = [(await api.call("GET", f"/tasks/{task['id']}", role=r)).json() for r in ("operator", "supervisor")]
    assert [each["customer"]["phone"] for each in (taken, closed, *again)] == [PHONE, MASKED, MASKED, PHONE]


async def test_a_queue_masks_what_next_shows_to_who_takes_it(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    await desk.receive(MaskingChanged(lists=True))
    (queued,) = (await api.call("GET", "/queues/new/tasks")).json()["items"]
    given = (await api.call("POST", "/next")).json()["task"]
    assert [each["customer"]["phone"] for each in (queued, given)] == [MASKED, PHONE]


async def test_who_has_borrowed_a_task_sees_whom_to_call(desk: Desk, api: Api) -> None:
    lead_id = await desk.lead("callback")
    task = await api.task(lead_id)
    await desk.receive(proposal(task["id"], lead_id), MaskingChanged(lists=True))
    until = (desk.clock.now() + timedelta(hours=2)).isoformat()
    body = {"comment": "на час", "operator_id": str(BORIS_ID), "until": until}
    await api.call("POST", f"/tasks/{task['id']}/lend", json=body, version=task["version"] + 1)
    assert [await phones(api, sub) for sub in ("anna", "boris")] == [[PHONE], [PHONE]]


async def test_an_older_word_of_the_rule_changes_nothing(desk: Desk, api: Api) -> None:
    await desk.lead("callback")
    newer, older = desk.event(MaskingChanged(lists=True)), desk.event(MaskingChanged(lists=False))
    await desk.apply([newer._replace(sequence=9), older._replace(sequence=8)])
    assert await phones(api, "anna") == [MASKED]


async def test_the_live_stream_masks_as_the_list_does(desk: Desk, live: Live) -> None:
    await desk.receive(MaskingChanged(lists=True))
    async with live.follow("anna", "operator") as anna, live.follow() as board:
        await desk.lead("callback")
        (seen,), (managed,) = await anna.data(1), await board.data(1)
    assert [each["customer"]["phone"] for each in (seen, managed)] == [MASKED, PHONE]


async def test_values_of_messages_name_no_number_of_a_lead_that_is_nobodys(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(SHEET)
    lead_id = await desk.lead("tiny")
    await desk.receive(MaskingChanged(lists=True))
    path = f"/leads/{lead_id}/message-values"
    strange = (await api.call("GET", path)).json()["values"]
    managed = (await api.call("GET", path, role="supervisor")).json()["values"]
    task = await api.task(lead_id)
    await api.call("POST", f"/tasks/{task['id']}/take")
    own = (await api.call("GET", path)).json()["values"]
    shown = [(each["phone"], each["email"], each["name"]) for each in (strange, managed, own)]
    whole = (PHONE, "ivan@example.org", "Иван")
    assert shown == [(MASKED, "i***@example.org", "Иван"), whole, whole]


async def test_an_outcome_shows_the_numbers_that_it_brought_to_who_works_the_lead(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(CORRECTED)
    lead_id = await desk.lead("tiny")
    task, brought = await api.task(lead_id), {"second": "+79991234567", "post": "olga@example.org", "said": "с 9"}
    given = {"json": {"outcome": "done", "comment": "сам", "fields": brought}, "version": task["version"]}
    assert (await api.call("POST", f"/tasks/{task['id']}/outcome", role="supervisor", **given)).is_success
    before = (await api.call("GET", f"/tasks/{task['id']}")).json()["fields"]
    await desk.receive(MaskingChanged(lists=True))
    strange, managed = [
        (await api.call("GET", f"/tasks/{task['id']}", role=role)).json()["fields"]
        for role in ("operator", "supervisor")
    ]
    assert (before, managed) == (brought, brought)
    assert strange == {"second": "+7***4567", "post": "o***@example.org", "said": "с 9"}


async def test_who_may_not_see_the_customer_is_told_no_number_that_an_outcome_brought(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(CORRECTED)
    lead_id = await desk.lead("tiny")
    task, brought = await api.task(lead_id), {"second": "+79991234567", "post": "olga@example.org", "said": "с 9"}
    given = {"json": {"outcome": "done", "comment": "сам", "fields": brought}, "version": task["version"]}
    assert (await api.call("POST", f"/tasks/{task['id']}/outcome", role="supervisor", **given)).is_success
    await desk.ctx.db.pool.execute("UPDATE process SET owner_id = $1, owner_name = 'Boris'", BORIS_ID)
    strange, own = [(await api.call("GET", f"/tasks/{task['id']}", sub=sub)).json() for sub in ("anna", "boris")]
    assert (strange["customer"], strange["fields"]["second"], own["fields"]) == (None, "+7***4567", brought)


TYPES: dict[FieldType, list[tuple[FieldValue, FieldValue]]] = {
    FieldType.TEXT: [
        ("+79991234567", "+7***4567"),
        (" 8 (999) 123-45-67.", "***4567"),
        ("olga@example.org.", "o***@example.org"),
    ],
    FieldType.QUESTIONNAIRE: [({"a": "8 999 123 45 67", "b": "9"}, {"a": "***4567", "b": "9"})],
    FieldType.DOCUMENT: [
        (
            {"title": "olga@example.org", "url": "https://acts.example/9991234567", "number": "9991234567"},
            {"title": "o***@example.org", "url": "https://acts.example/9991234567", "number": "9991234567"},
        )
    ],
    FieldType.PERSON: [(str(BORIS_ID), str(BORIS_ID))],
    FieldType.MONEY: [("9991234567", "9991234567")],
}


@pytest.mark.parametrize(("of", "given", "shown"), [(of, *pair) for of, pairs in TYPES.items() for pair in pairs])
def test_what_reaches_a_person_is_masked_in_values_of_any_type(
    of: FieldType, given: FieldValue, shown: FieldValue
) -> None:
    asked = "survey" if of is FieldType.QUESTIONNAIRE else None
    assert unreachable(FieldSpec("x", of, questionnaire=asked), given) == shown


@pytest.mark.parametrize(("hides", "shown"), [(True, "+7***4567"), (False, "+79991234567")])
def test_a_script_names_a_phone_that_an_outcome_brought_as_its_reader_may_see_it(
    *, hides: bool, shown: str
) -> None:
    state = started(SCHOOL).state
    state.fields = {"new_phone": "+79991234567"}
    assert words(state, SCHOOL, "ru", hides=hides)["new_phone"] == shown
