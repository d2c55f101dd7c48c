"""The salon's story: booked, reminded of, moved, cancelled, looked after (S0.4-S0.6, S0.9-S0.11, S2.7)."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.shared import (
    AppointmentParty,
    AppointmentStep,
    ChangeTarget,
    ContactKind,
    Customer,
    Language,
)
from tests.tasks.client import Json
from tests.tasks.desk import lead_v2
from tests.tasks.visits import BUSY, LATER, ORDER, VISIT, Salon, called_back, partner


@pytest.mark.req("S0.6")
async def test_a_booking_asks_intake_for_appointment_order_and_customer(salon: Salon) -> None:
    await salon.booked(remarks="Аллергия на краску")
    asked = {request.target: request for request in await salon.desk.sent(tasks.ChangeRequested)}
    assert asked[ChangeTarget.APPOINTMENT].values == {"step": "planned", "at": VISIT.isoformat()}
    assert asked[ChangeTarget.ORDER_FIELDS].values == {"remarks": "Аллергия на краску"}
    assert asked[ChangeTarget.CUSTOMER_FIELDS].person == Customer(name="Анна")
    assert {request.target_id for request in asked.values()} == {
        salon.lead_id, ORDER.id, salon.lead.customer_id,
    }  # fmt: skip


@pytest.mark.req("S2.7")
async def test_what_an_outcome_says_of_the_situation_is_pinned_to_the_lead(salon: Salon) -> None:
    await salon.booked()
    assert await salon.asked(ChangeTarget.PINNED_COMMENT) == [{"text": "поговорили"}]


@pytest.mark.req("S0.6")
async def test_the_partner_and_the_customer_are_written_to_each_in_their_language_and_zone(salon: Salon) -> None:
    await salon.booked()
    said = {message.purpose: message for message in await salon.desk.sent(tasks.MessageRequested)}
    partner_said, customer_said = said["booked_for_partner"], said["booked_for_customer"]
    assert (partner_said.person.phone, partner_said.language, partner_said.zone) == (
        "+79990000077", Language.EN, "Asia/Omsk",
    )  # fmt: skip
    assert partner_said.variables["appointment_at"] == "06.03.2026 15:00"
    assert customer_said.variables["appointment_at"] == "06.03.2026 12:00"
    assert customer_said.variables["partner_address"] == "ул. Лесная, 1"


@pytest.mark.req("S0.6")
async def test_a_booking_schedules_the_reminder_and_the_control(salon: Salon) -> None:
    await salon.booked()
    open_tasks = await salon.open()
    due = {kind: datetime.fromisoformat(task["due_at"]) for kind, task in open_tasks.items()}
    assert due == {
        "remind": VISIT.replace(hour=15) - timedelta(days=1),
        "visit_control": VISIT + timedelta(hours=3),
    }


@pytest.mark.req("S0.6")
async def test_a_partner_who_cannot_be_written_to_is_a_remark_and_no_hindrance(salon: Salon) -> None:
    await salon.desk.receive(partner(version=2, person=Customer(name="Роза")))
    await salon.booked()
    assert await salon.messages() == ["booked_for_customer"]
    assert "Сообщение «booked_for_partner» не запрошено: писать некуда" in [
        step["title"] for step in await salon.steps()
    ]


@pytest.mark.req("S0.9")
async def test_a_moved_appointment_moves_its_tasks(salon: Salon) -> None:
    await salon.booked()
    before = await salon.open()
    await salon.appointment(AppointmentStep.MOVED, LATER, previous_at=VISIT, by=AppointmentParty.CUSTOMER)
    after = await salon.open()
    moved = [tasks_of(after, kind) - tasks_of(before, kind) for kind in ("remind", "visit_control")]
    assert moved == [LATER - VISIT] * 2
    deferred = {event.successor_id: event.task_id for event in await salon.desk.sent(tasks.TaskDeferred)}
    assert deferred == {UUID(after[kind]["id"]): UUID(before[kind]["id"]) for kind in before}


def tasks_of(found: dict[str, Json], kind: str) -> datetime:
    return datetime.fromisoformat(found[kind]["due_at"])


@pytest.mark.req("S0.9")
async def test_a_planned_appointment_that_intake_confirms_changes_nothing(salon: Salon) -> None:
    await salon.booked()
    before = await salon.open()
    await salon.appointment(AppointmentStep.MOVED, VISIT)
    assert await salon.open() == before


@pytest.mark.req("S0.9")
async def test_a_cancelled_appointment_cancels_its_tasks_and_the_customer_is_called(salon: Salon) -> None:
    await salon.booked()
    await salon.appointment(AppointmentStep.CANCELLED, by=AppointmentParty.PARTNER, warned=False)
    assert list(await salon.open()) == ["call"]
    failed = {event.task_type for event in await salon.desk.sent(tasks.TaskFailed)}
    assert failed == {"remind", "visit_control"}


@pytest.mark.req("S0.9")
async def test_a_customer_who_names_another_time_is_booked_for_that(salon: Salon) -> None:
    await salon.booked()
    await salon.end("remind", "moved", fields={"appointment_at": LATER.isoformat()})
    assert (await salon.asked(ChangeTarget.APPOINTMENT))[-1] == {
        "step": "moved", "at": LATER.isoformat(), "by": "customer", "warned": "true",
    }  # fmt: skip
    open_tasks = await salon.open()
    assert tasks_of(open_tasks, "visit_control") == LATER + timedelta(hours=3)
    await salon.appointment(AppointmentStep.MOVED, LATER)
    assert await salon.open() == open_tasks


@pytest.mark.req("S0.9")
async def test_a_customer_who_refuses_at_the_reminder_is_lost(salon: Salon) -> None:
    await salon.booked()
    await salon.end("remind", "refused")
    assert await salon.open() == {}
    assert (await salon.asked(ChangeTarget.APPOINTMENT))[-1] == {
        "step": "cancelled", "by": "customer", "warned": "true",
    }  # fmt: skip
    assert await salon.asked(ChangeTarget.ORDER_STATUS) == [{"status": "refused"}]


@pytest.mark.req("S0.9")
async def test_a_customer_who_is_not_reached_twice_is_reminded_by_a_message(salon: Salon) -> None:
    await salon.booked()
    for _ in range(2):
        await salon.end("remind", "unreached", **BUSY)
    assert (await salon.messages())[-1] == "reminder"
    assert list(await salon.open()) == ["visit_control"]


@pytest.mark.req("S0.9")
async def test_a_reminder_that_has_not_left_is_withdrawn_when_the_appointment_is_cancelled(salon: Salon) -> None:
    await salon.booked()
    for _ in range(2):
        await salon.end("remind", "unreached", **BUSY)
    await salon.appointment(AppointmentStep.CANCELLED)
    (withdrawn,) = await salon.desk.sent(tasks.MessageWithdrawn)
    requested = [m for m in await salon.desk.sent(tasks.MessageRequested) if m.purpose == "reminder"]
    assert [withdrawn.dedupe_key] == [message.dedupe_key for message in requested]


@pytest.mark.req("S0.10")
async def test_a_customer_who_came_makes_order_and_lead_done(salon: Salon) -> None:
    await salon.booked()
    await salon.end("remind", "reached")
    await salon.end("visit_control", "came")
    assert (await salon.asked(ChangeTarget.APPOINTMENT))[-1] == {"step": "kept"}
    assert await salon.asked(ChangeTarget.ORDER_STATUS) == [{"status": "done"}]
    assert (await salon.desk.sent(tasks.LeadStatusRequested))[-1].status == "visited"


@pytest.mark.req("S0.10")
async def test_what_a_discontent_customer_says_goes_to_the_partner(salon: Salon) -> None:
    await salon.booked()
    await salon.end("visit_control", "discontent")
    complaint = (await salon.desk.sent(tasks.MessageRequested))[-1]
    assert (complaint.purpose, complaint.person.phone) == ("complaint", "+79990000077")


@pytest.mark.req("S0.10")
async def test_a_customer_who_did_not_come_is_booked_anew(salon: Salon) -> None:
    await salon.booked()
    await salon.end("visit_control", "new_date", fields={"appointment_at": LATER.isoformat()})
    asked = await salon.asked(ChangeTarget.APPOINTMENT)
    assert asked[1:] == [{"step": "missed"}, {"step": "planned", "at": LATER.isoformat()}]
    assert tasks_of(await salon.open(), "visit_control") == LATER + timedelta(hours=3)


@pytest.mark.req("S0.10")
async def test_a_customer_who_did_not_come_and_wants_no_date_is_a_bad_lead(salon: Salon) -> None:
    await salon.booked()
    await salon.end("visit_control", "did_not_come", problem="silent")
    assert await salon.asked(ChangeTarget.ORDER_STATUS) == [{"status": "refused"}]
    assert (await salon.desk.sent(tasks.LeadStatusRequested))[-1].status == "lost"
    assert await salon.open() == {}


@pytest.mark.req("S0.10")
async def test_after_three_attempts_in_vain_the_visit_is_controlled_with_the_partner(salon: Salon) -> None:
    await salon.booked()
    await salon.end("remind", "reached")
    for _ in range(3):
        await salon.end("visit_control", "unreached", **BUSY)
    assert list(await salon.open()) == ["partner_control"]
    await salon.end("partner_control", "came")
    assert await salon.open() == {}


@pytest.mark.req("S0.11")
async def test_a_question_goes_to_the_partner_and_a_call_is_due_in_a_quarter_of_an_hour(
    salon: Salon,
) -> None:
    await salon.end("call", "ask_partner", fields={"question": "price"})
    (question,) = await salon.desk.sent(tasks.MessageRequested)
    assert (question.person.phone, question.variables["question"]) == ("+79990000077", "Price")
    due = tasks_of(await salon.open(), "call")
    assert due == salon.desk.clock.now() + timedelta(minutes=15)


@pytest.mark.req("S0.5")
async def test_the_third_unanswered_call_ends_the_lead_and_each_before_writes_to_the_customer(salon: Salon) -> None:
    for _ in range(3):
        await salon.end("call", "unreached", **BUSY)
    assert await salon.messages() == ["no_answer"] * 2
    assert [event.task_type for event in await salon.desk.sent(tasks.TaskFailed)] == ["call"]


@pytest.mark.req("S0.4")
@pytest.mark.parametrize("kind", [ContactKind.CALL_IN, ContactKind.MISSED])
async def test_a_customer_who_calls_back_is_worked_in_the_task_that_waits(salon: Salon, kind: ContactKind) -> None:
    await salon.end("call", "unreached", **BUSY)
    waiting = (await salon.open())["call"]
    early = await salon.api.call("POST", f"/tasks/{waiting['id']}/take")
    await salon.desk.receive(called_back(salon, kind))
    taken = await salon.api.call("POST", f"/tasks/{waiting['id']}/take")
    assert (early.status_code, taken.status_code) == (409, 200)


@pytest.mark.req("S0.4")
async def test_the_attempts_of_a_customer_who_has_called_back_are_over(salon: Salon) -> None:
    for _ in range(2):
        await salon.end("call", "unreached", **BUSY)
    await salon.desk.receive(called_back(salon))
    await salon.end("call", "unreached", **BUSY)  # the first again, not the third
    assert list(await salon.open()) == ["call"]
    assert "Попытки начинаются заново" in [step["title"] for step in await salon.steps()]


async def test_a_call_of_ours_wakes_nothing(salon: Salon) -> None:
    await salon.end("call", "unreached", **BUSY)
    before = await salon.open()
    await salon.desk.receive(called_back(salon, ContactKind.CALL_OUT))
    assert await salon.open() == before


async def test_what_is_asked_of_a_customer_is_named_and_not_shown(salon: Salon) -> None:
    await salon.booked()
    steps = [step for step in await salon.steps() if step["kind"] == "dozvon.change.requested.v1"]
    assert [step["facts"].get("fields") for step in steps if "fields" in step["facts"]] == [["text"], ["name"]]
    assert not any("Анна" in str(step) for step in steps)


async def test_a_lead_without_order_and_partner_is_booked_all_the_same(salon: Salon) -> None:
    bare = lead_v2("salon")
    await salon.desk.receive(bare)
    other = Salon(salon.desk, salon.api, bare)
    await other.end("call", "unreached", **BUSY)
    await other.desk.receive(called_back(other))
    await other.booked(remarks="Без заказа")
    titles = [step["title"] for step in await other.steps()]
    assert {"Менять нечего: заказа нет", "Сообщение «booked_for_partner» не запрошено: писать некуда"} <= set(
        titles
    )
    assert await other.asked(ChangeTarget.ORDER_FIELDS) == []


@pytest.mark.parametrize("kind", [tasks.LeadStatusRequested, tasks.ChangeRequested])
async def test_every_event_of_a_lead_names_its_customer(
    salon: Salon, kind: type[tasks.LeadStatusRequested | tasks.ChangeRequested]
) -> None:
    await salon.booked()
    found = await salon.desk.sent(kind)
    assert {event.customer_id for event in found} == {salon.lead.customer_id}
