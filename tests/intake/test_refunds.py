"""Refunds: the customer is kept first, details are sealed, confirmation closes access (S4.14, S4.20)."""

import asyncio
from datetime import UTC, date, datetime
from typing import cast

import pytest

from libs.common.contracts.desks import DeskChanged, DeskDay, DeskHolidays
from libs.common.contracts.intake import ChangeRefused, OrderChanged
from libs.common.contracts.payments import AccessChanged, RefundChanged
from libs.common.contracts.shared import CallingHours, ChangeTarget, Language, Text
from libs.common.contracts.tasks import ChangeRequested
from libs.common.domain.workdays import DayKind
from libs.common.platform.db import Database
from libs.common.platform.sealing import DataKeys
from libs.common.platform.sealing.keys import new_key
from services.intake.refunds.store import SealedDetails
from tests.intake.api import MOSCOW, Api
from tests.intake.exchange import faults
from tests.intake.test_appointments import tag
from tests.intake.test_changes import asked
from tests.intake.test_payments import School, View
from tests.support.logged import logged

CARD = "4276 3800 1234 5678"
DETAILS = {"full_name": "Анна Тестова", "phone": "8 916 123-45-67", "email": "Anna@Example.com", "payout": CARD}


async def refund(api: Api, *steps: str) -> tuple[School, View]:
    """Return a refund after some steps."""
    school = await School(api).open(status="payed", payed_money="1000", positions="Эконом")
    order = await school.order()
    view = await api.ok("POST", f"/orders/{order['id']}/refunds", {})
    for step in steps:
        view = await (given(api, view) if step == "details_given" else stepped(api, view, step))
    return school, view


async def stepped(api: Api, view: View, state: str, **said: str) -> View:
    body = {"state": state, **said}
    return await api.ok("POST", f"/refunds/{view['id']}/step", body, headers=tag(view))


async def given(api: Api, view: View, **changes: str) -> View:
    return await api.ok("PUT", f"/refunds/{view['id']}/details", {**DETAILS, **changes}, headers=tag(view))


async def ask(api: Api, school: School, target: ChangeTarget, **values: str) -> ChangeRequested:
    order = await school.order()
    request = asked(target, order["id"], values=values, lead_id=school.lead["id"])
    await api.hear(request)
    return request


async def text_of(db: Database) -> dict[str, str]:
    """Everything that is stored, by table; bytes are in hexadecimal."""
    tables = await db.pool.fetch("SELECT relname FROM pg_stat_user_tables WHERE schemaname = 'intake'")
    found = {}
    for (table,) in tables:
        rows = await db.pool.fetch(f'SELECT t::text FROM "{table}" t')
        found[table] = "\n".join(row[0] for row in rows)
    return found


@pytest.mark.req("S4.14")
async def test_a_refund_goes_step_by_step_and_its_confirmation_closes_access(api: Api) -> None:
    _, view = await refund(api, "details_wanted", "details_given", "confirmed", "paid")
    [closing] = await api.said(AccessChanged)
    states = [event.state for event in await api.said(RefundChanged)]
    assert states == ["asked", "details_wanted", "details_given", "confirmed", "paid"]
    assert (closing.action, closing.status, str(closing.refund_id)) == ("close", "requested", view["id"])
    assert (view["package"], view["phone"], view["email"]) == ("Эконом", "+79161234567", "anna@example.com")


@pytest.mark.req("S4.14")
async def test_a_customer_who_is_kept_needs_no_refund(api: Api) -> None:
    _, view = await refund(api)
    kept = await stepped(api, view, "kept", kept_by="gift")
    [_, event] = await api.said(RefundChanged)
    answer = await api.call("POST", f"/refunds/{view['id']}/step", {"state": "confirmed"}, headers=tag(kept))
    assert (event.state, event.kept_by, kept["kept_by"]) == ("kept", "gift", "gift")
    assert (answer.status_code, answer.json()["code"], answer.json()["state"]) == (409, "out_of_turn", "kept")


@pytest.mark.req("S4.14")
@pytest.mark.parametrize("steps", [(), ("details_wanted",), ("details_wanted", "details_given", "confirmed")])
async def test_details_are_given_when_they_are_wanted_and_not_after_the_confirmation(
    api: Api, steps: tuple[str, ...]
) -> None:
    _, view = await refund(api, *steps)
    answer = await api.call("PUT", f"/refunds/{view['id']}/details", DETAILS, headers=tag(view))
    assert answer.status_code == (200 if steps == ("details_wanted",) else 409)


