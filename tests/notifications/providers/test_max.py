"""MAX's bots: codes decide, a phone counts with its hash alone, and only dialogues are customers'."""

import hashlib
import hmac

import orjson
import pytest

from libs.common.connect.command.rules import Answer, Class, Refused
from libs.common.connect.exchange import HttpRequest, Reply
from services.notifications.providers.base import Adapter
from services.notifications.providers.values import TEAM, Outbound, Raw, Remember, Report, ReportKind
from tests.notifications.providers.samples import HERE, channel, samples, sent

TOKEN = "max-bot-token-invented"
BOT, GROUP = channel("max"), channel("max", team_chat_id="-42")
OUT = Outbound("k", None, "500000001", "Заказ *1042* <b>принят</b>")
ANNA = {"user_id": 500000001, "first_name": "Анна", "last_name": "Тестова", "is_bot": False}
DIALOGUE = {"chat_id": 700000001, "chat_type": "dialog", "user_id": 900000001}
VCARD = "BEGIN:VCARD\r\nTEL;TYPE=cell:79000000001\r\nFN:Анна\r\nEND:VCARD\r\n"


def answered(adapter: Adapter, status: int, **body: object) -> Answer:
    return adapter.answer(Reply(status, {}, orjson.dumps(body)), OUT)


def read(**update: object) -> Report:
    (report,) = BOT.read(Raw("POST", HERE, {}, {}, orjson.dumps({"timestamp": 1772442840000, **update}))).reports
    return report


def message(update_type: object = "message_created", body: object = None, **members: object) -> Report:
    whole = {"mid": "mid.1", "seq": 1, **(body if isinstance(body, dict) else {})}
    said = {"sender": ANNA, "recipient": DIALOGUE, "body": whole, **members}
    return read(update_type=update_type, message=said)


def signed(info: str, token: str = TOKEN) -> str:
    return hmac.new(token.encode(), info.encode(), hashlib.sha256).hexdigest()


def card(**changes: object) -> Report:
    payload = {"vcf_info": VCARD, "hash": signed(VCARD), "max_info": ANNA, **changes}
    return message(body={"text": None, "attachments": [{"type": "contact", "payload": payload}]})


@pytest.mark.parametrize(
    ("adapter", "address", "query"),
    [(BOT, "500000001", "user_id=500000001"), (GROUP, TEAM, "chat_id=-42")],
)
def test_whom_it_is_for_stands_in_the_query_and_the_text_goes_as_it_is(
    adapter: Adapter, address: str, query: str
) -> None:
    request = adapter.request(Outbound("k", None, address, OUT.text))
    assert isinstance(request, HttpRequest)
    assert request.url == f"https://platform-api2.max.ru/messages?{query}&disable_link_preview=true"
    assert (sent(request), request.headers["authorization"]) == ({"text": OUT.text}, TOKEN)


@pytest.mark.parametrize(
    ("status", "code", "error", "shown"),
    [
        (403, "chat.denied", Class.RECIPIENT, "chat.denied"),
        (404, "dialog.not.found", Class.RECIPIENT, "dialog.not.found"),
        (404, "user.of.another.year", Class.RECIPIENT, "user.of.another.year"),
        (400, "proto.payload", Class.MESSAGE, "proto.payload"),
        (400, "code.of.another.year", None, "code.of.another.year"),
        (401, "anything", Class.CONFIGURATION, "anything"),
        (403, "", Class.CONFIGURATION, "http_403"),
        (429, "anything", Class.RETRY_SLOWLY, "anything"),
        (200, "message.edit.forbidden", None, "message.edit.forbidden"),
    ],
)
def test_a_refusal_is_known_by_its_code_and_else_by_its_status(
    status: int, code: str, error: Class | None, shown: str
) -> None:
    assert answered(BOT, status, code=code, success=False, message="для людей") == Refused(
        error, shown, "для людей"
    )


@pytest.mark.parametrize(
    ("status", "error", "code"),
    [(403, Class.CONFIGURATION, "group_closed"), (404, Class.CONFIGURATION, "group_closed"),
     (400, Class.CONFIGURATION, "group_closed"), (429, Class.PAUSE, "group_closed")],
)  # fmt: skip
def test_a_group_that_cannot_be_told_needs_a_person(status: int, error: Class, code: str) -> None:
    assert answered(GROUP, status, code="chat.denied") == Refused(error, code)


