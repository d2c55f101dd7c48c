"""Letters: their headers, their envelope, what a relay's codes mean, and configurations that are refused."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.common.connect.command.rules import Accepted, Class, Refused
from libs.common.connect.exchange import Reply
from libs.common.connect.mail import Mail
from services.notifications.providers.mails import mail_of
from services.notifications.providers.smtp import Smtp
from services.notifications.providers.values import Identities, Outbound, Remember
from tests.notifications.providers.samples import channel

NAME = "0190b6d0000070008000000000000001"
LINK = f"https://hooks.example.com/notifications/v1/unsubscribe/{NAME}"
MESSAGE = Outbound(
    "0190b6d0-0000-7000-8000-000000000001", NAME, "anna@example.org", "Заказ 1042\n\nАнна, заказ принят.",
    offered_at=datetime(2026, 3, 2, 9, 14, tzinfo=UTC),
)  # fmt: skip


def letter(message: Outbound = MESSAGE, **config: object) -> tuple[Mail, EmailMessage]:
    mail = channel("smtp", **config).request(message)
    assert isinstance(mail, Mail)
    return mail, message_from_bytes(mail.content, policy=policy.default)


def test_a_letter_bears_our_name_in_its_envelope_and_its_id() -> None:
    mail, read = letter()
    assert (mail.sender, mail.notify) == (f"bounce+{NAME}@bounce.example.com", NAME)
    assert (read["Message-ID"], read["From"]) == (f"<{NAME}@example.com>", "Магазин <shop@example.com>")
    assert (read["Subject"], read["Reply-To"]) == ("Заказ 1042", "desk@example.com")
    assert read.get_content().strip() == "Анна, заказ принят."
    assert mail.content.isascii()


@pytest.mark.parametrize("text", ["Заказ принят", "Заказ\nпринят", f"{'x' * 300}\n\nпринят", "\n\nпринят"])
def test_a_text_without_a_subject_has_the_channels(text: str) -> None:
    assert letter(replace(MESSAGE, text=text))[1]["Subject"] == "Ваш заказ"


def test_an_advertisement_alone_has_the_link_and_its_headers() -> None:
    _, read = letter(replace(MESSAGE, unsubscribe_url=LINK))
    assert (read["List-Unsubscribe"], read["List-Unsubscribe-Post"]) == (f"<{LINK}>", "List-Unsubscribe=One-Click")
    assert LINK in read.get_content()
    assert letter()[1]["List-Unsubscribe"] is None


@given(text=st.text(min_size=1, max_size=400))
def test_any_text_can_be_sent(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    mail, read = letter(replace(MESSAGE, text=text))
    assert (read["To"], b"\x00" in mail.content) == ("anna@example.org", False)
    assert max(map(len, mail.content.splitlines())) < 998


CODES = [
    ("recipient", 550, "5.1.1 User unknown", Class.RECIPIENT, Remember.INVALID),
    ("recipient", 550, "no such user", Class.RECIPIENT, Remember.UNREACHABLE),
    ("recipient", 451, "4.7.1 Greylisted", Class.PAUSE, None),
    ("recipient", 452, "4.2.2 over quota", Class.PAUSE, None),
    ("recipient", 421, "busy", Class.RETRY_SLOWLY, None),
    ("content", 554, "5.7.1 spam", Class.MESSAGE, None),
    ("content", 550, "refused", Class.MESSAGE, None),
    ("content", 552, "5.3.4 too big", Class.MESSAGE, None),
    ("content", 550, "5.7.26 DMARC", Class.CONFIGURATION, None),
    ("content", 550, "5.5.0 refused", None, None),
    ("recipient", 550, "5.5.0 mailbox unavailable", Class.RECIPIENT, None),
    ("recipient", 450, "4.1.2 no such domain", Class.RECIPIENT, None),
    ("recipient", 554, "5.7.1 relay access denied", None, None),
    ("recipient", 530, "log in", None, None),
    ("sender", 501, "5.5.4 syntax", Class.CONFIGURATION, None),
    ("sender", 550, "5.7.1 sender rejected", Class.CONFIGURATION, None),
    ("sender", 450, "4.1.8 no such domain", Class.PAUSE, None),
    ("login", 535, "5.7.8 wrong", Class.CONFIGURATION, None),
    ("greeting", 421, "later", Class.RETRY_SLOWLY, None),
    ("greeting", 554, "no", Class.CONFIGURATION, None),
]


@pytest.mark.parametrize(("stage", "status", "text", "error", "remember"), CODES)
def test_what_a_relay_says_means(
    stage: str, status: int, text: str, error: Class | None, remember: Remember | None
) -> None:
    answer = channel("smtp").answer(Reply(status, {"stage": stage}, text.encode()), MESSAGE)
    assert isinstance(answer, Refused)
    known = Smtp.error(answer.code)
    assert (answer.error, known and known.remember) == (error, remember)


@given(code=st.from_regex(r"smtp_[45]\.\d{1,2}\.\d{1,2}", fullmatch=True))
def test_no_report_says_that_the_channel_is_wrong(code: str) -> None:
    known = Smtp.error(code)
    assert known is not None
    assert known.error is not Class.CONFIGURATION


def test_what_is_accepted_goes_by_our_name() -> None:
    assert channel("smtp").answer(Reply(250, {"stage": "content"}), MESSAGE) == Accepted(NAME)


WRITTEN = st.text("a.=?+'", min_size=1, max_size=70).map("{}@example.org".format)


@given(address=WRITTEN)
def test_who_has_an_address_here_can_be_written_to(address: str) -> None:
    if Smtp.address(Identities(email=address)) is not None:
        assert letter(replace(MESSAGE, address=address))[0].recipient == address


@pytest.mark.parametrize("local", ["a b", "ivan..petrov", "ivan.", ".ivan", "=?a", "a" * 65])
def test_an_address_that_a_letter_cannot_carry_is_refused(local: str) -> None:
    assert Smtp.address(Identities(email=f"{local}@example.org")) is None
    refused = channel("smtp").request(replace(MESSAGE, address=f"{local}@example.org"))
    assert refused == Refused(Class.RECIPIENT, "address_unwritable")


@pytest.mark.parametrize(
    "changes",
    [{"security": "none"}, {"user": None}, {"from_name": "a\r\nBcc: b@example.com"}, {"from_address": "shop"},
     {"from_address": "our..shop@example.com"},
     {"subject": " "}, {"host": "relay example"}],
)  # fmt: skip
def test_a_configuration_that_would_leak_or_break_letters_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        channel("smtp", **changes)


def test_where_a_stand_in_plays_the_relay_no_password_leaves() -> None:
    mail = replace(channel("smtp"), api="http://standins:8002/smtp/").request(MESSAGE)
    assert isinstance(mail, Mail)
    assert (mail.host, mail.security, mail.password) == ("standins", "none", None)


COMPLAINT = (
    'Content-Type: multipart/report; report-type=feedback-report; boundary="b"\n\n--b\n'
    "Content-Type: message/feedback-report\n\nFeedback-Type: abuse\nOriginal-Rcpt-To: anna@example.org\n"
)


@pytest.mark.parametrize(("line", "names"), [("", []), (f"Original-Mail-From: <b+{NAME}@example.com>\n", [NAME])])
def test_a_complaint_is_believed_that_has_our_name_for_the_letter(line: str, names: list[str]) -> None:
    found = mail_of(f"{COMPLAINT}{line}\n--b--\n".encode(), "desk@example.com")
    assert [(one.reference, one.address) for one in found.reports] == [(name, None) for name in names]


def test_a_letter_in_letters_without_end_is_unreadable() -> None:
    report = b'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n--b\n'
    body = report + b"Content-Type: message/rfc822\n\n" * 5_000
    assert mail_of(body, "desk@example.com").unreadable == ("mail",)