@pytest.mark.req("S4.14", "P.7")
async def test_payout_details_are_sealed_and_shown_by_their_end(api: Api, intake_db: Database) -> None:
    _, view = await refund(api, "details_wanted")
    key = {"idempotency-key": "details-1", **tag(view)}
    with logged("intake") as log:
        shown = await api.ok("PUT", f"/refunds/{view['id']}/details", DETAILS, headers=key)
        read = str(await api.ok("GET", "/refunds")) + str(await api.ok("GET", f"/refunds/{view['id']}"))
    stored = {**await text_of(intake_db), "answers": read, "logs": log.getvalue()}
    number = CARD.replace(" ", "")
    written = [form for text in (CARD, number, number[4:12]) for form in (text, text.encode().hex())]
    assert [name for name, text in stored.items() if any(form in text for form in written)] == []
    assert (shown["payout"], "v1.tests." in stored["refund"], "refund" in stored["logs"]) == ("***5678", True, True)


@pytest.mark.req("S4.14")
@pytest.mark.parametrize(("roles", "status"), [(("payments",), 200), ((), 403)])
async def test_details_are_whole_for_who_pays_alone(api: Api, roles: tuple[str, ...], status: int) -> None:
    _, view = await refund(api, "details_wanted", "details_given")
    await api.hire(roles=roles)
    answer = await api.call("GET", f"/refunds/{view['id']}/payout", role="operator", desks=["demo"])
    confirmed = await api.call(
        "POST", f"/refunds/{view['id']}/step", {"state": "confirmed"}, role="operator", desks=["demo"],
        headers=tag(view),
    )  # fmt: skip
    assert (answer.status_code, answer.json().get("payout")) == (status, CARD if status == 200 else None)
    assert confirmed.status_code == status


@pytest.mark.req("S4.14")
async def test_a_new_key_seals_details_anew(api: Api, intake_db: Database) -> None:
    _, view = await refund(api, "details_wanted", "details_given")
    keys = api.ctx.core.settings.data_keys
    assert keys is not None
    both = DataKeys.parse(f"{new_key('next')} {keys.get_secret_value()}")
    count = await SealedDetails().reseal(intake_db, both, 10, forget_plain=True)
    stored = await intake_db.pool.fetchval("SELECT details FROM refund WHERE id = $1", view["id"])
    assert (count, stored.startswith("v1.next."), await SealedDetails().key_ids(intake_db)) == (1, True, {"next"})


def desk(*days: DeskDay, weekdays: range = range(1, 6)) -> DeskChanged:
    hours = tuple(CallingHours(weekday=day, opens="09:00", closes="18:00") for day in weekdays)
    return DeskChanged(
        code="demo", title=Text(ru="Школа", en="School"), zone=MOSCOW, languages=(Language.RU,), calendar=hours,
        holidays=DeskHolidays(country="RU", days=days),
    )  # fmt: skip


@pytest.mark.req("S4.14")
@pytest.mark.parametrize(
    ("known", "due"),
    [
        (None, "2026-03-20"),  # Monday to Friday: 2 March and 14 days of work
        (desk(), "2026-03-23"),  # 9 March is a holiday of the country
        (desk(DeskDay(day=date(2026, 3, 14), kind=DayKind.WORK)), "2026-03-20"),
        (desk(weekdays=range(1, 8)), "2026-03-18"),  # every day but the holidays
    ],
)
async def test_a_refund_is_paid_within_fourteen_working_days_of_the_desk(
    api: Api, known: DeskChanged | None, due: str
) -> None:
    if known is not None:
        await api.hear(known)
    _, view = await refund(api, "details_wanted", "details_given")
    [*_, event] = await api.said(RefundChanged)
    assert (view["due_on"], str(event.due_on)) == (due, due)


@pytest.mark.req("S4.14")
async def test_of_two_who_confirm_at_once_one_succeeds_and_access_is_closed_once(api: Api) -> None:
    _, view = await refund(api, "details_wanted", "details_given")
    path, body = f"/refunds/{view['id']}/step", {"state": "confirmed"}
    answers = await asyncio.gather(*(api.call("POST", path, body, headers=tag(view)) for _ in range(2)))
    assert sorted(one.status_code for one in answers) == [200, 412]
    assert len(await api.said(AccessChanged)) == 1


@pytest.mark.req("S4.14")
async def test_tasks_takes_the_steps_but_never_carries_details(api: Api) -> None:
    school = await School(api).open(status="payed")
    for step in ("asked", "details_wanted", "details_given", "paid", "kept"):
        last = await ask(api, school, ChangeTarget.REFUND, step=step)
    kept = await ask(api, school, ChangeTarget.REFUND, step="kept", kept_by="repair")
    refusals = [one.code for one in await api.said(ChangeRefused)]
    events = await api.said(RefundChanged)
    assert refusals == ["invalid_values", "out_of_turn", "invalid_values"]
    assert [one.state for one in events] == ["asked", "details_wanted", "kept"]
    assert (events[-1].request_id, last.request_id in {one.request_id for one in events}) == (
        kept.request_id,
        False,
    )


