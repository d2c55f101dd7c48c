"""The manual of the school, told as what a manager and a customer do: first words, payment, what follows."""

from datetime import timedelta

import pytest

from libs.common.contracts import tasks
from libs.common.contracts.shared import OrderStatus
from tests.desks.school.story import DAY, School
from tests.tasks.desk import ANNA_ID

M = timedelta(minutes=1)
LINK = "https://pay.example/42"


@pytest.mark.req("S4.3", "S4.4")
async def test_an_order_that_was_only_clicked_goes_back_to_its_lane(school: School) -> None:
    await school.taken()
    await school.desk.pass_time(20 * M)
    again = await school.next()
    assert again["lead_id"] == str(school.id)
    assert [asked.status for asked in await school.desk.sent(tasks.LeadStatusRequested)] == ["new"]


@pytest.mark.req("S4.3")
async def test_the_first_call_makes_responsible_and_sets_in_work_at_once(school: School) -> None:
    task = await school.taken()
    await school.ended(task, "no_answer", call_made=True, problem="busy")
    [owner] = await school.desk.sent(tasks.LeadOwnerChanged)
    statuses = [asked.status for asked in await school.desk.sent(tasks.LeadStatusRequested)]
    assert (owner.lead_id, statuses) == (school.id, ["new", "in_work"])


@pytest.mark.req("P.9", "S4.12")
async def test_the_manager_reads_what_to_say_with_the_orders_own_data(school: School) -> None:
    task = await school.taken()
    sheet = (await school.api.call("GET", f"/tasks/{task['id']}/sheet")).json()
    said = {script["code"]: script["text"] for script in sheet["scripts"]}
    assert said["greeting"].startswith("Добрый день, Иван! Меня зовут Анна, Демо. Вы оставили заказ «Курс»")
    assert LINK in said["ready"]
    assert {step["code"] for step in sheet["steps"]} >= {"order", "reason", "link"}


@pytest.mark.req("S4.12")
@pytest.mark.parametrize(
    ("situation", "template"),
    [
        ("card_refused", "card_refused"),
        ("other_country", "other_country"),
        ("by_bank", "by_bank"),
        ("in_parts", "in_parts"),
        ("receipt_wanted", "receipt_wanted"),
        ("ready_to_pay", "payment_link"),
        (None, "payment_link"),
    ],
)
async def test_each_situation_has_its_own_words(school: School, situation: str | None, template: str) -> None:
    await school.ended(await school.taken(), "link_sent", fields={"situation": situation} if situation else {})
    sent = (await school.messages())[-1]
    assert (sent.template, sent.variables["payment_link"], sent.person.name) == (template, LINK, "Иван")


@pytest.mark.req("S4.12")
async def test_the_price_is_said_in_the_customers_currency_by_the_rate_of_the_day(school: School) -> None:
    await school.knows_rate("KZT", "0.15", days=6)  # too old by now
    await school.knows_rate("KZT", "0.154321", days=2)  # of a Saturday
    asked = {"situation": "own_currency", "currency": "kzt"}
    await school.ended(await school.taken(), "link_sent", fields=asked)
    [sent] = await school.messages("own_currency")
    assert (sent.variables["price"], sent.variables["rate_date"]) == ("32\xa0336\xa0₸", "28.02.2026")


@pytest.mark.req("S4.12")
async def test_without_a_rate_of_the_day_the_price_is_left_open_and_a_person_sees_to_it(school: School) -> None:
    await school.knows_rate("KZT", "0.15", days=6)
    asked = {"situation": "own_currency", "currency": "kzt"}
    await school.ended(await school.taken(), "link_sent", fields=asked)
    [sent] = await school.messages("own_currency")
    await school.fails("own_currency", "template_unfilled")
    assert "price" not in sent.variables
    assert await school.open_types() == ["follow_up", "unsaid"]


@pytest.mark.req("S4.12")
async def test_a_rate_of_more_than_twelve_days_ago_is_not_said_however_long_it_holds(school: School) -> None:
    await school.knows_rate("KZT", "0.15", days=13, holds=30)
    asked = {"situation": "own_currency", "currency": "kzt"}
    await school.ended(await school.taken(), "link_sent", fields=asked)
    [sent] = await school.messages("own_currency")
    assert "price" not in sent.variables


@pytest.mark.req("S4.11")
async def test_who_was_sent_a_link_is_asked_the_next_day_by_task_and_by_message(school: School) -> None:
    await school.ended(await school.taken(), "link_sent")
    await school.desk.pass_time(DAY)
    follow_up = await school.next()
    [reminder] = await school.messages("payment_reminder")
    assert (follow_up["type"], reminder.template) == ("follow_up", "payment_reminder")


