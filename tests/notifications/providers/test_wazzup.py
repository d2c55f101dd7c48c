"""Wazzup's adapter: what its answers and webhooks mean (API v3), documented and undocumented shapes."""

from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import formatdate

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear, Verdict, judge
from libs.common.connect.exchange import Reply
from libs.common.contracts.shared import MessageProgress
from services.notifications.providers.reading import MAX_ID, NO_TIME
from services.notifications.providers.values import Identities, Outbound, Raw, Reading, Remember, Report, ReportKind
from services.notifications.providers.wazzup import Wazzup, WazzupConfig

CHANNEL = Wazzup(WazzupConfig(api_key=SecretStr("key"), provider_channel_id="channel"), Wazzup.home)
MESSAGE_OUT = Outbound("key", None, "79000000001", "text")
STATUS = {"messageId": "m", "timestamp": "2026-03-02T09:14:01.000Z", "status": "sent"}
MESSAGE = {"messageId": "n", "dateTime": "2026-03-02T09:15:27.000Z", "isEcho": False, "status": "inbound"}


def reply(status: int, /, **fields: object) -> Reply:
    return Reply(status, body=orjson.dumps(fields) if fields else b"")


def verdict(found: Reply, *, doubtful: bool = False) -> Verdict:
    return judge(CHANNEL.answer(found, MESSAGE_OUT), doubtful=doubtful, repeats=True, tries=1, jitter=0.5).verdict


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (reply(201, messageId="m"), Verdict.ACCEPTED),
        (reply(200, messageId=7), Verdict.ACCEPTED),
        (reply(201), Verdict.DOUBT),
        (reply(204), Verdict.DOUBT),
        (reply(400, error="REPEATED_CRM_MESSAGE_ID"), Verdict.TAKEN),
        (reply(400, error="repeatedCrmMessageId"), Verdict.TAKEN),
        (reply(400, error="CHANNEL_NO_MONEY"), Verdict.HALT),
        (reply(401), Verdict.HALT),
        (reply(403), Verdict.HALT),
        (reply(400, error="BAD_CONTACT"), Verdict.REFUSED),
        (reply(400, error="MESSAGE_TEXT_TOO_LONG"), Verdict.REFUSED),
        (reply(400, error="MESSAGES_TOO_LONG_TEXT"), Verdict.REFUSED),
        (reply(400, error="NEVER_HEARD_OF"), Verdict.REFUSED),
        (reply(400, error="MESSAGE_CHANNEL_UNAVAILABLE"), Verdict.RETRY),
        (reply(429), Verdict.LATER),
        (reply(503), Verdict.DOUBT),
        (reply(302), Verdict.DOUBT),
    ],
)
def test_an_answer_has_one_verdict(found: Reply, expected: Verdict) -> None:
    assert verdict(found) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (reply(400, error="MESSAGE_CHANNEL_UNAVAILABLE"), Verdict.DOUBT),
        (reply(400), Verdict.DOUBT),
        (reply(413), Verdict.DOUBT),
        (reply(400, error="NEVER_HEARD_OF"), Verdict.DOUBT),
        (reply(201), Verdict.DOUBT),
        (reply(400, error="BAD_CONTACT"), Verdict.REFUSED),
        (reply(400, error="INVALID_MESSAGE_DATA"), Verdict.REFUSED),
        (reply(400, error="MESSAGES_CONTENT_SIZE_EXCEEDED_10MB"), Verdict.REFUSED),
        (reply(400, error="REPEATED_CRM_MESSAGE_ID"), Verdict.TAKEN),
    ],
)
def test_after_a_lost_answer_only_the_content_itself_can_be_refused(found: Reply, expected: Verdict) -> None:
    assert verdict(found, doubtful=True) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (reply(200, messageId="m"), Accepted("m")),
        (reply(299, messageId="m"), Accepted("m")),
        (reply(300, messageId="m"), Unclear("http_300")),
        (reply(500, description="words"), Unclear("http_500")),
        (
            reply(400, error="BAD_CONTACT", description="words"),
            Refused(Class.RECIPIENT, "BAD_CONTACT", "words"),
        ),
        (reply(404, description="words"), Refused(Class.CONFIGURATION, "HTTP_404", "words")),
        (reply(405), Refused(Class.CONFIGURATION, "HTTP_405")),
        (reply(429), Refused(Class.RETRY_SLOWLY, "HTTP_429")),
        (reply(422), Refused(None, "HTTP_422")),
        (reply(400, error="79000000001"), Refused(None, "HTTP_400")),
    ],
)
def test_an_answer_is_read_with_its_reason(found: Reply, expected: Answer) -> None:
    assert CHANNEL.answer(found, MESSAGE_OUT) == expected


def test_what_an_unreachable_contact_says_is_remembered() -> None:
    found = Wazzup.error("badContact")
    assert found is not None
    assert (found.error, found.remember) == (Class.RECIPIENT, Remember.UNREACHABLE)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7),
        ({"retry-after": formatdate(0, usegmt=True), "date": formatdate(60, usegmt=True)}, 0),
        ({"retry-after": formatdate(90, usegmt=True), "date": formatdate(0, usegmt=True)}, 90),
        ({"retry-after": formatdate(90, usegmt=True)}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "٧"}, None),
        ({}, None),
    ],
    ids=["seconds", "past", "date", "date alone", "words", "other digits", "none"],
)
def test_retry_after_is_read(headers: dict[str, str], seconds: float | None) -> None:
    answer = CHANNEL.answer(Reply(429, headers), MESSAGE_OUT)
    assert isinstance(answer, Refused)
    assert answer.wait == seconds


