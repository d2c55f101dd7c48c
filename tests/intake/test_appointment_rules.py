"""Steps of appointments, and working hours: data in, decision out."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import AppointmentStep
from services.intake.appointments.rules import (
    Refusal,
    UnderWay,
    Wish,
    faults_of,
    is_new,
    members_of,
    read_wish,
    refusal_of,
)
from services.intake.changes.rules import Problem
from services.intake.partners.rules import Hours, Span

NOW = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
SALON = Hours(
    ZoneInfo("Asia/Yekaterinburg"),
    (
        Span(weekday=1, opens="10:00", closes="13:00"),
        Span(weekday=1, opens="14:00", closes="20:00"),
    ),
)
STATE = UnderWay(uuid4(), NOW + timedelta(days=1), 3)


def monday(clock: str) -> datetime:
    """Return a time of a Monday by the salon's clock, five hours before UTC."""
    return datetime.fromisoformat(f"2026-03-09T{clock}+05:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("clock", "open_"), [("09:59", False), ("10:00", True), ("13:00", False), ("14:00", True), ("20:00", False)]
)
def test_hours_hold_from_opening_until_before_closing_by_the_partner_s_clock(clock: str, *, open_: bool) -> None:
    assert SALON.is_open(monday(clock)) is open_


@given(st.integers(0, 10**6))
def test_no_hours_are_round_the_clock(hours: int) -> None:
    assert Hours(ZoneInfo("Europe/Moscow"), ()).is_open(NOW + timedelta(hours=hours))


@pytest.mark.parametrize("step", list(AppointmentStep))
def test_only_planning_needs_that_none_is_under_way(step: AppointmentStep) -> None:
    planned = step is AppointmentStep.PLANNED
    assert refusal_of(step, None, None) == (None if planned else Refusal.NOT_FOUND)
    assert refusal_of(step, STATE, None) == (Refusal.ALREADY_PLANNED if planned else None)


@pytest.mark.parametrize(("seen", "refusal"), [(3, None), (2, Refusal.STALE_VERSION), (None, None)])
def test_a_step_is_fenced_by_the_version_that_the_caller_saw(seen: int | None, refusal: Refusal | None) -> None:
    assert refusal_of(AppointmentStep.KEPT, STATE, seen) == refusal


def test_planning_what_was_seen_to_be_under_way_is_stale() -> None:
    assert refusal_of(AppointmentStep.PLANNED, None, 3) == Refusal.STALE_VERSION


def test_every_fault_of_the_form_is_named_at_once() -> None:
    values = {"step": "moved", "at": "tomorrow", "by": "weather", "warned": "perhaps", "colour": "red"}
    _, problems = read_wish(AppointmentStep.MOVED, values)
    assert [(each.field, each.code) for each in problems] == [
        ("colour", "unknown_field"),
        ("at", "not_a_moment"),
        ("by", "unknown_party"),
        ("warned", "not_true_or_false"),
    ]


@pytest.mark.parametrize(
    ("values", "code"), [({}, "missing"), ({"at": "2026-03-09T10:00"}, "no_offset"), ({"at": "9"}, "not_a_moment")]
)
def test_a_time_has_an_offset(values: dict[str, str], code: str) -> None:
    assert read_wish(AppointmentStep.PLANNED, values)[1] == (Problem("at", code),)


@pytest.mark.parametrize(
    ("at", "codes"),
    [
        (NOW - timedelta(hours=12), ["in_the_past", "outside_hours"]),
        (NOW, []),
        (monday("21:00"), ["outside_hours"]),
        (monday("15:00"), []),
        (datetime.max.replace(tzinfo=UTC), ["too_far"]),
    ],
)
def test_a_time_lies_ahead_and_in_the_partner_s_hours(at: datetime, codes: list[str]) -> None:
    assert [each.code for each in faults_of(Wish(AppointmentStep.MOVED, at), NOW, SALON)] == codes


def test_a_move_to_the_same_time_is_no_change() -> None:
    assert not is_new(Wish(AppointmentStep.MOVED, STATE.at), STATE)
    assert is_new(Wish(AppointmentStep.CANCELLED), STATE)


@given(st.sampled_from(AppointmentStep), st.dictionaries(st.sampled_from(["at", "by", "warned", "x"]), st.text()))
def test_any_values_are_read_and_none_gets_into_a_step_that_has_no_such_member(
    step: AppointmentStep, values: dict[str, str]
) -> None:
    wish, _ = read_wish(step, values)
    assert wish.at is None or "at" in members_of(step)
    assert isinstance(faults_of(wish, NOW, SALON), tuple)