@pytest.mark.req("S4.11")
@pytest.mark.parametrize("passed", [timedelta(0), DAY])
async def test_payment_cancels_the_follow_up_and_its_message(school: School, passed: timedelta) -> None:
    await school.ended(await school.taken(), "link_sent")
    await school.desk.pass_time(passed)
    await school.pays()
    await school.desk.pass_time(3 * DAY)
    withdrawn = {one.dedupe_key for one in await school.desk.sent(tasks.MessageWithdrawn)}
    reminders = {one.dedupe_key for one in await school.messages("payment_reminder")}
    assert (await school.open_types(), reminders <= withdrawn, len(reminders)) == ([], True, passed // DAY)


@pytest.mark.req("S4.18", "S4.10")
async def test_who_has_paid_is_told_once_how_to_get_in(school: School) -> None:
    task = await school.taken()
    await school.ended(task, "link_sent")
    for _ in range(3):
        await school.pays()
    [told] = await school.messages("paid")
    assert (told.template, told.channels, await school.open_types()) == ("access", ("whatsapp", "email", "sms"), [])


@pytest.mark.req("S4.18")
async def test_a_payment_that_the_manager_saw_first_is_told_once_too(school: School) -> None:
    await school.ended(await school.taken(), "paid")
    await school.pays()
    assert len(await school.messages("paid")) == 1


@pytest.mark.req("S4.13")
async def test_a_letter_that_failed_is_sent_again_to_the_corrected_address(school: School) -> None:
    await school.pays()
    await school.fails("paid")
    repair = await school.take("repair")
    await school.ended(repair, "corrected", fields={"new_email": "ivan@example.com"})
    [asked] = await school.desk.sent(tasks.ChangeRequested)
    await school.desk.pass_time(2 * M)
    await school.desk.pass_time(DAY)
    [again] = await school.messages("paid_again")
    await school.ended(await school.take("check_letter"), "arrived")
    assert (asked.person.email if asked.person else None) == "ivan@example.com"
    assert (again.template, await school.open_types()) == ("access", [])


@pytest.mark.req("S4.13")
async def test_a_letter_that_fails_again_is_somebodys_task_again(school: School) -> None:
    await school.pays()
    await school.fails("paid")
    await school.ended(await school.take("repair"), "corrected", fields={"new_email": "ivan@example.com"})
    await school.desk.pass_time(2 * M)
    await school.fails("paid_again", "bounced")
    assert await school.open_types() == ["check_letter", "repair"]


@pytest.mark.req("S4.16")
@pytest.mark.parametrize(
    ("said", "kind", "pool"),
    [
        ("Здравствуйте! Деньги списались, а курса нет", "payments_question", "payments"),
        ("Я забыла пароль", "platform_question", "platform"),
        ("Сколько длится курс?", "answer", "sales"),
    ],
)
async def test_a_question_goes_by_its_words_to_who_is_responsible(
    school: School, said: str, kind: str, pool: str
) -> None:
    await school.writes(said)
    await school.writes(said)  # and asks again
    task = await school.task(kind)
    assert (task["pool"], await school.open_types()) == (pool, sorted([kind, "process_order"]))


@pytest.mark.req("S4.16")
@pytest.mark.parametrize(
    ("topic", "kind", "role"),
    [
        ("payments", "payments_question", "operator"),
        ("platform", "platform_question", "operator"),
        ("other", "other_question", "supervisor"),
    ],
)
async def test_a_manager_passes_a_question_on_by_its_topic(
    school: School, topic: str, kind: str, role: str
) -> None:
    await school.writes("Сколько длится курс?")
    await school.ended(await school.take("answer"), "passed_on", fields={"topic": topic})
    assert (await school.task(kind))["role"] == role
    await school.answered()
    assert await school.open_types() == ["process_order"]


@pytest.mark.req("S4.16", "S2.9")
async def test_a_question_that_nobody_answers_is_the_supervisors_after_five_minutes(school: School) -> None:
    await school.writes("Деньги списались, а курса нет")
    await school.desk.pass_time(5 * M)
    assert "late_answer" in await school.open_types()


@pytest.mark.req("S4.12", "S2.9")
async def test_a_script_answers_the_customer(school: School) -> None:
    await school.writes("Карта не проходит")
    await school.ended(await school.take("answer"), "scripted", fields={"situation": "card_refused"})
    [sent] = await school.messages("card_refused")
    assert (sent.person.phone, await school.open_types()) == ("+79990000001", ["process_order"])


@pytest.mark.req("S4.16")
async def test_who_has_paid_and_writes_later_is_answered_by_whoever_sold_to_them(school: School) -> None:
    await school.ended(await school.taken(), "link_sent")
    await school.pays()
    await school.desk.pass_time(DAY)
    await school.writes("Когда начнётся курс?")
    [asked] = [one for one in await school.desk.sent(tasks.WorkRequested) if one.task_type == "answer"]
    assert (asked.prefer_operator_id, await school.open_types()) == (ANNA_ID, ["answer"])
    await school.answered()
    assert await school.open_types() == []


@pytest.mark.req("S4.16", "S4.18")
async def test_a_payment_leaves_the_customers_question_to_be_answered(school: School) -> None:
    await school.taken()
    await school.writes("Сколько длится курс?")
    await school.pays()
    assert await school.open_types() == ["answer"]


@pytest.mark.req("S4.9")
async def test_an_order_that_is_cancelled_leaves_its_receipt_to_who_is_responsible_for_payments(
    school: School,
) -> None:
    await school.ended(await school.taken(), "receipt")
    await school.changes(OrderStatus.CANCELLED)
    check = await school.take("check_receipt", "boris")
    await school.ended(check, "received", "boris", fields={"payment_type": "transfer"})
    assert await school.open_types() == ["follow_up"]
