"""Telegram's bots: refusals are known by their words, blocking is a wish, and only private chats are customers'."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused
from libs.common.connect.exchange import HttpRequest, Reply
from services.notifications.providers.base import Adapter
from services.notifications.providers.telegram import UPDATES
from services.notifications.providers.values import TEAM, Outbound, Raw, Remember, Report, ReportKind
from tests.notifications.providers.samples import HERE, channel, samples, sent

BOT, GROUP = channel("telegram"), channel("telegram", team_chat_id="-42")
OUT = Outbound("k", None, "500000003", "Заказ <b>1042</b> & [маска](x)")
ANNA = {"id": 500000003, "is_bot": False, "first_name": "Анна", "last_name": "Тестова"}
PRIVATE = {"id": 500000003, "type": "private"}
KEY = "tg-token-invented"


def answered(adapter: Adapter, status: int, description: str, **parameters: int) -> Answer:
    body = {"ok": False, "error_code": status, "description": description, "parameters": parameters}
    return adapter.answer(Reply(status, {}, orjson.dumps(body)), OUT)


def read(**update: object) -> Report:
    (report,) = BOT.read(Raw("POST", HERE, {}, {}, orjson.dumps({"update_id": 7, **update}))).reports
    return report


def message(**content: object) -> Report:
    return read(message={"message_id": 70, "from": ANNA, "chat": PRIVATE, "date": 1772442840, **content})


@pytest.mark.parametrize(
    ("status", "description", "error", "code"),
    [
        (403, "Forbidden: bot was blocked by the user", Class.RECIPIENT, "bot_blocked"),
        (403, "Forbidden: user is deactivated", Class.RECIPIENT, "user_deactivated"),
        (403, "Forbidden: bot can't initiate conversation with a user", Class.RECIPIENT, "not_started"),
        (403, "Forbidden: bot can't send messages to bots", Class.RECIPIENT, "not_a_person"),
        (400, "Bad Request: message is too long", Class.MESSAGE, "text_too_long"),
        (400, "Bad Request: message text is empty", Class.MESSAGE, "text_empty"),
        (400, "Bad Request: words of another year", None, "http_400"),
        (403, "Forbidden: words of another year", Class.CONFIGURATION, "http_403"),
        (401, "Unauthorized", Class.CONFIGURATION, "http_401"),
        (404, "Not Found", Class.CONFIGURATION, "http_404"),
    ],
)
def test_a_refusal_is_known_by_its_words(status: int, description: str, error: Class | None, code: str) -> None:
    assert answered(BOT, status, description) == Refused(error, code, description)


@pytest.mark.parametrize(
    ("status", "description", "code"),
    [
        (400, "Bad Request: chat not found", "group_not_found"),
        (403, "Forbidden: bot was kicked from the supergroup chat", "group_closed"),
        (403, "Forbidden: bot is not a member of the channel chat", "group_closed"),
        (403, "Forbidden: the group chat was deleted", "group_closed"),
        (403, "Forbidden: bot was blocked by the user", "group_closed"),
        (400, "Bad Request: not enough rights to send text messages to the chat", "group_closed"),
        (400, "Bad Request: CHAT_WRITE_FORBIDDEN", "group_closed"),
    ],
)
def test_a_group_that_cannot_be_told_needs_a_person(status: int, description: str, code: str) -> None:
    assert answered(GROUP, status, description) == Refused(Class.CONFIGURATION, code, description)


def test_a_group_that_has_moved_stops_the_channel_and_names_the_new_id() -> None:
    words = "Bad Request: group chat was upgraded to a supergroup chat"
    found = answered(GROUP, 400, words, migrate_to_chat_id=-1000000000042)
    assert found == Refused(Class.CONFIGURATION, "migrated_to_-1000000000042", words)
    assert GROUP.error("migrated_to_-1000000000042") is not None


def test_too_many_calls_wait_as_long_as_telegram_says_the_bot_or_the_group_alone() -> None:
    found = [answered(bot, 429, "Too Many Requests: retry after 14", retry_after=14) for bot in (BOT, GROUP)]
    assert [(one.error, one.wait) for one in found if isinstance(one, Refused)] == [
        (Class.RETRY_SLOWLY, 14.0),
        (Class.PAUSE, 14.0),
    ]


@given(st.text(min_size=1, max_size=100))
def test_a_text_goes_as_it_is_whatever_marks_it_has(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    request = BOT.request(Outbound("k", None, "500000003", text))
    assert isinstance(request, HttpRequest)
    assert sent(request) == {"chat_id": 500000003, "text": text, "link_preview_options": {"is_disabled": True}}


@pytest.mark.parametrize(("text", "fits"), [("😀" * 2048, True), ("😀" * 2049, False), ("ы" * 4096, True)])
def test_a_text_is_measured_as_telegram_does(text: str, fits: bool) -> None:
    request = BOT.request(Outbound("k", None, "500000003", text))
    assert isinstance(request, HttpRequest) is fits
    assert fits or request == Refused(Class.MESSAGE, "text_too_long")


def test_a_group_is_told_by_its_own_id() -> None:
    request = GROUP.request(Outbound("k", None, TEAM, "Новая заявка"))
    assert isinstance(request, HttpRequest)
    assert sent(request)["chat_id"] == -42


def test_messages_of_two_chats_have_two_ids() -> None:
    bodies = [{"ok": True, "result": {"message_id": 7, "chat": {"id": chat}}} for chat in (1, -42)]
    assert [BOT.answer(Reply(200, {}, orjson.dumps(one)), OUT) for one in bodies] == [
        Accepted("1:7"),
        Accepted("-42:7"),
    ]


def test_neither_a_channel_nor_its_request_shows_the_token() -> None:
    assert KEY not in f"{BOT!r} {BOT.request(OUT)!r} {BOT.sender} {GROUP.sender}"


@pytest.mark.parametrize("token", ["", "1", "1:", ":key", "bot1:key", "1:key/../x", "1:key?x", "1:k#x", "1:a b"])
def test_what_is_no_token_of_a_bot_is_refused(token: str) -> None:
    with pytest.raises(ValidationError):
        channel("telegram", bot_token=token)


# -- what comes


@pytest.mark.parametrize(
    ("content", "kind", "text", "media"),
    [
        ({"text": "Где заказ?"}, "text", "Где заказ?", None),
        ({"photo": [{"file_id": "s"}, {"file_id": "l"}], "caption": "Вот"}, "media", "Вот",
         {"id": "l", "type": "photo"}),
        ({"document": {"file_id": "d", "mime_type": "application/pdf", "file_name": "a.pdf"}}, "media", None,
         {"id": "d", "type": "document", "mime_type": "application/pdf", "filename": "a.pdf"}),
        ({"voice": {"file_id": "v", "duration": 2}}, "media", None, {"id": "v", "type": "voice"}),
        ({"photo": []}, "media", None, None),
        ({"location": {"latitude": 55.7, "longitude": 37.6}}, "location", None, None),
        ({"poll": {"id": "1"}}, "unsupported", None, None),
    ],
)  # fmt: skip
def test_a_message_of_any_kind_is_read(content: dict[str, object], kind: str, text: str, media: object) -> None:
    written = message(**content).written
    assert written is not None
    assert (written.content, written.text, written.media, written.name) == (kind, text, media, "Анна Тестова")


@pytest.mark.parametrize("user_id", [1, None, "500000003x"])
def test_a_card_of_anybody_else_gives_no_phone(user_id: object) -> None:
    report = message(contact={"phone_number": "+79000000009", "first_name": "Пётр", "user_id": user_id})
    assert report.written is not None
    assert report.written.known_by == (("telegram", "500000003"),)
    assert report.text == "Пётр, +79000000009"


@pytest.mark.parametrize(
    "members",
    [
        {"chat": {"id": -42, "type": "group"}},
        {"chat": {"id": -1000000000042, "type": "supergroup"}},
        {"from": {**ANNA, "is_bot": True}},
        {"pinned_message": {"message_id": 1}},
    ],
)
def test_what_is_no_word_of_one_customer_is_no_message(members: dict[str, object]) -> None:
    assert message(text="Всем привет", **members).written is None


def test_new_words_of_a_message_are_the_same_message() -> None:
    edited = {"message_id": 70, "from": ANNA, "chat": PRIVATE, "date": 1, "edit_date": 2, "text": "Уточняю"}
    report = read(edited_message=edited)
    assert (report.external_id, report.word, report.at.timestamp()) == ("500000003:70", "edited", 2)


def test_a_button_is_known_by_its_words() -> None:
    keyboard = [[{"text": "Нет", "callback_data": "n"}], [{"text": "Да", "callback_data": "y"}]]
    below = {"message_id": 71, "chat": PRIVATE, "reply_markup": {"inline_keyboard": keyboard}}
    report = read(callback_query={"id": "9", "from": ANNA, "message": below, "data": "y"})
    assert report.written is not None
    assert (report.written.button, report.written.reply_to) == ("Да", "500000003:71")


def test_who_presses_a_button_hears_that_it_was_taken() -> None:
    (sample,) = (one for one in samples("telegram") if "said" in one.expect)
    said = BOT.said(sample.raw)
    assert (said.status, said.media) == (200, "application/json")
    assert orjson.loads(said.body) == {
        "method": "answerCallbackQuery",
        "callback_query_id": "2147483648000000001",
    }


@pytest.mark.parametrize(
    ("chat", "status", "kind", "remember"),
    [
        (PRIVATE, "kicked", ReportKind.PREFERENCE, Remember.OPTED_OUT),
        (PRIVATE, "member", ReportKind.PREFERENCE, Remember.OPTED_IN),
        ({"id": -42, "type": "group"}, "kicked", ReportKind.CHANNEL, None),
    ],
)
def test_blocking_is_a_wish_of_a_customer_and_no_group_has_one(
    chat: object, status: str, kind: ReportKind, remember: Remember | None
) -> None:
    report = read(my_chat_member={"chat": chat, "from": ANNA, "date": 1, "new_chat_member": {"status": status}})
    assert (report.kind, report.remember) == (kind, remember)


@pytest.mark.parametrize(("text", "starts"), [("/start", True), ("/start lead_1", True), ("/starter", False)])
def test_start_opens_what_blocking_has_closed(text: str, starts: bool) -> None:
    assert (message(text=text).remember is Remember.OPTED_IN) is starts


@pytest.mark.parametrize(
    "update", [{}, {"channel_post": {}}, {"message": {}}, {"message": []}, {"poll": {"id": "1"}}]
)
def test_an_unknown_update_is_named_as_unreadable(update: dict[str, object]) -> None:
    reading = BOT.read(Raw("POST", HERE, {}, {}, orjson.dumps({"update_id": 7, **update})))
    assert (reading.reports, reading.unreadable) == ((), ("update",))


def test_what_is_read_is_what_is_ordered() -> None:
    request = BOT.subscribe(HERE)
    assert request is not None
    assert sent(request)["allowed_updates"] == list(UPDATES)
    assert BOT.subscribed(Reply(200, {}, b'{"ok": false}')) == "http_200"