@pytest.mark.parametrize("phone", ["79011112233", "+7901111223x", "+x9011112233", "+", "", "+٧٩", None])
def test_what_is_no_e164_number_is_no_address(phone: str | None) -> None:
    assert Wazzup.address(Identities(phone)) is None


def test_an_address_is_the_number_without_its_plus() -> None:
    assert Wazzup.address(Identities("+79011112233")) == "79011112233"


def read(body: object) -> Reading:
    return CHANNEL.read(Raw("POST", "", {}, {}, body if isinstance(body, bytes) else orjson.dumps(body)))


def reports(**lists: Sequence[object]) -> Sequence[Report]:
    return read(lists).reports


def test_both_lists_of_one_body_are_read() -> None:
    kinds = [found.kind for found in reports(messages=[MESSAGE], statuses=[STATUS, STATUS])]
    assert kinds == [ReportKind.INBOUND, ReportKind.STATUS, ReportKind.STATUS]


def test_a_probe_is_valid_and_has_no_reports() -> None:
    assert read({"test": True}) == Reading([], ())


def test_what_is_no_object_is_unread_as_a_whole() -> None:
    assert read([STATUS]) == Reading((), ("body",))


def test_a_probe_hides_nothing_that_comes_with_it() -> None:
    assert len(read({"test": True, "statuses": [STATUS]}).reports) == 1


def test_a_status_is_read_whole() -> None:
    loud = {**STATUS, "status": "DELIVERED"}
    at = datetime(2026, 3, 2, 9, 14, 1, tzinfo=UTC)
    assert reports(statuses=[loud]) == [
        Report(ReportKind.STATUS, "m", at, "delivered", loud, progress=MessageProgress.DELIVERED)
    ]


def test_a_message_is_read_whole() -> None:
    at = datetime(2026, 3, 2, 9, 15, 27, tzinfo=UTC)
    element = {**MESSAGE, "status": "read", "chatId": "79000000001", "channelId": "c", "text": "Где?"}
    (found,) = reports(messages=[element])
    assert found == Report(
        ReportKind.INBOUND, "n", at, "read", element, address="79000000001", sender="c", text="Где?"
    )
    assert not found.useful


def test_a_message_without_a_status_has_its_kind_for_one() -> None:
    assert reports(messages=[{"messageId": "n", "isEcho": True}])[0].word == "echo"


@pytest.mark.parametrize("stamp", ["2026-03-02T12:14:01+03:00", "2026-03-02T09:14:01"])
def test_a_time_keeps_its_zone_and_is_utc_without_one(stamp: str) -> None:
    at = reports(statuses=[{**STATUS, "timestamp": stamp}])[0].at
    assert (at.isoformat(), at.tzinfo) == ("2026-03-02T09:14:01+00:00", UTC)


@pytest.mark.parametrize(("length", "found"), [(0, 0), (1, 1), (MAX_ID, 1), (MAX_ID + 1, 0)])
def test_an_identifier_is_neither_empty_nor_longer_than_can_be_kept(length: int, found: int) -> None:
    assert len(reports(statuses=[{**STATUS, "messageId": "x" * length}])) == found


@pytest.mark.parametrize("broken", [{**STATUS, "messageId": []}, {**STATUS, "status": None}, {"messageId": "m"}])
def test_a_status_without_its_parts_is_unread(broken: dict[str, object]) -> None:
    assert read({"statuses": [broken]}).unreadable == ("statuses[0]",)


@pytest.mark.parametrize("stamp", [None, "yesterday", 12, "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"])
def test_a_report_without_a_readable_time_stays_a_repeat_of_itself(stamp: object) -> None:
    assert reports(statuses=[{**STATUS, "timestamp": stamp}])[0].at == NO_TIME


def test_an_echo_is_not_inbound() -> None:
    (echo,) = reports(messages=[{**MESSAGE, "isEcho": True}])
    assert (echo.kind, echo.useful) == (ReportKind.ECHO, True)


def test_a_status_that_moves_nothing_is_only_kept() -> None:
    assert not reports(statuses=[{**STATUS, "status": "edited"}])[0].useful


def test_unreadable_parts_are_named_and_do_not_hide_the_others() -> None:
    found = read({"statuses": [STATUS, 7, {"messageId": ""}], "channelsUpdates": [{"state": "qridle"}]})
    assert len(found.reports) == 1
    assert found.unreadable == ("statuses[1]", "statuses[2]", "channelsUpdates[0]")


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
    assert reports(statuses=[{**STATUS, "status": "error", "error": error}])[0].code == code


CODES = st.text() | st.sampled_from(["BAD_CONTACT", "MESSAGES_CAN_NOT_ADD", "VALIDATION_ERROR"])


@given(st.integers(100, 599), CODES, st.booleans())
def test_a_doubtful_message_is_never_failed_on_a_guess(status: int, code: str, doubtful: bool) -> None:
    answer = CHANNEL.answer(reply(status, error=code), MESSAGE_OUT)
    found = judge(answer, doubtful=doubtful, repeats=True, tries=1, jitter=0).verdict
    refused = doubtful and found is Verdict.REFUSED
    assert not refused or (isinstance(answer, Refused) and answer.error in (Class.RECIPIENT, Class.MESSAGE))
