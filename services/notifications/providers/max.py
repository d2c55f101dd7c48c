"""The Bot API of MAX: a bot that customers have started, or one that writes to a group of the team.

A bot cannot write first: a customer is reached by the id of the account (identity `max`), which the bot learns when
they press Start or write. Nothing is ever heard of an accepted message, and a repeated call is a second message: a
lost answer stays lost. Whom a message is for stands in the query, the token in a header without a scheme.

An update has no id and does not say for which bot it is: each bot has an address of its own, and a message is known
by `mid`. Start is a button that the customer presses, with the parameter of the link that they came by.

Who stops the bot, or removes the dialogue, is opted out by it until the next Start. A refusal `chat.denied` is only
remembered for a while: an unmoderated bot gets it for all. A phone is the customer's own on a contact card of
their own account whose hash is right under the bot's token; of any other card the words are kept.

Orders of updates add up, and MAX drops one that it could not deliver for hours. The certificate of the API is that
of the Russian Ministry of Digital Development: a worker trusts it if `SSL_CERT_FILE` names its root.

Source: dev.max.ru/docs-api and the official clients for TypeScript and Go (high); `chat.denied` for a stopped bot,
`dialog.not.found` and `chat.not.found` as public clients of it handle them (medium); other codes are not published:
their HTTP status decides (low). 30 calls a second by a bot (medium), two a second to a chat (high).
"""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Literal
from urllib.parse import urlencode

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear, readable
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.contracts.shared import IdentityKind, MessageContent
from libs.common.platform.auth.webhooks import same_secret
from services.notifications.providers.base import Adapter
from services.notifications.providers.config import BotConfig
from services.notifications.providers.reading import (
    MAX_ID,
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
    Written,
)

TEXT = 4000
VCARD = 10_000
_TEL = re.compile(r"^TEL[^:\r\n]*:([^\r\n]*)", re.MULTILINE | re.IGNORECASE)

_CODES: Mapping[str, Error] = {
    **dict.fromkeys(
        ("chat.denied", "chat.not.found", "dialog.not.found"), Error(Class.RECIPIENT, Remember.UNREACHABLE)
    ),
    **dict.fromkeys(("verify.token", "group_closed"), Error(Class.CONFIGURATION)),
    "proto.payload": Error(Class.MESSAGE),
    "attachment.not.ready": Error(Class.RETRY),
    "too.many.requests": Error(Class.RETRY_SLOWLY),
}
_MEDIA = frozenset({"image", "video", "audio", "file", "sticker"})
_WISHES: Mapping[str, Remember] = {
    "bot_stopped": Remember.OPTED_OUT,
    "dialog_removed": Remember.OPTED_OUT,
}
# Known, and nothing follows from them.
_NEWS = frozenset({
    "bot_added", "bot_removed", "chat_title_changed", "dialog_cleared", "dialog_muted", "dialog_unmuted",
    "message_removed", "user_added", "user_removed",
})  # fmt: skip


class MaxConfig(BotConfig):
    """A bot as the cabinet of MAX has it; `team_chat_id`: the id of a chat that it is a member of."""

    provider: Literal["max"] = "max"


