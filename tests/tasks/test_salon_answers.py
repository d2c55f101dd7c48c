"""What intake refuses of a booking, and what the partner's card decides (S0.10, S0.13)."""

import pytest

from libs.common.contracts.notices import PartnerChargeDue
from libs.common.contracts.shared import AppointmentParty, AppointmentStep, ChangeTarget
from libs.common.domain.money import Money
from libs.common.platform.ids import uuid7
from tests.tasks.visits import BUSY, PARTNER_ID, VISIT, Salon, called_back, partner, refuse


@pytest.mark.req("P.3")
async def test_a_refused_change_runs_its_rules_and_says_what_was_asked(salon: Salon) -> None:
    await salon.end("call", "unreached", **BUSY)
    await salon.desk.receive(called_back(salon))
    await salon.booked()
    await refuse(salon, ChangeTarget.APPOINTMENT, "invalid_values")
    found = {step["title"]: step["facts"] for step in await salon.steps()}
    assert found["Запрошено изменение: appointment"]["asked"] == {"step": "planned", "at": VISIT.isoformat()}
    assert {"Изменение не принято (appointment): invalid_values", "Изменение не принято"} <= found.keys()


@pytest.mark.req("S0.13")
@pytest.mark.parametrize(
    ("target", "still_open"),
    [(ChangeTarget.APPOINTMENT, {"call"}), (ChangeTarget.PINNED_COMMENT, {"remind", "visit_control"})],
)
async def test_a_time_that_is_refused_is_asked_for_anew_and_no_other_refusal_disturbs(
    salon: Salon, target: ChangeTarget, still_open: set[str]
) -> None:
    await salon.booked()
    await refuse(salon, target, "invalid_values")
    assert set(await salon.open()) == still_open


@pytest.mark.req("S0.15")
@pytest.mark.parametrize(
    ("by", "warned", "charges"),
    [
        (AppointmentParty.PARTNER, False, 1),
        (AppointmentParty.PARTNER, True, 0),
        (AppointmentParty.CUSTOMER, False, 0),
    ],
)
async def test_a_partner_who_cancels_without_warning_owes_for_the_client(
    salon: Salon, by: AppointmentParty, warned: bool, charges: int
) -> None:
    await salon.booked()
    await salon.appointment(AppointmentStep.CANCELLED, by=by, warned=warned)
    raised = await salon.desk.sent(PartnerChargeDue)
    assert [(one.partner_id, one.amount, one.charge) for one in raised] == [
        (PARTNER_ID, Money(amount="500", currency="RUB"), "client")
    ] * charges
    assert list(await salon.open()) == ["call"]  # the customer is offered a new time


@pytest.mark.req("S0.15")
async def test_a_partner_owes_for_a_client_once_however_often_they_cancel(salon: Salon) -> None:
    for _ in range(2):
        await salon.booked()
        await salon.appointment(AppointmentStep.CANCELLED, by=AppointmentParty.PARTNER, warned=False)
        salon.appointment_id, salon.version = uuid7(), 0
    titles = [step["title"] for step in await salon.steps()]
    assert len(await salon.desk.sent(PartnerChargeDue)) == 1
    assert {"Партнёру начислено: Приведённый клиент", "Уже начислено: Приведённый клиент"} <= set(titles)


@pytest.mark.req("S0.10")
@pytest.mark.parametrize(("site", "asked"), [("https://rose.example", True), (None, False)])
async def test_a_review_is_asked_for_when_the_partner_has_a_site(
    salon: Salon, site: str | None, asked: bool
) -> None:
    await salon.desk.receive(partner(version=2, site=site))
    await salon.booked()
    await salon.end("remind", "reached")
    await salon.end("visit_control", "came")
    assert ("review" in await salon.messages()) is asked