@pytest.mark.req("S4.14")
@pytest.mark.parametrize(
    ("amount", "currency", "fault"),
    [
        ("100.00", "USD", ("/amount/currency", "other_currency")),
        ("1000.01", "RUB", ("/amount/amount", "more_than_paid")),
        ("1000.00", "RUB", None),
    ],
)
async def test_what_is_asked_back_was_paid_and_in_that_currency(
    api: Api, amount: str, currency: str, fault: tuple[str, str] | None
) -> None:
    school = await School(api).open(status="payed", payed_money="1000")
    path = f"/orders/{(await school.order())['id']}/refunds"
    answer = await api.call("POST", path, {"amount": {"amount": amount, "currency": currency}})
    found = faults(answer.json()) if fault else []
    assert (answer.status_code, found) == ((422, [fault]) if fault else (201, []))


@pytest.mark.req("S4.14")
async def test_what_was_paid_back_is_not_asked_back_again(api: Api) -> None:
    school, view = await refund(api, "details_wanted", "details_given", "confirmed", "paid")
    path = f"/orders/{view['order_id']}/refunds"
    again = await api.call("POST", path, {"amount": {"amount": "0.01", "currency": "RUB"}})
    await ask(api, school, ChangeTarget.REFUND, step="asked", amount="0.01")
    (said,) = await api.said(ChangeRefused)
    assert faults(again.json()) == [("/amount/amount", "more_than_paid")]
    assert [(each.field, each.code) for each in said.faults] == [("amount", "more_than_paid")]


@pytest.mark.req("S4.14")
async def test_an_order_has_one_refund_under_way(api: Api) -> None:
    school, view = await refund(api)
    order = await school.order()
    answer = await api.call("POST", f"/orders/{order['id']}/refunds", {})
    assert (answer.status_code, answer.json()["existing"]) == (409, view["id"])


@pytest.mark.req("S4.20")
async def test_access_is_asked_for_once_and_done_by_a_person(api: Api) -> None:
    school = await School(api).open(status="payed")
    path = f"/orders/{(await school.order())['id']}/accesses"
    first, again = [await api.ok("POST", path, {"action": "reset"}) for _ in range(2)]
    done = await api.ok("POST", f"/accesses/{first['id']}/done", {}, headers=tag(first))
    late = await api.call("POST", f"/accesses/{first['id']}/done", {}, headers=tag(done))
    assert (again["id"], done["status"], late.json()["code"]) == (first["id"], "done", "out_of_turn")
    assert [one.status for one in await api.said(AccessChanged)] == ["requested", "requested", "done"]


@pytest.mark.req("S4.20")
async def test_tasks_asks_for_access_and_says_that_it_is_done(api: Api) -> None:
    school = await School(api).open(status="payed")
    for action, status in (("reset", "requested"), ("reset", "done"), ("close", "done")):
        await ask(api, school, ChangeTarget.ACCESS, action=action, status=status)
    events, refusals = await api.said(AccessChanged), await api.said(ChangeRefused)
    assert [(one.action, one.status, one.version) for one in events] == [
        ("reset", "requested", 1),
        ("reset", "done", 2),
    ]
    assert [one.code for one in refusals] == ["not_found"]


@pytest.mark.req("S4.17")
async def test_a_price_is_held_until_a_time_and_never_beyond_the_package_s_start(api: Api) -> None:
    school = await School(api).open(status="in_work", positions="Эконом")
    starts = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)
    await api.ok("POST", "/package-starts", {"desk": "demo", "code": "Эконом", "starts_at": starts.isoformat()})
    order = await school.order()
    path = f"/orders/{order['id']}/hold"
    held = await api.ok("PUT", path, {"held_until": starts.isoformat()}, headers=tag(order))
    beyond = await api.call("PUT", path, {"held_until": "2026-03-05T09:00:01Z"}, headers=tag(held))
    past = await api.call("PUT", path, {"held_until": "2026-03-02T09:00:00Z"}, headers=tag(held))
    codes = [one.json()["errors"][0]["code"] for one in (beyond, past)]
    assert (datetime.fromisoformat(cast("str", held["held_until"])), codes) == (
        starts,
        ["after_start", "in_the_past"],
    )


@pytest.mark.req("S4.17")
async def test_tasks_holds_a_price_and_a_later_word_of_the_source_keeps_it(api: Api) -> None:
    school = await School(api).open(status="in_work")
    until = "2026-03-04T12:00:00+00:00"
    for held in (until, "2026-03-01T12:00:00+00:00", "tomorrow"):
        await ask(api, school, ChangeTarget.ORDER_FIELDS, held_until=held)
    await school.says(status="payment_waiting")
    said = [one.held_until and one.held_until.isoformat() for one in await api.said(OrderChanged)]
    faults = [one.faults[0].code for one in await api.said(ChangeRefused)]
    assert (said, faults) == ([until, until], ["in_the_past", "not_a_moment"])
