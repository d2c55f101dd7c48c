"""The school's money by the engine alone: part payments, deletions, refusals, access, words (S4.9-S4.16)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    ChangeTarget,
    ContactKind,
    Direction,
    PaymentKind,
    PaymentStatus,
    RefundState,
)
from services.tasks.engine.asking import RequestChange
from services.tasks.engine.deeds import deed_of
from services.tasks.engine.effects import Noticed, Record, RequestMessage
from services.tasks.engine.events import (
    AccessChanged,
    ChangeRefused,
    ContactRecorded,
    OutcomeGiven,
    PaymentRecorded,
    RefundChanged,
    Started,
    TakenBack,
)
from services.tasks.engine.facts import Access, Dealings, Order, Paid, Refund, Spoken
from services.tasks.processes.dealings import dealings_json, read_dealings
from tests.tasks.school import give, having, open_types
from tests.tasks.support import ORDER_ID, SCHOOL, EngineProcess, blank, changed, facts, library, started

OTHER_ORDER = UUID(int=70)
RECEIVED, DELETED = PaymentStatus.RECEIVED, PaymentStatus.DELETED
REQUESTED, DONE = AccessStatus.REQUESTED, AccessStatus.DONE


def paid(status: PaymentStatus = RECEIVED, *, whole: bool, order_id: UUID | None = None) -> PaymentRecorded:
    return PaymentRecorded(Paid(PaymentKind.MANUAL, status, doubled=False, fully_paid=whole, order_id=order_id))


def asks(process: EngineProcess, target: ChangeTarget = ChangeTarget.PAYMENT) -> list[RequestChange]:
    return [effect for effect in process.all(RequestChange) if effect.target is target]


def writes(process: EngineProcess, text: str) -> None:
    process.on(
        ContactRecorded(
            process.now, kind=ContactKind.MESSAGE, direction=Direction.IN, spoken=Spoken(text), source="wazzup"
        )
    )


def timers(process: EngineProcess) -> set[str]:
    return {timer.name for timer in process.state.timers if timer.task_id is None}


@pytest.mark.req("S4.9", "S4.10")
@pytest.mark.parametrize("outcome", ["single", "deleted"])
def test_a_part_that_was_checked_leaves_the_rest_to_be_paid(outcome: str) -> None:
    process = having("check_payment")
    process.on(paid(whole=False))
    give(process, "check_payment", outcome)
    assert open_types(process) == {"follow_up"}


@pytest.mark.req("S4.10")
def test_a_lead_whose_payment_was_deleted_is_worked_again() -> None:
    process = started(SCHOOL)
    process.on(changed("paid"))
    process.on(paid(whole=True))
    give(process, "check_payment", "single")
    assert (process.state.status, process.state.live) == ("paid", False)
    process.on(changed("in_work"))
    process.on(paid(DELETED, whole=False))
    assert (process.state.status, open_types(process)) == ("in_work", {"follow_up"})


@pytest.mark.req("S4.10")
@pytest.mark.parametrize(("status", "whole"), [("paid", True), ("cancelled", False)])
def test_a_deletion_that_leaves_nothing_to_sell_opens_nothing(status: str, *, whole: bool) -> None:
    process = started(SCHOOL)
    process.on(changed("paid"))
    process.on(changed(status))
    process.on(paid(DELETED, whole=whole))
    assert (process.state.status, open_types(process)) == ("paid", set())


@pytest.mark.req("S4.9")
def test_a_sum_that_was_not_given_is_not_the_one_of_last_time() -> None:
    process = having("check_receipt")
    give(process, "check_receipt", "received", payment_type="transfer", payment_amount="990.00")
    give(process, "follow_up", "receipt")
    give(process, "check_receipt", "received", payment_type="bank_card")
    assert [dict(one.values) for one in asks(process)] == [
        {"step": "record", "type": "transfer", "amount": "990.00"},
        {"step": "record", "type": "bank_card"},
    ]


@pytest.mark.req("S4.9", "S4.11")
@pytest.mark.parametrize("others", [set[str](), {"platform_question"}])
def test_a_receipt_of_an_order_that_is_paid_leads_to_no_selling(others: set[str]) -> None:
    process = having("answer", *others)
    process.on(changed("paid"))
    give(process, "answer", "receipt")
    give(process, "check_receipt", "received", payment_type="transfer")
    process.on(ChangeRefused(ChangeTarget.PAYMENT))
    assert [dict(one.values)["step"] for one in asks(process)] == ["record"]
    assert (open_types(process), process.state.status, process.state.live) == (others, "paid", bool(others))


@pytest.mark.req("S4.12")
def test_the_words_of_a_link_are_not_those_of_last_time() -> None:
    process = having("process_order")
    give(process, "process_order", "link_sent", situation="card_refused")
    process.state.tasks = having("process_order").state.tasks
    give(process, "process_order", "link_sent")
    assert [one.spec.code for one in process.all(RequestMessage)][-2:] == ["card_refused", "payment_link"]


@pytest.mark.req("S4.9")
def test_what_an_outcome_left_out_is_back_when_it_is_taken_back() -> None:
    process = having("process_order")
    process.state.fields = {"situation": "card_refused", "hold_until": "2026-03-04T09:00:00+00:00"}
    task, before = process.task, process.state.copy()
    effects = process.on(OutcomeGiven(task.id, "link_sent", "sent", "admin", None, supervisor=True))
    assert dict(process.state.fields) == {"hold_until": "2026-03-04T09:00:00+00:00"}
    deed = deed_of(task, "admin", "link_sent", process.now, before, process.state, effects)
    process.on(TakenBack(deed, "admin", "by mistake"))
    assert dict(process.state.fields) == dict(before.fields)


@pytest.mark.req("S4.9", "S4.11")
def test_a_receipt_stops_the_reminder_until_no_money_has_come() -> None:
    process = having("process_order")
    give(process, "process_order", "link_sent")
    reminded = timers(process)
    give(process, "follow_up", "receipt")
    stopped = timers(process)
    give(process, "check_receipt", "not_received")
    assert (reminded, stopped, timers(process)) == ({"payment_reminder"}, set(), {"payment_reminder"})


@pytest.mark.req("S4.11", "S4.18")
def test_who_has_paid_is_not_reminded_while_the_payment_is_checked() -> None:
    process = having("process_order")
    give(process, "process_order", "link_sent")
    process.on(paid(whole=True))
    process.on(changed("paid"))
    process.wait(timedelta(days=2))
    assert open_types(process) == {"check_payment"}
    assert "payment_reminder" not in [one.spec.code for one in process.all(RequestMessage)]


@pytest.mark.req("S4.9")
def test_a_payment_that_was_refused_is_looked_at_again() -> None:
    process = having("check_receipt")
    give(process, "check_receipt", "received", payment_type="bank_card")
    process.on(ChangeRefused(ChangeTarget.PAYMENT))
    process.on(ChangeRefused(ChangeTarget.PAYMENT))
    [check] = [task for task in process.state.open_tasks if task.type == "check_receipt"]
    assert (check.due_at - process.now, check.important) == (timedelta(minutes=30), True)


@pytest.mark.req("S4.9")
def test_a_payment_that_was_refused_of_a_paid_order_is_noted_alone() -> None:
    process = started(SCHOOL)
    process.on(changed("paid"))
    process.on(ChangeRefused(ChangeTarget.PAYMENT))
    [note] = [one.text for one in process.all(Record) if one.code is Noticed.NOTE]
    assert (note and note.en, open_types(process)) == ("The payment was not entered", set())


@pytest.mark.req("S4.20")
@pytest.mark.parametrize(
    ("refund", "kinds"),
    [
        (None, {"close_access"}),
        (RefundState.KEPT, {"close_access"}),
        (RefundState.PAID, {"close_access"}),
        (RefundState.CONFIRMED, set()),
    ],
)
def test_access_that_no_refund_closes_is_somebodys_task(refund: RefundState | None, kinds: set[str]) -> None:
    process = started(SCHOOL)
    process.on(changed("paid"))
    if refund is not None:
        process.on(RefundChanged(Refund(refund)))
    for _ in range(2):
        process.on(AccessChanged(Access(AccessAction.CLOSE, REQUESTED)))
    assert open_types(process) == kinds
    process.on(AccessChanged(Access(AccessAction.CLOSE, DONE)))
    assert (open_types(process), process.state.live) == (set(), False)


@pytest.mark.req("S4.20")
def test_a_password_reset_at_the_card_closes_its_task() -> None:
    process = started(SCHOOL)
    process.on(changed("paid"))
    process.on(AccessChanged(Access(AccessAction.RESET, REQUESTED)))
    process.on(AccessChanged(Access(AccessAction.RESET, DONE)))
    assert (open_types(process), process.state.live) == (set(), False)


@pytest.mark.req("S4.11", "S4.12")
def test_a_link_that_a_script_sends_is_followed_up_as_any_other() -> None:
    process = having("answer")
    give(process, "answer", "scripted", situation="ready_to_pay")
    assert (process.state.status, timers(process)) == ("link_sent", {"payment_reminder"})
    assert process.task.offer_from == datetime(2026, 3, 3, 9, 0, tzinfo=UTC)


@pytest.mark.req("S4.11", "S4.12")
@pytest.mark.parametrize(
    ("situation", "status", "beside", "kinds"),
    [
        ("access_trouble", "new", None, set()),
        ("ready_to_pay", "paid", None, set()),
        ("in_parts", "new", "process_order", {"process_order"}),
        ("in_parts", "new", "check_receipt", {"check_receipt"}),
    ],
)
def test_a_script_doubles_no_work_and_reminds_nobody_who_has_paid(
    situation: str, status: str, beside: str | None, kinds: set[str]
) -> None:
    process = having(*["answer", *([beside] if beside else [])])
    process.state.facts = replace(process.state.facts, order=Order(ORDER_ID, "1042", status))
    give(process, "answer", "scripted", situation=situation)
    assert (open_types(process), bool(timers(process))) == (kinds, beside == "process_order")


@pytest.mark.req("S4.16")
@pytest.mark.parametrize(
    ("text", "kind"), [("С меня списали дважды", "payments_question"), ("Забыла пароль", "platform_question")]
)
def test_words_that_name_a_topic_are_routed_while_an_answer_is_open(text: str, kind: str) -> None:
    process = started(SCHOOL)
    for said in ("Сколько длится курс?", text, text, "Ау"):
        writes(process, said)
    assert sorted(task.type for task in process.state.open_tasks) == sorted(["answer", kind, "process_order"])


@pytest.mark.req("S4.16")
@pytest.mark.parametrize("topic", ["payments", "platform", "other"])
def test_a_question_is_passed_on_to_the_task_that_is_there(topic: str) -> None:
    process = having("answer", f"{topic}_question")
    give(process, "answer", "passed_on", topic=topic)
    assert [task.type for task in process.state.open_tasks] == [f"{topic}_question"]


@pytest.mark.req("S4.10", "P.15")
def test_what_is_asked_concerns_the_order_that_was_said() -> None:
    process = having("check_payment", "reset_access")
    process.on(paid(whole=True, order_id=OTHER_ORDER))
    process.on(AccessChanged(Access(AccessAction.RESET, REQUESTED, OTHER_ORDER)))
    give(process, "reset_access", "sent")
    give(process, "check_payment", "deleted")
    found = [*asks(process), *asks(process, ChangeTarget.ACCESS)]
    assert [one.target_id for one in found] == [OTHER_ORDER, OTHER_ORDER]


@pytest.mark.req("S4.14", "P.15")
def test_a_refund_goes_on_with_the_order_that_it_is_of() -> None:
    refund = EngineProcess(library("refund"), blank(library("refund"), facts()))
    refund.state.facts = replace(
        refund.state.facts, dealings=Dealings(refund=Refund(RefundState.ASKED, None, OTHER_ORDER))
    )
    refund.on(Started())
    give(refund, "keep", "unavoidable")
    refund.on(RefundChanged(Refund(RefundState.DETAILS_GIVEN, None, OTHER_ORDER)))
    give(refund, "confirm", "confirmed")
    give(refund, "pay_back", "paid")
    found = refund.all(RequestChange)
    assert [(one.target, one.target_id) for one in found] == [
        *[(ChangeTarget.REFUND, OTHER_ORDER)] * 3,
        (ChangeTarget.ORDER_STATUS, OTHER_ORDER),
    ]


@pytest.mark.req("S4.10")
def test_dealings_are_read_as_they_were_stored_by_this_release_and_the_one_before() -> None:
    whole = Dealings(
        Paid(PaymentKind.MANUAL, RECEIVED, doubled=False, fully_paid=True, order_id=ORDER_ID),
        Refund(RefundState.PAID, None, ORDER_ID),
        Access(AccessAction.RESET, DONE, ORDER_ID),
    )
    stored = dealings_json(whole)
    assert stored is not None
    texts = {
        name: part and {key: str(value) if key == "order_id" else value for key, value in part.items()}
        for name, part in stored.items()
        if part is None or isinstance(part, dict)
    }
    old = {name: part and {k: v for k, v in part.items() if k != "order_id"} for name, part in texts.items()}
    assert (read_dealings(texts), read_dealings(old).access) == (whole, Access(AccessAction.RESET, DONE))
