"""Telegram's Bot API: a bot that customers have started, or one that writes to a group of the team.

A bot cannot write first: a customer is reached by the id of the account (identity `telegram`), which the bot learns
when they write to it. Nothing is ever heard of an accepted message, and a repeated call is a second message: a lost
answer stays lost. Ids of messages count within a chat, so ours are `<chat>:<message>`.

Texts go plain, without a mark-up that the name of a customer could break; links show no preview. A text has at most
4,096 units of UTF-16, of which an emoji takes two.

Who blocks the bot is opted out by it, whether an update or a refusal says so, until they unblock it or press Start.
A phone is the customer's own only on a contact card of their own account; of any other card the words are kept.
Groups, channels and other bots are no customers. A group that became a supergroup has a new id: the channel stops
with the code `migrated_to_<id>`, and its messages wait until a person has entered it.

The token stands in the path of every call. A refusal has no code of its own: it is known by its words. Too many
calls for customers slow the whole bot down; too many for a group, that group alone.

Source: core.telegram.org/bots/api and /bots/faq (high), among it that an update may be answered with a call of a
method; words of refusals: github.com/vrumger/telegram-errors and clients that match them (medium); 30 messages a
second by a bot, one a second to a chat, 20 a minute to a group: said to be no promise (medium).
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote

import orjson
from pydantic import AfterValidator, SecretStr

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.contracts.shared import IdentityKind, MessageContent
from libs.common.platform.auth.webhooks import same_secret
from services.notifications.providers.base import Adapter
from services.notifications.providers.config import BotConfig, Key
from services.notifications.providers.reading import (
    MAX_URL,
    NO_TIME,
    e164,
    identifier,
    json_of,
    member,
    number,
    objects,
    unix,
    wait_of,
    words,
)
from services.notifications.providers.values import (
    ChannelKind,
    Error,
    Identities,
    JsonObject,
    Limits,
    Outbound,
    Proof,
    Raw,
    Reading,
    Remember,
    Report,
    ReportKind,
    Said,
    Written,
)

TEXT = 4096  # units of UTF-16
UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")
_MIGRATED = "migrated_to_"

_CODES: Mapping[str, Error] = {
    "bot_blocked": Error(Class.RECIPIENT, Remember.OPTED_OUT),
    "user_deactivated": Error(Class.RECIPIENT, Remember.INVALID),
    **dict.fromkeys(("chat_not_found", "not_started"), Error(Class.RECIPIENT, Remember.UNREACHABLE)),
    "not_a_person": Error(Class.RECIPIENT),
    **dict.fromkeys(("text_empty", "text_too_long", "text_unreadable"), Error(Class.MESSAGE)),
    **dict.fromkeys(("group_closed", "group_not_found", _MIGRATED), Error(Class.CONFIGURATION)),
    **dict.fromkeys((f"http_{status}" for status in (401, 403, 404, 409)), Error(Class.CONFIGURATION)),
    "http_429": Error(Class.RETRY_SLOWLY),
}
# Signs in the words of a refusal: of the text, of a customer, and of a group.
_OF_TEXTS: Mapping[str, str] = {
    "message text is empty": "text_empty",
    "message is too long": "text_too_long",
    "can't parse": "text_unreadable",
}
_OF_CUSTOMERS: Mapping[str, str] = {
    "bot was blocked by the user": "bot_blocked",
    "user is deactivated": "user_deactivated",
    "can't initiate conversation": "not_started",
    "can't send messages to": "not_a_person",
    "chat not found": "chat_not_found",
}
_OF_GROUPS: Mapping[str, str] = {
    "chat not found": "group_not_found",
    **dict.fromkeys(
        ("bot was kicked", "bot was blocked", "bot is not a member", "chat was deleted", "no rights to send",
         "not enough rights", "chat_write_forbidden"),
        "group_closed",
    ),
}  # fmt: skip
_CONTENTS: Mapping[str, MessageContent] = {
    **dict.fromkeys(("text", "contact"), MessageContent.TEXT),
    **dict.fromkeys(
        ("photo", "video", "voice", "audio", "document", "sticker", "animation", "video_note"), MessageContent.MEDIA
    ),
    **dict.fromkeys(("location", "venue"), MessageContent.LOCATION),
}
# What both sides of a chat are shown by Telegram itself.
_SERVICE = frozenset({
    "pinned_message", "message_auto_delete_timer_changed", "write_access_allowed", "connected_website",
    "chat_background_set",
})  # fmt: skip


def _token(token: SecretStr) -> SecretStr:
    bot, colon, key = token.get_secret_value().partition(":")
    if not (colon and bot.isdecimal() and key and not set(key) & set("/?#%:")):
        raise ValueError("the token of a bot: its id, a colon and a key")
    return token


class TelegramConfig(BotConfig):
    """A bot as BotFather names it; `team_chat_id`: the id of a group, with its minus."""

    provider: Literal["telegram"] = "telegram"
    bot_token: Annotated[Key, AfterValidator(_token)]


@dataclass(frozen=True, slots=True)
class Telegram(Adapter):
    """A bot at Telegram."""

    config: TelegramConfig

    code: ClassVar[str] = "telegram"
    home: ClassVar[str] = "https://api.telegram.org/"
    source: ClassVar[str] = "reference of the Bot API (high), words of refusals and rates (medium)"
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.TELEGRAM, ChannelKind.TEAM})
    limits: ClassVar[Limits] = Limits(
        rate_5s=125, remembers=None, unknown_after=timedelta(minutes=1), text=TEXT, reports=False,
        pair_interval=timedelta(seconds=1),
    )  # fmt: skip
    codes: ClassVar[Mapping[str, Error]] = _CODES
    proof: ClassVar[Proof] = Proof.HEADER
    Config: ClassVar[type[BotConfig]] = TelegramConfig

    @property
    def account(self) -> str:
        return self.config.bot_token.get_secret_value()

    @property
    def sender(self) -> str:
        """The group, or the bot's own id, which is no secret."""
        return self.config.team_chat_id or self.account.partition(":")[0]

    @classmethod
    def error(cls, code: str) -> Error | None:
        return cls.codes.get(_MIGRATED if code.startswith(_MIGRATED) else code)

    @classmethod
    def moved_to(cls, code: str) -> str | None:
        return code.removeprefix(_MIGRATED) if code.startswith(_MIGRATED) else None

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        return customer.ids.get(IdentityKind.TELEGRAM)

    def request(self, message: Outbound) -> HttpRequest | Refused:
        if len(message.text.encode("utf-16-le")) > 2 * TEXT:
            return Refused(Class.MESSAGE, "text_too_long")
        chat = self.config.team_chat_id or message.address
        whom = int(chat) if number(chat) else chat
        body = {"chat_id": whom, "text": message.text, "link_preview_options": {"is_disabled": True}}
        return self._call("sendMessage", body)

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read an answer: a message with its chat, or words of an error, and else the HTTP status."""
        del message
        fields = reply.json()
        if 200 <= reply.status < 300 and (message_id := _message_id(fields.get("result"))):
            return Accepted(message_id)
        if not 400 <= reply.status < 500:
            return Unclear(f"http_{reply.status}")
        code = self._code(reply.status, fields)
        known = self.error(code)
        error = known.error if known else None
        if error is Class.RETRY_SLOWLY and self.config.team_chat_id:
            error = Class.PAUSE
        wait = number(member(fields, "parameters", "retry_after"))
        return Refused(
            error, code, words(fields.get("description")), wait_of(reply) if wait is None else float(wait)
        )

    def read(self, raw: Raw) -> Reading:
        """Read an update: it holds one thing, named by its kind."""
        body, reason = json_of(raw.body)
        if not isinstance(body, dict):
            return Reading((), (reason or "body",))
        for kind, reader in _READERS.items():
            element = body.get(kind)
            if isinstance(element, dict) and (report := reader(element, body)) is not None:
                return Reading((report,))
        return Reading((), ("update",))

    def verify(self, raw: Raw) -> bool:
        """Check our own secret, which Telegram repeats."""
        secret, given = self.config.webhook_secret, raw.headers.get("x-telegram-bot-api-secret-token")
        return secret is not None and same_secret(given, secret.get_secret_value())

    def said(self, raw: Raw) -> Said:
        """Return the call that ends the waiting of who pressed a button; nothing for anything else."""
        body, _ = json_of(raw.body)
        if (query := identifier(member(body, "callback_query", "id"))) is None:
            return Said()
        call = {"method": "answerCallbackQuery", "callback_query_id": query}
        return Said(body=orjson.dumps(call), media="application/json")

    def subscribe(self, url: str) -> HttpRequest | None:
        """Return the call that sends the bot's updates to us; a bot has one address. A group sends none."""
        secret = self.config.webhook_secret
        if secret is None or self.config.team_chat_id:
            return None
        body = {"url": url, "secret_token": secret.get_secret_value(), "allowed_updates": UPDATES}
        return self._call("setWebhook", body)

    def subscribed(self, reply: Reply) -> str | None:
        return None if reply.status == 200 and reply.json().get("ok") is True else f"http_{reply.status}"

    def ask_file(self, media: Mapping[str, str]) -> HttpRequest | None:
        return self._call("getFile", {"file_id": media["id"]}) if "id" in media else None

    def file(self, media: Mapping[str, str], answered: Reply | None) -> HttpRequest | None:
        """Return the call that brings a file: its address holds the token, and is kept nowhere."""
        path = words(member(answered.json(), "result", "file_path"), MAX_URL) if answered else ""
        return HttpRequest("GET", f"{self.api}file/bot{self.account}/{quote(path)}") if path else None

    def _call(self, method: str, body: JsonObject) -> HttpRequest:
        return HttpRequest.json("POST", f"{self.api}bot{self.account}/{method}", body, {})

    def _code(self, status: int, fields: JsonObject) -> str:
        if moved := number(member(fields, "parameters", "migrate_to_chat_id")):
            return f"{_MIGRATED}{moved}"
        said = words(fields.get("description")).lower()
        signs = {**_OF_TEXTS, **(_OF_GROUPS if self.config.team_chat_id else _OF_CUSTOMERS)}
        found = (code for sign, code in signs.items() if status in (400, 403) and sign in said)
        return next(found, f"http_{status}")