@dataclass(frozen=True, slots=True)
class Max(Adapter):
    """A bot at MAX."""

    config: MaxConfig

    code: ClassVar[str] = "max"
    home: ClassVar[str] = "https://platform-api2.max.ru/"
    source: ClassVar[str] = "reference and official clients (high), codes of refusals by public clients (medium)"
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.MAX, ChannelKind.TEAM})
    limits: ClassVar[Limits] = Limits(
        rate_5s=125, remembers=None, unknown_after=timedelta(minutes=1), text=TEXT, reports=False,
        pair_interval=timedelta(milliseconds=500),
    )  # fmt: skip
    codes: ClassVar[Mapping[str, Error]] = _CODES
    proof: ClassVar[Proof] = Proof.HEADER
    Config: ClassVar[type[BotConfig]] = MaxConfig

    @property
    def account(self) -> str:
        return self.config.bot_token.get_secret_value()

    @property
    def sender(self) -> str:
        """The group; a bot that writes to customers has no name in what we send and get."""
        return self.config.team_chat_id or ""

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        return customer.ids.get(IdentityKind.MAX)

    def request(self, message: Outbound) -> HttpRequest | Refused:
        group = self.config.team_chat_id
        whom = {"user_id": message.address} if group is None else {"chat_id": group}
        query = urlencode({**whom, "disable_link_preview": "true"})
        return HttpRequest.json("POST", f"{self.api}messages?{query}", {"text": message.text}, self._token)

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read an answer: a message with its `mid`, or an error whose code decides, and else the HTTP status."""
        del message
        fields = reply.json()
        if 200 <= reply.status < 300 and (mid := identifier(member(fields, "message", "body", "mid"))):
            return Accepted(mid)
        denied = 200 <= reply.status < 300 and fields.get("success") is False
        if not denied and not 400 <= reply.status < 500:
            return Unclear(f"http_{reply.status}")
        said = readable(words(fields.get("code")))
        code = said or f"http_{reply.status}"
        known = self.error(code)
        if self.config.team_chat_id and (reply.status in (403, 404) or (known and known.remember)):
            code = "group_closed"
        return Refused(self._class(reply.status, code, said), code, words(fields.get("message")), wait_of(reply))

    def read(self, raw: Raw) -> Reading:
        """Read an update: it holds one thing, of the type that it names."""
        body, reason = json_of(raw.body)
        if not isinstance(body, dict):
            return Reading((), (reason or "body",))
        sort = words(body.get("update_type"))
        reader = _READERS.get(sort)
        report = self._message(body) if sort in ("message_created", "message_edited") else reader and reader(body)
        return Reading((), (sort or "update_type",)) if report is None else Reading((report,))

    def verify(self, raw: Raw) -> bool:
        """Check our own secret, which MAX repeats."""
        secret, given = self.config.webhook_secret, raw.headers.get("x-max-bot-api-secret")
        return secret is not None and same_secret(given, secret.get_secret_value())

    def subscribe(self, url: str) -> HttpRequest | None:
        """Return the call that sends the bot's updates to us, beside those who have ordered them already."""
        secret = self.config.webhook_secret
        if secret is None or self.config.team_chat_id:
            return None
        wanted = ("message_created", "message_edited", *_READERS)
        body = {"url": url, "update_types": wanted, "secret": secret.get_secret_value()}
        return HttpRequest.json("POST", f"{self.api}subscriptions", body, self._token)

    def subscribed(self, reply: Reply) -> str | None:
        if reply.status == 200 and reply.json().get("success") is True:
            return None
        return readable(words(reply.json().get("code"))) or f"http_{reply.status}"

    @property
    def _token(self) -> Mapping[str, str]:
        return {"authorization": self.account}

    def _class(self, status: int, code: str, said: str) -> Class | None:
        """Return the class of a refusal; `said`: the code that MAX has given, if any."""
        known = self.error(code)
        match status:
            case 401 | 405:
                return Class.CONFIGURATION
            case 429:
                return Class.PAUSE if self.config.team_chat_id else Class.RETRY_SLOWLY
            case _ if known is not None:
                return known.error
            case 403 | 404:
                return Class.RECIPIENT if said else Class.CONFIGURATION
            case _:
                return None

    def _message(self, update: JsonObject) -> Report | None:
        """Read a message, or its new words; only one of a dialogue is a customer's."""
        element = update.get("message")
        mid = identifier(member(element, "body", "mid"))
        if mid is None:
            return None
        customer, text = _customer(element), _text(element)
        return Report(
            ReportKind.INBOUND,
            mid,
            _at(update.get("timestamp")),
            words(update.get("update_type")),
            update,
            address=customer,
            text=text,
            written=None if customer is None else self._written(customer, element, text),
        )

    def _written(self, customer: str, element: object, text: str | None) -> Written:
        attached = [one for one in objects(member(element, "body", "attachments")) if one is not None]
        files = [_media(one) for one in attached if one.get("type") in _MEDIA]
        phone = next((phone for one in attached if (phone := self._own_phone(customer, one))), None)
        return Written(
            known_by=((IdentityKind.MAX, customer), *(((IdentityKind.PHONE, phone),) if phone else ())),
            content=_content(attached, text),
            name=_name(member(element, "sender")),
            text=text,
            media=next(iter(files), None),
            reply_to=_replied(member(element, "link")),
            more_media=files[1:],
        )

    def _own_phone(self, customer: str, card: JsonObject) -> str | None:
        """Return the phone of a contact card that MAX vouches for as this customer's own."""
        info, given = member(card, "payload", "vcf_info"), member(card, "payload", "hash")
        if not isinstance(info, str) or not isinstance(given, str):
            return None
        right = hmac.new(self.account.encode(), info.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        own = number(member(card, "payload", "max_info", "user_id")) == customer
        return _phone(info) if own and same_secret(given.lower(), right) else None


def _started(update: JsonObject) -> Report | None:
    """Read the press of Start; its words are those that a customer types elsewhere."""
    chat, user = number(update.get("chat_id")), number(member(update, "user", "user_id"))
    if chat is None or user is None:
        return None
    button = f"/start {words(update.get('payload'))}".strip()
    return Report(
        ReportKind.INBOUND,
        _id("bot_started", chat, update),
        _at(update.get("timestamp")),
        "bot_started",
        update,
        address=user,
        text=button,
        remember=Remember.OPTED_IN,
        written=Written(
            known_by=((IdentityKind.MAX, user),),
            content=MessageContent.BUTTON,
            name=_name(update.get("user")),
            button=button,
        ),
    )


def _pressed(update: JsonObject) -> Report | None:
    """Read a pressed button: its words stand in the message that has it, which may be gone."""
    query = identifier(member(update, "callback", "callback_id"))
    if query is None:
        return None
    message, user = update.get("message"), number(member(update, "callback", "user", "user_id"))
    is_dialogue = member(message, "recipient", "chat_type") in (None, "dialog")
    customer = user if is_dialogue else None
    label = _label(message, member(update, "callback", "payload"))
    return Report(
        ReportKind.INBOUND,
        query,
        _at(member(update, "callback", "timestamp")),
        "message_callback",
        update,
        address=customer,
        text=label,
        written=None
        if customer is None
        else Written(
            known_by=((IdentityKind.MAX, customer),),
            content=MessageContent.BUTTON,
            name=_name(member(update, "callback", "user")),
            button=label,
            reply_to=identifier(member(message, "body", "mid")),
        ),
    )


def _wish(update: JsonObject) -> Report | None:
    sort, user = words(update.get("update_type")), number(member(update, "user", "user_id"))
    if user is None:
        return None
    at = _at(update.get("timestamp"))
    return Report(
        ReportKind.PREFERENCE, _id(sort, user, update), at, sort, update, address=user, remember=_WISHES[sort]
    )


def _news(update: JsonObject) -> Report:
    sort, chat = words(update.get("update_type")), number(update.get("chat_id")) or ""
    return Report(ReportKind.CHANNEL, _id(sort, chat, update), _at(update.get("timestamp")), sort, update)


_READERS: Mapping[str, Callable[[JsonObject], Report | None]] = {
    "message_callback": _pressed,
    "bot_started": _started,
    **dict.fromkeys(_WISHES, _wish),
    **dict.fromkeys(sorted(_NEWS), _news),
}


def _id(sort: str, whose: str, update: JsonObject) -> str:
    """Return an id for an update that has none."""
    return f"{sort}:{whose}:{words(update.get('timestamp'))}"[:MAX_ID]


def _at(milliseconds: object) -> datetime:
    found = number(milliseconds)
    return NO_TIME if found is None else unix(int(found) // 1000)


def _customer(message: object) -> str | None:
    """Return the id of the person whose dialogue with the bot this is."""
    is_dialogue = member(message, "recipient", "chat_type") == "dialog"
    return (
        number(member(message, "sender", "user_id"))
        if is_dialogue and not member(message, "sender", "is_bot")
        else None
    )


def _name(user: object) -> str | None:
    return " ".join(filter(None, (words(member(user, name)) for name in ("first_name", "last_name")))) or None


def _text(message: object) -> str | None:
    """Return the words of a message, or of a contact card."""
    if said := words(member(message, "body", "text"), TEXT):
        return said
    for one in objects(member(message, "body", "attachments")):
        if member(one, "type") == "contact":
            info = words(member(one, "payload", "vcf_info"), VCARD)
            shown = (_name(member(one, "payload", "max_info")), _phone(info))
            return ", ".join(filter(None, shown)) or None
    return None


def _phone(vcard: str) -> str | None:
    """Return the first phone of a contact card, as E.164."""
    found = _TEL.search(vcard)
    return None if found is None else e164(found.group(1).strip())


def _content(attached: Sequence[JsonObject], text: str | None) -> MessageContent:
    sorts = {one.get("type") for one in attached if isinstance(one.get("type"), str)}
    if sorts & _MEDIA:
        return MessageContent.MEDIA
    if "location" in sorts:
        return MessageContent.LOCATION
    return MessageContent.TEXT if text is not None else MessageContent.UNSUPPORTED


def _media(file: JsonObject) -> Mapping[str, str]:
    """Return where a file is: MAX shows its address."""
    url = words(member(file, "payload", "url"), MAX_URL)
    more = {"url": url, "filename": words(file.get("filename"))}
    return {"type": words(file.get("type")), **{name: value for name, value in more.items() if value}}


def _replied(link: object) -> str | None:
    return identifier(member(link, "message", "mid")) if member(link, "type") == "reply" else None


def _label(message: object, payload: object) -> str | None:
    for attached in objects(member(message, "body", "attachments")):
        rows = member(attached, "payload", "buttons")
        for row in rows if isinstance(rows, list) else ():
            for button in objects(row):
                if payload is not None and member(button, "payload") == payload:
                    return words(member(button, "text")) or None
    return words(payload) or None
