"""What a customer is not contacted for, and by which ground they were (P.14)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from libs.common.contracts.shared import Purpose
from services.intake.calling.rules import day_of
from services.intake.consents.rules import Basis, ConsentStep, Step, Withdrawn, barred_of, basis_of, purposes_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GIVEN, GONE = ConsentStep.GIVEN, ConsentStep.WITHDRAWN
LEAD = UUID(int=100)


def step(number: int, what: ConsentStep, *purposes: Purpose, minutes: int = 0, lead_id: UUID | None = None) -> Step:
    named = frozenset(purposes or Purpose)
    return Step(UUID(int=number), what, named, NOW + timedelta(minutes=minutes), lead_id)


@pytest.mark.req("P.14")
@pytest.mark.parametrize(
    ("steps", "barred"),
    [
        ([], ()),
        ([step(1, GONE)], ("calls", "marketing", "transactional")),
        ([step(1, GONE, *purposes_of(Withdrawn.CALLS))], ("calls",)),
        ([step(1, GONE), step(2, GIVEN, Purpose.TRANSACTIONAL, minutes=1)], ("calls", "marketing")),
        # What was said earlier and is recorded later opens nothing, nor does a form of a later lead.
        ([step(1, GONE, Purpose.CALLS), step(2, GIVEN, minutes=-1)], ("calls",)),
        ([step(1, GONE, Purpose.CALLS), step(2, GIVEN, minutes=1, lead_id=LEAD)], ("calls",)),
        ([step(1, GIVEN), step(2, GONE, Purpose.MARKETING)], ("marketing",)),
    ],
)
def test_the_last_word_of_each_purpose_counts(steps: list[Step], barred: tuple[str, ...]) -> None:
    assert barred_of(steps, listed=False) == barred
    assert barred_of(reversed(steps), listed=True) == (*barred, "black_list")


@pytest.mark.req("P.14")
@pytest.mark.parametrize(
    ("steps", "basis"),
    [
        ([], Basis(None)),
        ([step(1, GIVEN, lead_id=LEAD), step(2, GIVEN, minutes=1)], Basis(UUID(int=1))),
        ([step(1, GIVEN), step(2, GIVEN, minutes=1)], Basis(UUID(int=2))),
        ([step(1, GIVEN), step(2, GIVEN, Purpose.MARKETING, minutes=1)], Basis(UUID(int=1))),
        ([step(1, GIVEN, lead_id=LEAD), step(2, GONE, minutes=1)], Basis(None, UUID(int=2))),
        ([step(1, GIVEN), step(2, GONE, minutes=30)], Basis(UUID(int=1))),
    ],
)
def test_a_contact_is_by_the_ground_of_its_lead_else_by_the_last_one(steps: list[Step], basis: Basis) -> None:
    assert basis_of(steps, Purpose.CALLS, NOW + timedelta(minutes=10), LEAD) == basis


@pytest.mark.req("P.14")
@pytest.mark.parametrize(
    ("zone", "moment", "hours"),
    [
        ("Asia/Vladivostok", NOW, 24),
        ("Europe/Berlin", datetime(2026, 3, 29, 12, tzinfo=UTC), 23),
        ("Europe/Berlin", datetime(2026, 10, 25, 12, tzinfo=UTC), 25),
    ],
)
def test_a_day_is_from_midnight_to_midnight_by_the_customer_s_clock(
    zone: str, moment: datetime, hours: int
) -> None:
    day = day_of(moment, zone)
    assert day.begins <= moment < day.ends
    assert day.ends - day.begins == timedelta(hours=hours)
