"""What intake refuses of a booking, and what the partner's card decides (S0.10, S0.13)."""

import pytest

from libs.common.contracts.shared import (
    ChangeTarget,
)
from tests.tasks.visits import BUSY, VISIT, Salon, called_back, partner, refuse


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
