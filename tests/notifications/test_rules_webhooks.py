"""Parsing webhook bodies (Wazzup API v3, webhooks): documented and undocumented shapes."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.webhooks.rules import MAX_ID, NO_TIME, Callback, Kind, error_code, parse

STATUS = {"messageId": "m", "timestamp": "2026-03-02T09:14:01.000Z", "status": "sent"}
MESSAGE = {"messageId": "n", "dateTime": "2026-03-02T09:15:27.000Z", "isEcho": False, "status": "inbound"}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_both_lists_of_one_body_are_read() -> None:
    kinds = [found.kind for found in parse({"messages": [MESSAGE], "statuses": [STATUS, STATUS]}).callbacks]
    assert kinds == [Kind.INBOUND, Kind.STATUS, Kind.STATUS]


def test_a_probe_is_valid_and_has_no_callbacks() -> None:
    parsed = parse({"test": True})
    assert (parsed.callbacks, parsed.unreadable) == ([], ())


def test_what_is_no_object_is_unread_as_a_whole() -> None:
    assert (parse([STATUS]).callbacks, parse([STATUS]).unreadable) == ((), ("body",))


def test_a_probe_hides_nothing_that_comes_with_it() -> None:
    assert len(parse({"test": True, "statuses": [STATUS]}).callbacks) == 1


def test_a_status_is_read_whole() -> None:
    loud = {**STATUS, "status": "DELIVERED"}
    at = datetime(2026, 3, 2, 9, 14, 1, tzinfo=UTC)
    assert parse({"statuses": [loud]}).callbacks == [Callback(Kind.STATUS, "m", "delivered", at, loud, useful=True)]


def test_a_message_is_read_whole() -> None:
    at = datetime(2026, 3, 2, 9, 15, 27, tzinfo=UTC)
    found = parse({"messages": [{**MESSAGE, "status": "read"}]}).callbacks
    assert found == [Callback(Kind.INBOUND, "n", "read", at, {**MESSAGE, "status": "read"}, useful=False)]


def test_a_message_without_a_status_has_its_kind_for_one() -> None:
    assert parse({"messages": [{"messageId": "n", "isEcho": True}]}).callbacks[0].status == "echo"


@pytest.mark.parametrize("stamp", ["2026-03-02T12:14:01+03:00", "2026-03-02T09:14:01"])
def test_a_time_keeps_its_zone_and_is_utc_without_one(stamp: str) -> None:
    at = parse({"statuses": [{**STATUS, "timestamp": stamp}]}).callbacks[0].at
    assert (at.isoformat(), at.tzinfo) == ("2026-03-02T09:14:01+00:00", UTC)


@pytest.mark.parametrize(("length", "found"), [(0, 0), (1, 1), (MAX_ID, 1), (MAX_ID + 1, 0)])
def test_an_identifier_is_neither_empty_nor_longer_than_can_be_kept(length: int, found: int) -> None:
    assert len(parse({"statuses": [{**STATUS, "messageId": "x" * length}]}).callbacks) == found


@pytest.mark.parametrize("broken", [{**STATUS, "messageId": 7}, {**STATUS, "status": None}, {"messageId": "m"}])
def test_a_status_without_its_parts_is_unread(broken: dict[str, object]) -> None:
    assert parse({"statuses": [broken]}).unreadable == ("statuses[0]",)


def test_times_are_utc_moments() -> None:
    assert parse({"statuses": [STATUS]}).callbacks[0].at == datetime(2026, 3, 2, 9, 14, 1, tzinfo=UTC)


@pytest.mark.parametrize("stamp", [None, "yesterday", 12, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_callback_without_a_readable_time_stays_a_repeat_of_itself(stamp: object) -> None:
    assert parse({"statuses": [{**STATUS, "timestamp": stamp}]}).callbacks[0].at == NO_TIME


def test_an_echo_is_not_inbound() -> None:
    echo = parse({"messages": [{**MESSAGE, "isEcho": True}]}).callbacks[0]
    assert (echo.kind, echo.useful) == (Kind.ECHO, True)


def test_a_status_that_moves_nothing_is_only_kept() -> None:
    assert not parse({"statuses": [{**STATUS, "status": "edited"}]}).callbacks[0].useful


def test_unreadable_parts_are_named_and_do_not_hide_the_others() -> None:
    parsed = parse({"statuses": [STATUS, 7, {"messageId": ""}], "channelsUpdates": [{"state": "qridle"}]})
    assert len(parsed.callbacks) == 1
    assert parsed.unreadable == ("statuses[1]", "statuses[2]", "channelsUpdates[0]")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        ({"error": "BAD_CONTACT"}, "BAD_CONTACT"),
        ("SPAM", "SPAM"),
        (None, "UNKNOWN_ERROR"),
        ({}, "UNKNOWN_ERROR"),
        ("Номер +79000000001 заблокирован", "UNKNOWN_ERROR"),
    ],
)
def test_the_code_of_an_error_is_found_in_any_shape(error: object, code: str) -> None:
    assert error_code({"error": error}) == code


@given(JSON)
def test_no_body_breaks_the_reader(body: object) -> None:
    parsed = parse(body)
    assert all(found.provider_message_id for found in parsed.callbacks)
