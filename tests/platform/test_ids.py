"""Ids sort by creation time and contain its day."""

from datetime import UTC, date, datetime, timedelta
from uuid import RFC_4122, UUID

from hypothesis import given
from hypothesis import strategies as st

from libs.common.platform.ids import uuid7, uuid7_day

MOMENTS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2262, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis adds the zone


def born_at(moment: datetime) -> UUID:
    """Make the first UUIDv7 of a moment (RFC 9562, 5.7)."""
    milliseconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62)


def test_ids_are_version_7() -> None:
    made = uuid7()
    assert (made.version, made.variant) == (7, RFC_4122)


def test_ids_ascend_and_never_repeat() -> None:
    made = [uuid7() for _ in range(10_000)]
    assert made == sorted(set(made))


def test_a_new_id_is_of_today() -> None:
    before = datetime.now(UTC).date()
    assert before <= uuid7_day(uuid7()) <= datetime.now(UTC).date()


def test_the_day_changes_at_midnight_utc() -> None:
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    assert uuid7_day(born_at(midnight)) == date(2026, 3, 2)
    assert uuid7_day(born_at(midnight - timedelta(milliseconds=1))) == date(2026, 3, 1)


@given(MOMENTS)
def test_day_of_an_id_is_the_day_of_its_birth(moment: datetime) -> None:
    assert uuid7_day(born_at(moment)) == moment.date()
