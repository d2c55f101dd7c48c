"""A stand-in who does not get through either: the task goes back to whose it was, and the customer hears of it."""

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

import pytest

from libs.common.contracts.shared import Presence
from libs.common.contracts.tasks import WorkRequested
from services.tasks.engine.effects import AssignTask, RequestMessage
from services.tasks.engine.events import LeadGiven, Lent, Proposed, Redistributed
from services.tasks.engine.state import Colleague, Hours, MoveReason, Operator, OperatorId
from tests.tasks.client import Api
from tests.tasks.desk import ANNA_ID, BORIS_ID, Desk, operator
from tests.tasks.redistributing import CLARA_ID, OUT, TO_BORIS, answered, applied, owned
from tests.tasks.support import ANNA, BORIS, CALLBACK, SCHOOL, STAFF, EngineProcess, colleague, started

CLARA = Operator(OperatorId(UUID(int=3)), "Клара")
TUESDAY_NOON = datetime(2026, 3, 3, 9, 0, tzinfo=UTC)  # 12:00 in Moscow


def of_anna(*, friday: bool = False) -> EngineProcess:
    """An order of Anna's in her second call."""
    process = started(SCHOOL)
    process.wait(timedelta(days=4 if friday else 0, minutes=20))
    process.take()
    process.outcome("no_answer", call_made=True, problem="busy")
    process.state.staff = STAFF
    return process


def redistributed(
    process: EngineProcess, to: Operator = BORIS, reason: MoveReason = MoveReason.REDISTRIBUTED
) -> None:
    held = process.task.id if process.task.operator_id else None
    process.on(Redistributed(True, to, held, to, True, "chief", reason, absent=ANNA.id))


@pytest.mark.req("S2.2")
def test_the_next_days_task_goes_to_the_original_operator_and_the_customer_is_written_to() -> None:
    process = of_anna()
    redistributed(process)
    process.wait(timedelta(hours=2))
    process.take(BORIS)
    effects = process.outcome("no_answer", BORIS, call_made=True, problem="busy")
    assert (process.task.operator_id, process.task.due_at) == (ANNA.id, TUESDAY_NOON)
    assert process.state.owner == ANNA
    assert [each.spec.code for each in effects if isinstance(each, RequestMessage)] == ["stand_in_no_answer"]
    assert process.task.reserved_until is None
    assert AssignTask in map(type, effects)


@pytest.mark.req("S2.2")
def test_which_day_is_next_is_the_playbook_s_data() -> None:
    process = of_anna(friday=True)
    process.state.desk = replace(
        process.state.desk, hours=tuple(Hours(day, time(9), time(18)) for day in range(1, 6))
    )
    redistributed(process)
    process.wait(timedelta(hours=2))
    process.take(BORIS)
    process.outcome("no_answer", BORIS, call_made=True, problem="busy")
    assert process.task.due_at == datetime(2026, 3, 9, 9, 0, tzinfo=UTC)  # the Monday after


@pytest.mark.parametrize("original", ["there", "left", "undone"])
def test_without_an_original_operator_it_is_an_attempt_as_any(original: str) -> None:
    process = of_anna()
    redistributed(process)
    if original == "undone":
        redistributed(process, ANNA, MoveReason.UNDONE)
    process.wait(timedelta(hours=2))
    process.take(ANNA if original == "there" else BORIS)
    process.state.staff = {BORIS.id: STAFF[BORIS.id]} if original == "left" else STAFF
    process.outcome("no_answer", ANNA if original == "there" else BORIS, call_made=True, problem="busy")
    assert process.state.attempts == {"calls": 2}
    assert process.task.operator_id is None


@pytest.mark.req("S2.2", "S4.6")
@pytest.mark.parametrize(("days", "holder"), [(1, ANNA), (3, CLARA)])
def test_while_the_original_operator_is_absent_the_next_days_task_is_their_deputy_s(
    days: int, holder: Operator
) -> None:
    process = of_anna()
    redistributed(process)
    process.wait(timedelta(hours=2))
    process.take(BORIS)
    until = TUESDAY_NOON + timedelta(days=days - 2)
    absent = Colleague(ANNA, on_shift=False, absent_until=until, deputy_id=CLARA.id)
    process.state.staff = {**STAFF, ANNA.id: absent, CLARA.id: colleague(CLARA)}
    process.outcome("no_answer", BORIS, call_made=True, problem="busy")
    assert (process.task.operator_id, process.state.owner) == (holder.id, ANNA)


