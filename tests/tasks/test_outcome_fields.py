"""The fields of an outcome: read by their types, known to the process, the start of moments (S0.6, S0.9)."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts import tasks
from services.tasks.engine.fields import FieldsRead, field_texts, read_fields
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.model import Outcome
from tests.tasks.client import Api, Json
from tests.tasks.desk import Desk
from tests.tasks.support import START, VOCABULARY

SALON = Path("tests/tasks/salon.yaml").read_text(encoding="utf-8")
PLAYBOOK = parse(SALON, VOCABULARY)
BOOKED = PLAYBOOK.outcomes["booked"]
LATER = START + timedelta(days=3)
GOOD: Mapping[str, object] = {"appointment_at": LATER.isoformat(), "service": "haircut", "customer_name": " Анна "}


def read(outcome: Outcome = BOOKED, problem: str | None = None, **given: object) -> FieldsRead:
    return read_fields(outcome, {**GOOD, **given} if outcome is BOOKED else given, problem, START)


def codes(found: FieldsRead) -> list[str]:
    """The faults, `field code`; each is said in both languages."""
    assert all(fault.detail.ru and fault.detail.en for fault in found.faults)
    return [f"{fault.pointer.removeprefix('/fields/')} {fault.code}" for fault in found.faults]


def test_fields_are_stored_in_canonical_form() -> None:
    found = read(deposit=1500, second_phone="8 (999) 123-45-67")
    assert found.faults == ()
    assert found.values == {
        "appointment_at": LATER.isoformat(),
        "service": "haircut",
        "customer_name": "Анна",
        "deposit": "1500",
        "second_phone": "+79991234567",
    }


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("appointment_at", None, "field_required"),
        ("appointment_at", "завтра", "not_a_moment"),
        ("appointment_at", "2026-03-05T12:00", "not_a_moment"),
        ("appointment_at", START.isoformat(), "in_the_past"),
        ("appointment_at", "2099-01-01T00:00+00:00", "too_far"),
        ("service", "massage", "not_a_choice"),
        ("customer_name", "  ", "not_a_text"),
        ("customer_name", "а" * 4001, "text_too_long"),
        ("deposit", "много", "not_money"),
        ("deposit", "99.999", "not_money"),
        ("deposit", "NaN", "not_money"),
        ("deposit", "sNaN", "not_money"),
        ("deposit", "-Infinity", "not_money"),
        ("deposit", "1e30", "not_money"),
        ("deposit", "1e-30", "not_money"),
        ("deposit", "99.99", "out_of_range"),
        ("deposit", "5000.01", "out_of_range"),
        ("deposit", True, "not_money"),
        ("second_phone", "12", "not_a_phone"),
        ("colour", "red", "unknown_field"),
    ],
)
def test_a_value_that_does_not_fit_is_named(name: str, value: object, code: str) -> None:
    assert codes(read_fields(BOOKED, {**GOOD, name: value}, None, START)) == [f"{name} {code}"]


def test_every_fault_is_named_at_once() -> None:
    found = read(appointment_at="?", service=None, deposit="-1", colour="red")
    assert sorted(codes(found)) == [
        "appointment_at not_a_moment", "colour unknown_field", "deposit out_of_range", "service field_required",
    ]  # fmt: skip


@pytest.mark.parametrize(("problem", "faults"), [("silent", []), ("other", ["why field_required"])])
def test_a_field_may_be_required_by_a_problem(problem: str, faults: list[str]) -> None:
    assert codes(read(PLAYBOOK.outcomes["did_not_come"], problem)) == faults


VALUES = st.none() | st.booleans() | st.integers() | st.text(max_size=40)


@given(st.dictionaries(st.sampled_from([*BOOKED.fields, "other"]), VALUES))
def test_any_value_is_read_or_named(given: dict[str, object]) -> None:
    found = read_fields(BOOKED, given, None, START)
    named = {fault.pointer.removeprefix("/fields/") for fault in found.faults}
    filled = {name for name, value in given.items() if value is not None and value != ""}
    assert filled <= named | found.values.keys()
    assert not named & found.values.keys()


def test_messages_carry_no_personal_field() -> None:
    values = read(deposit="990.50", second_phone="+79991234567").values
    assert field_texts(PLAYBOOK, values, "ru", "Asia/Omsk") == {
        "appointment_at": "05.03.2026 15:00", "service": "Стрижка", "deposit": "990.50",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("from: appointment, after: 2h", "from: visit_at, after: 2h", "unknown_reference"),
        ("from: appointment, after: 2h", "from: deposit, after: 2h", "not_a_time"),
        ("of: services", "of: servises", "unknown_reference"),
        ("type: choice, of: services", "type: choice", "choice_of"),
        ("customer_name: text", "customer_name: words", "unknown_value"),
        ("customer_name: text", "customer_name: {type: text, future: true}", "no_time"),
        ("deposit: {type: money", "appointment: {type: money", "reserved_name"),
        ("why: {type: text,", "service: {type: text,", "two_types"),
        ("why: {type: text, optional: true,", "why: {type: text,", "always_required"),
    ],
)
def test_a_faulty_declaration_is_named(old: str, new: str, code: str) -> None:
    with pytest.raises(ValueError, match="line") as caught:
        parse(SALON.replace(old, new, 1), VOCABULARY)
    assert code in {fault.code for fault in getattr(caught.value, "faults", ())}


async def booked(desk: Desk, api: Api, **fields: object) -> Json:
    """Book a lead of the salon and return its open task, the reminder."""
    await desk.activate_playbook(SALON)
    lead_id = await desk.lead("salon")
    task = await _mine(api, await api.task(lead_id))
    answer = await api.outcome(task, "booked", call_made=True, fields={**GOOD, **fields})
    assert answer.status_code == 200, answer.text
    return await _open(api, lead_id, "remind")


async def _open(api: Api, lead_id: UUID | str, kind: str) -> Json:
    """Return the open task of a type."""
    found = await api.call("GET", "/tasks", role="admin", params={"lead_id": str(lead_id), "state": "active"})
    (task,) = [task for task in found.json()["items"] if task["type"] == kind]
    return Json(task)


async def _mine(api: Api, task: Json) -> Json:
    taken: Json = (await api.call("POST", f"/tasks/{task['id']}/take", role="operator")).json()
    return taken


@pytest.mark.req("S0.9")
async def test_the_reminder_is_due_the_day_before_in_the_customers_zone(desk: Desk, api: Api) -> None:
    task = await booked(desk, api, appointment_at="2026-03-06T12:00+03:00")
    found = [datetime.fromisoformat(task[name]) for name in ("offer_from", "due_at")]
    assert (task["type"], [moment.isoformat() for moment in found]) == (
        "remind",
        ["2026-03-05T09:00:00+00:00", "2026-03-05T15:00:00+00:00"],
    )


async def test_what_was_filled_in_is_shown_and_goes_into_the_message(desk: Desk, api: Api) -> None:
    task = await booked(desk, api, deposit="1500.00")
    ended = await api.call("GET", "/tasks", role="admin", params={"lead_id": task["lead_id"], "state": "completed"})
    (message,) = [
        event for event in await desk.sent(tasks.MessageRequested) if event.purpose == "booked_for_customer"
    ]
    assert ended.json()["items"][0]["fields"]["customer_name"] == "Анна"
    assert message.variables.items() >= {"appointment_at": "05.03.2026 12:00", "deposit": "1500.00"}.items()
    assert "customer_name" not in message.variables


async def test_a_later_task_counts_from_the_time_that_was_booked(desk: Desk, api: Api) -> None:
    reminder = await booked(desk, api)
    await desk.pass_time(timedelta(days=2, hours=3))
    assert (await api.outcome(await _mine(api, reminder), "reached")).status_code == 200
    control = await _open(api, reminder["lead_id"], "visit_control")
    assert (control["type"], datetime.fromisoformat(control["due_at"])) == (
        "visit_control",
        LATER + timedelta(hours=3),
    )


async def test_a_task_says_which_fields_its_outcomes_have(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(SALON)
    task = await api.task(await desk.lead("salon"))
    (outcome,) = [found for found in task["outcomes"] if found["code"] == "booked"]
    shown = {found["name"]: (found["type"], found["optional"]) for found in outcome["fields"]}
    assert shown["service"] == ("choice", False)
    assert [choice["title"] for found in outcome["fields"] for choice in found["choices"]] == [
        "Стрижка",
        "Окрашивание",
    ]


async def test_faults_of_fields_stand_beside_all_others(desk: Desk, api: Api) -> None:
    await desk.activate_playbook(SALON)
    task = await _mine(api, await api.task(await desk.lead("salon")))
    refused = await api.outcome(task, "booked", comment=" ", fields={"service": "massage", "customer_name": "Анна"})
    assert refused.status_code == 422
    assert {fault["pointer"] for fault in refused.json()["errors"]} == {
        "/comment", "/call_made", "/fields/service", "/fields/appointment_at",
    }  # fmt: skip


async def test_the_timeline_names_fields_and_keeps_their_values(desk: Desk, api: Api) -> None:
    task = await booked(desk, api)
    told = await api.call("GET", "/timeline", role="admin", params={"lead_id": task["lead_id"]})
    (step,) = [item for item in told.json()["items"] if item["kind"] == "dozvon.task.completed.v1"]
    assert step["facts"]["fields"] == ["appointment_at", "customer_name", "service"]
    assert "Анна" not in str(step)