def _message_id(message: object) -> str | None:
    chat, message_id = number(member(message, "chat", "id")), number(member(message, "message_id"))
    return None if chat is None or message_id is None else f"{chat}:{message_id}"


def _message(element: JsonObject, update: JsonObject) -> Report | None:
    """Read a message, or its new words; only one of a private chat is a customer's."""
    message_id = _message_id(element)
    if message_id is None:
        return None
    customer, edited = _customer(element, element), "edited_message" in update
    text = _text(element)
    return Report(
        ReportKind.INBOUND,
        message_id,
        unix(element.get("edit_date" if edited else "date")),
        "edited" if edited else "message",
        element,
        address=customer,
        text=text,
        # Who has blocked the bot starts it again with this word.
        remember=Remember.OPTED_IN if text is not None and text.split()[:1] == ["/start"] else None,
        written=_written(element, customer, text),
    )


def _written(element: JsonObject, customer: str | None, text: str | None) -> Written | None:
    if customer is None or _SERVICE & element.keys():
        return None
    sort = next((one for one in _CONTENTS if one in element), "")
    phone = e164(words(member(element, "contact", "phone_number")))
    own = number(member(element, "contact", "user_id")) == customer
    return Written(
        known_by=(
            (IdentityKind.TELEGRAM, customer),
            *(((IdentityKind.PHONE, phone),) if phone is not None and own else ()),
        ),
        content=_CONTENTS.get(sort, MessageContent.UNSUPPORTED),
        name=_name(element.get("from")),
        text=text,
        media=_media(sort, element.get(sort)) if _CONTENTS.get(sort) is MessageContent.MEDIA else None,
        reply_to=_message_id(element.get("reply_to_message")),
    )