@pytest.mark.req("S2.2", "S4.6")
@pytest.mark.parametrize("deputy", [colleague(CLARA, "supervisor"), replace(colleague(CLARA), desks=frozenset())])
def test_what_would_go_to_a_deputy_who_may_not_have_it_is_for_its_role(deputy: Colleague) -> None:
    process = of_anna()
    redistributed(process)
    process.wait(timedelta(hours=2))
    process.take(BORIS)
    absent = replace(STAFF[ANNA.id], absent_until=TUESDAY_NOON + timedelta(days=1), deputy_id=CLARA.id)
    process.state.staff = {**STAFF, ANNA.id: absent, CLARA.id: deputy}
    process.outcome("no_answer", BORIS, call_made=True, problem="busy")
    assert (process.task.operator_id, process.state.owner) == (None, ANNA)


@pytest.mark.req("S2.2", "S4.6")
def test_what_would_go_to_a_deputy_who_is_absent_too_is_for_its_role() -> None:
    process = of_anna()
    redistributed(process)
    process.wait(timedelta(hours=2))
    process.take(BORIS)
    until = TUESDAY_NOON + timedelta(days=1)
    absent = [Colleague(who, on_shift=False, absent_until=until, deputy_id=CLARA.id) for who in (ANNA, CLARA)]
    process.state.staff = {**STAFF, **{one.operator.id: one for one in absent}}
    process.outcome("no_answer", BORIS, call_made=True, problem="busy")
    assert (process.task.operator_id, process.state.owner) == (None, ANNA)


@pytest.mark.req("S2.2")
def test_who_has_lent_a_task_gets_its_next_one() -> None:
    process = started(CALLBACK)
    process.take()
    process.state.staff = STAFF
    process.on(Lent(process.task.id, BORIS, process.now + timedelta(hours=1), "chief"))
    process.outcome("no_answer", BORIS, call_made=True, problem="busy")
    assert (process.task.operator_id, process.task.due_at) == (ANNA.id, TUESDAY_NOON)


@pytest.mark.req("S2.2")
def test_a_deputy_works_the_lead_and_does_not_own_it() -> None:
    process = of_anna()
    process.wait(timedelta(hours=2))
    proposal = Proposed(process.task.id, process.task.version, BORIS, UUID(int=9), deputises_for=ANNA.id)
    process.on(proposal)
    assert (process.state.owner, process.task.stood_in_for) == (ANNA, ANNA.id)
    process.outcome("no_answer", BORIS, call_made=True, problem="busy")
    assert process.task.operator_id == ANNA.id