@pytest.mark.parametrize("digest", [signed(VCARD), signed(VCARD).upper()])
def test_a_card_of_one_s_own_with_the_right_hash_gives_the_phone(digest: str) -> None:
    written = card(hash=digest).written
    assert written is not None
    assert written.known_by == (("max", "500000001"), ("phone", "+79000000001"))


@pytest.mark.parametrize(
    "changes",
    [
        {"hash": signed(VCARD, "another bot's")},
        {"hash": None},
        {"vcf_info": VCARD.replace("79000000001", "79000000009")},
        {"max_info": {**ANNA, "user_id": 500000009}},
        {"max_info": None},
    ],
)
def test_any_other_card_gives_no_phone(changes: dict[str, object]) -> None:
    report = card(**changes)
    assert report.written is not None
    assert report.written.known_by == (("max", "500000001"),)
    assert "+7900000000" in str(report.text)


@pytest.mark.parametrize(
    ("body", "kind", "text", "media"),
    [
        ({"text": "Где заказ?"}, "text", "Где заказ?", None),
        ({"attachments": [{"type": "image", "payload": {"url": "https://i.example.com/1", "token": "t"}}]}, "media",
         None, {"type": "image", "url": "https://i.example.com/1"}),
        ({"text": "Счёт", "attachments": [{"type": "file", "filename": "a.pdf", "payload": {}}]}, "media", "Счёт",
         {"type": "file", "filename": "a.pdf"}),
        ({"attachments": [{"type": "location", "latitude": 1}]}, "location", None, None),
        ({"attachments": [{"type": "share"}]}, "unsupported", None, None),
    ],
)  # fmt: skip
def test_a_message_of_any_kind_is_read(body: object, kind: str, text: str | None, media: object) -> None:
    written = message(body=body).written
    assert written is not None
    assert (written.content, written.text, written.media, written.name) == (kind, text, media, "Анна Тестова")


def test_a_message_has_all_its_files() -> None:
    urls = [f"https://i.example.com/{number}" for number in range(3)]
    written = message(body={"attachments": [{"type": "image", "payload": {"url": url}} for url in urls]}).written
    assert written is not None
    assert [one["url"] for one in written.files] == urls


@pytest.mark.parametrize(
    "members", [{"recipient": {"chat_id": -42, "chat_type": "chat"}}, {"sender": {**ANNA, "is_bot": True}}]
)
def test_what_is_no_word_of_one_customer_is_no_message(members: dict[str, object]) -> None:
    assert message(body={"text": "Всем привет"}, **members).written is None


def test_new_words_of_a_message_are_the_same_message() -> None:
    report = message("message_edited", {"text": "Уточняю"})
    assert (report.external_id, report.word, report.at.timestamp()) == ("mid.1", "message_edited", 1772442840)


def test_a_button_of_a_message_that_is_gone_is_known_by_its_payload() -> None:
    (sample,) = (one for one in samples("max") if one.name == "webhook_callback")
    report = read(**{**sample.data["json"], "message": None})
    assert report.written is not None
    assert (report.written.button, report.written.reply_to) == ("o:1042:confirm", None)


@pytest.mark.parametrize(
    ("sort", "remember"),
    [
        ("bot_started", Remember.OPTED_IN),
        ("bot_stopped", Remember.OPTED_OUT),
        ("dialog_removed", Remember.OPTED_OUT),
    ],
)
def test_who_stops_the_bot_wants_nothing_until_they_start_it(sort: str, remember: Remember) -> None:
    assert read(update_type=sort, chat_id=700000001, user=ANNA).remember is remember


def test_news_of_a_chat_are_kept_and_change_nothing() -> None:
    report = read(update_type="dialog_muted", chat_id=700000001, user=ANNA)
    assert (report.kind, report.useful, report.address, report.remember) == (ReportKind.CHANNEL, False, None, None)


@pytest.mark.parametrize("update", [{}, {"update_type": "comment_created"}, {"update_type": "message_created"}])
def test_an_unknown_update_is_named_as_unreadable(update: dict[str, object]) -> None:
    reading = BOT.read(Raw("POST", HERE, {}, {}, orjson.dumps(update)))
    assert (reading.reports, reading.unreadable) == ((), (update.get("update_type", "update_type"),))


def test_what_is_read_is_what_is_ordered() -> None:
    request = BOT.subscribe(HERE)
    assert request is not None
    (sample,) = (one for one in samples("max") if one.name == "subscribe")
    assert set(sent(request)["update_types"]) >= set(sample.data["json"]["update_types"])
    assert BOT.subscribed(Reply(200, {}, b'{"success": false, "code": "denied"}')) == "denied"