def _button(element: JsonObject, _: JsonObject) -> Report | None:
    """Read a pressed button: its words stand in the message that has it. No time is given."""
    query, message = identifier(element.get("id")), element.get("message")
    if query is None:
        return None
    customer = _customer(element, message)
    label = _label(message, element.get("data"))
    written = customer and Written(
        known_by=((IdentityKind.TELEGRAM, customer),),
        content=MessageContent.BUTTON,
        name=_name(element.get("from")),
        button=label,
        reply_to=_message_id(message),
    )
    return Report(
        ReportKind.INBOUND, query, NO_TIME, "button", element, address=customer, text=label, written=written or None
    )


def _member(element: JsonObject, update: JsonObject) -> Report | None:
    """Read what became of the bot in a chat: in a private one, `kicked` is blocked, and `member` unblocked."""
    update_id, status = number(update.get("update_id")), words(member(element, "new_chat_member", "status"))
    if update_id is None or not status:
        return None
    at, customer = unix(element.get("date")), _customer(element, element)
    if customer is None:
        return Report(ReportKind.CHANNEL, f"update:{update_id}", at, status, element)
    wish = {"kicked": Remember.OPTED_OUT, "member": Remember.OPTED_IN}.get(status)
    return Report(
        ReportKind.PREFERENCE, f"update:{update_id}", at, status, element, address=customer, remember=wish
    )


_READERS: Mapping[str, Callable[[JsonObject, JsonObject], Report | None]] = {
    "message": _message,
    "edited_message": _message,
    "callback_query": _button,
    "my_chat_member": _member,
}


def _customer(element: JsonObject, message: object) -> str | None:
    """Return the id of the person whose private chat with the bot this is."""
    is_private = member(message, "chat", "type") == "private"
    return number(member(element, "from", "id")) if is_private and not member(element, "from", "is_bot") else None


def _name(user: object) -> str | None:
    return " ".join(filter(None, (words(member(user, name)) for name in ("first_name", "last_name")))) or None


def _text(element: JsonObject) -> str | None:
    """Return the words of a message, of a picture's caption, or of a contact card."""
    said = words(element.get("text"), TEXT) or words(element.get("caption"), TEXT)
    card = element.get("contact")
    shown = (_name(card), words(member(card, "phone_number")))
    return said or ", ".join(filter(None, shown)) or None


def _media(sort: str, file: object) -> Mapping[str, str] | None:
    """Return where a file is; of a picture's sizes, the last is the largest."""
    one = file[-1] if isinstance(file, list) and file else file
    file_id = identifier(member(one, "file_id"))
    if file_id is None:
        return None
    more = {"mime_type": words(member(one, "mime_type")), "filename": words(member(one, "file_name"))}
    return {"id": file_id, "type": sort, **{name: value for name, value in more.items() if value}}


def _label(message: object, data: object) -> str | None:
    rows = member(message, "reply_markup", "inline_keyboard")
    for button in _buttons(rows):
        if data is not None and button.get("callback_data") == data:
            return words(button.get("text")) or None
    return words(data) or None


def _buttons(rows: object) -> Iterator[JsonObject]:
    for row in rows if isinstance(rows, list) else ():
        yield from (button for button in objects(row) if button is not None)