@pytest.mark.req("S2.2")
async def test_leads_of_an_absent_operator_come_back_over_http(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await desk.receive(OUT)
    await applied(api, TO_BORIS)
    await answered(desk)
    task = await api.task(lead_id)
    body = {"outcome": "no_answer", "comment": "не берёт", "call_made": True, "problem": "busy"}
    answer = await api.call("POST", f"/tasks/{task['id']}/outcome", sub="boris", json=body, version=task["version"])
    assert (task["original_id"], answer.status_code) == (str(ANNA_ID), 200), answer.text
    after = await api.task(lead_id)
    assert (after["operator_id"], after["original_id"]) == (str(ANNA_ID), None)
    assert (await api.call("GET", f"/leads/{lead_id}", role="supervisor")).json()["owner_id"] == str(ANNA_ID)


@pytest.mark.req("S2.2")
async def test_what_is_redistributed_once_more_is_still_of_whose_it_was_first(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await desk.receive(OUT, operator(CLARA_ID, "clara"))
    await applied(api, TO_BORIS)
    await answered(desk)
    await desk.receive(operator(BORIS_ID, "boris", version=2, presence=Presence.CHECKED_OUT))
    await applied(api, {"from_operator_id": str(BORIS_ID), "to_operator_ids": [str(CLARA_ID)]})
    await answered(desk, CLARA_ID)
    task = await api.task(lead_id)
    assert (task["operator_id"], task["original_id"]) == (str(CLARA_ID), str(ANNA_ID))
    body = {"outcome": "no_answer", "comment": "не берёт", "call_made": True, "problem": "busy"}
    await api.call("POST", f"/tasks/{task['id']}/outcome", sub="clara", json=body, version=task["version"])
    assert (await api.task(lead_id))["operator_id"] == str(ANNA_ID)


@pytest.mark.req("S2.2", "S4.6")
@pytest.mark.parametrize(("roles", "holder"), [(("operator",), str(CLARA_ID)), (("supervisor",), None)])
async def test_the_next_days_task_goes_to_a_deputy_of_its_role_alone(
    desk: Desk, api: Api, roles: tuple[str, ...], holder: str | None
) -> None:
    lead_id = await owned(desk, api)
    await desk.receive(OUT, operator(CLARA_ID, "clara", roles=roles))
    await applied(api, TO_BORIS)
    await answered(desk)
    until = desk.ctx.now() + timedelta(days=7)
    await desk.receive(operator(ANNA_ID, "anna", version=3, absent_until=until, deputy_id=CLARA_ID))
    task = await api.task(lead_id)
    body = {"outcome": "no_answer", "comment": "не берёт", "call_made": True, "problem": "busy"}
    await api.call("POST", f"/tasks/{task['id']}/outcome", sub="boris", json=body, version=task["version"])
    assert (await api.task(lead_id))["operator_id"] == holder


@pytest.mark.req("S2.2")
async def test_no_one_stands_in_for_who_is_only_away(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await desk.receive(operator(ANNA_ID, "anna", version=2, away=True))
    await applied(api, TO_BORIS)
    await answered(desk)
    given = await api.task(lead_id)
    await desk.receive(operator(ANNA_ID, "anna", version=3))
    after = await api.task(lead_id)
    assert [(each["operator_id"], each["original_id"]) for each in (given, after)] == [(str(BORIS_ID), None)] * 2


@pytest.mark.req("S2.2")
@pytest.mark.parametrize("reason", [MoveReason.REDISTRIBUTED, MoveReason.HANDED_OVER])
def test_what_waits_of_a_lead_that_a_third_has_for_good_is_of_no_earlier_operator(reason: MoveReason) -> None:
    process = of_anna()
    redistributed(process)
    first = process.task.original_id
    if reason is MoveReason.REDISTRIBUTED:
        process.on(Redistributed(True, CLARA, None, None, False, "chief", reason))
    else:
        process.on(LeadGiven(CLARA, frozenset(), "chief", reason))
    given = process.task.original_id
    process.on(Redistributed(True, BORIS, None, None, False, "chief", MoveReason.REDISTRIBUTED, absent=CLARA.id))
    assert (first, given, process.task.original_id) == (ANNA.id, None, CLARA.id)


async def test_who_gets_leads_for_good_stands_in_for_no_one(desk: Desk, api: Api) -> None:
    lead_id = await owned(desk, api)
    await desk.receive(OUT)
    what = await applied(api, {**TO_BORIS, "for_good": True})
    await answered(desk)
    assert (what["for_good"], (await api.task(lead_id))["original_id"]) == (True, None)


@pytest.mark.req("S2.2")
async def test_what_is_due_of_one_who_is_absent_is_asked_of_the_deputy_alone_and_what_is_later_stays(
    desk: Desk, api: Api
) -> None:
    due = await owned(desk, api, taken=True)
    await desk.pass_time(timedelta(minutes=3))
    later, until = await owned(desk, api), desk.ctx.now() + timedelta(minutes=3)
    away = operator(ANNA_ID, "anna", version=2, absent_until=until, deputy_id=BORIS_ID)
    await desk.receive(away)
    asked = (await desk.sent(WorkRequested))[-1]
    assert (asked.lead_id, asked.among_operator_ids, asked.prefer_operator_id) == (due, (BORIS_ID,), ANNA_ID)
    await answered(desk)
    task = await api.task(due)
    assert (task["operator_id"], task["original_id"]) == (str(BORIS_ID), str(ANNA_ID))
    assert (await api.task(later))["operator_id"] == str(ANNA_ID)
