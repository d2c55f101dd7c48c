"""Quiet hours by the customer's clock: when a message may be sent, from any moment on."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.domain.zones import zones_of_phone
from services.notifications.sending.rules import Basis, Doubt, Night, Quiet, Sending

NIGHT = Quiet(time(21), time(9))
NOON = Quiet(time(12), time(14))
MOSCOW = "Europe/Moscow"
ZONES = ("Europe/Moscow", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")


def local(text: str, zone: str = MOSCOW) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.parametrize(
    ("quiet", "at", "opens"),
    [
        (NIGHT, "2026-03-02T20:59", "2026-03-02T20:59"),
        (NIGHT, "2026-03-02T21:00", "2026-03-03T09:00"),
        (NIGHT, "2026-03-03T00:30", "2026-03-03T09:00"),
        (NIGHT, "2026-03-03T09:00", "2026-03-03T09:00"),
        (NOON, "2026-03-02T13:00", "2026-03-02T14:00"),
        (NOON, "2026-03-02T14:00", "2026-03-02T14:00"),
    ],
)
def test_what_comes_at_night_waits_for_the_morning(quiet: Quiet, at: str, opens: str) -> None:
    assert quiet.opens(MOSCOW, local(at)) == local(opens)


def test_an_hour_that_comes_twice_is_quiet_both_times() -> None:
    second = datetime(2026, 10, 25, 1, 10, tzinfo=UTC)  # 02:10 in Berlin, for the second time
    assert Quiet(time(22), time(2, 30)).opens("Europe/Berlin", second) == second + timedelta(minutes=20)


def test_advertisements_may_have_hours_of_their_own() -> None:
    said = Sending(NIGHT, marketing_quiet=NOON)
    nights = [said.night(MOSCOW, local("2026-03-02T12:00"), marketing=marketing) for marketing in (False, True)]
    assert nights == [Night(NIGHT, MOSCOW), Night(NOON, MOSCOW)]
    assert Sending(NIGHT).night(MOSCOW, local("2026-03-02T12:00"), marketing=True) == Night(NIGHT, MOSCOW)


times = st.builds(time, st.integers(0, 23), st.integers(0, 59))


@given(
    times, times, st.sampled_from(ZONES),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - it adds the zone
)  # fmt: skip
def test_it_is_never_quiet_when_a_message_is_sent(starts: time, ends: time, zone: str, now: datetime) -> None:
    quiet = Quiet(starts, ends if ends != starts else starts.replace(minute=(starts.minute + 1) % 60))
    opens = quiet.opens(zone, now)
    assert now <= opens <= now + timedelta(hours=25)
    assert quiet.opens(zone, opens) == opens


RUSSIA = zones_of_phone("+79161234567")
FAR = ("America/Los_Angeles", "Europe/Moscow", "Asia/Kamchatka")  # no hour of the day is day in all


def doubted(quiet: Quiet, candidates: tuple[str, ...], now: datetime, doubt: Doubt = Doubt.CANDIDATES) -> Night:
    night = Sending(quiet, doubt=doubt).night(MOSCOW, now, marketing=False, candidates=candidates)
    assert night is not None
    return night


@pytest.mark.parametrize(
    ("at", "opens"),
    [
        ("2026-03-02T06:00", "2026-03-02T10:00"),  # nine in Kaliningrad, seven in the evening in Kamchatka
        ("2026-03-02T10:30", "2026-03-02T10:30"),
        ("2026-03-02T12:00", "2026-03-03T10:00"),  # nine in the evening in Kamchatka
    ],
)
def test_a_mobile_of_russia_is_written_to_when_it_is_day_in_all_of_it(at: str, opens: str) -> None:
    night = doubted(NIGHT, RUSSIA, local(at))
    assert (night.opens(local(at)), night.basis) == (local(opens), Basis.CANDIDATES)


def test_zones_without_a_common_hour_leave_the_desks_and_a_desk_may_want_its_own() -> None:
    at = local("2026-03-02T12:00")
    assert doubted(NIGHT, FAR, at) == Night(NIGHT, MOSCOW, (), Basis.NO_COMMON_HOUR)
    assert doubted(NIGHT, RUSSIA, at, Doubt.DESK) == doubted(NIGHT, (), at) == Night(NIGHT, MOSCOW)


@given(
    st.integers(0, 23), st.integers(1, 14), st.lists(st.sampled_from((*RUSSIA, *ZONES)), min_size=1, max_size=4),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001 - it adds the zone
)  # fmt: skip
def test_a_message_leaves_at_the_first_moment_that_is_quiet_nowhere(
    starts: int, hours: int, zones: list[str], now: datetime
) -> None:
    quiet = Quiet(time(starts), time((starts + hours) % 24))
    night = doubted(quiet, tuple(zones), now)
    opens, clocks = night.opens(now), night.candidates or (MOSCOW,)
    assert all(quiet.opens(zone, opens) == opens for zone in clocks)
    before = (now + timedelta(minutes=15) * n for n in range(int((opens - now) / timedelta(minutes=15)) + 1))
    assert not [m for m in before if m < opens and all(quiet.opens(zone, m) == m for zone in clocks)]
    assert Night.of(night.as_json()) == night
