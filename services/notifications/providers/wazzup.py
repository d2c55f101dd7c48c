"""Wazzup24 API v3: WhatsApp through a gateway. A repeated key is recognised for a minute; nothing is signed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear, readable
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.contracts.shared import IdentityKind, MessageContent, MessageProgress
from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.config import Key
from services.notifications.providers.reading import (
    MAX_URL,
    digits,
    e164,
    identifier,
    json_of,
    member,
    moment,
    objects,
    places,
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
    Raw,
    Reading,
    Remember,
    Report,
    ReportKind,
    Written,
)

_PROGRESS: Mapping[str, MessageProgress] = {
    "sent": MessageProgress.SENT,
    "delivered": MessageProgress.DELIVERED,
    "read": MessageProgress.READ,
    "error": MessageProgress.FAILED,
}


# Chats with one customer; those of groups are left out.
_CHATS: Mapping[str, IdentityKind] = {
    "whatsapp": IdentityKind.WHATSAPP,
    "telegram": IdentityKind.TELEGRAM,
    "instagram": IdentityKind.INSTAGRAM,
    "max": IdentityKind.MAX,
}
_CONTENTS: Mapping[str, MessageContent] = {
    **dict.fromkeys(("text", "wapi_template"), MessageContent.TEXT),
    **dict.fromkeys(("image", "audio", "video", "document"), MessageContent.MEDIA),
    "geo": MessageContent.LOCATION,
}


class WazzupConfig(ProviderConfig):
    """A channel of an account: `provider_channel_id` is Wazzup's `channelId`."""

    provider: Literal["wazzup"] = "wazzup"
    api_key: Key
    provider_channel_id: Annotated[str, Field(min_length=1, max_length=200)]


def normalise(code: str) -> str:
    """Return a code without case and punctuation: Wazzup spells the same one in two ways."""
    return "".join(c for c in code if c.isalnum()).lower()


def _codes(error_class: Class, names: str, remember: Remember | None = None) -> dict[str, Error]:
    return {normalise(name): Error(error_class, remember) for name in names.split()}


_CODES: Mapping[str, Error] = {
    **_codes(Class.DUPLICATE, "REPEATED_CRM_MESSAGE_ID"),
    **_codes(
        Class.CONFIGURATION,
        "BALANCE_IS_EMPTY CHANNEL_NO_MONEY CHANNEL_NOT_FOUND CHANNEL_BLOCKED CHANNEL_WAPI_REJECTED"
        " CHANNEL_LIMIT_EXCEEDED MESSAGES_IS_SPAM MESSAGES_ABNORMAL_SEND MESSAGES_NOT_TEXT_FIRST WRONG_TRANSPORT"
        " TEMPLATE_REJECTED CHAT_NO_ACCESS SPAM CHANNEL_REJECTED",
    ),
    **_codes(
        Class.RETRY,
        "MESSAGE_CHANNEL_UNAVAILABLE MESSAGE_DOWNLOAD_CONTENT_ERROR MESSAGES_CAN_NOT_ADD UNKNOWN_ERROR"
        " UNKNOWN_ERROR_WITH_TRACE_ID GENERAL_ERROR",
    ),
    **_codes(Class.RETRY_SLOWLY, "TOO_MANY_EXT_REQS"),
    **_codes(Class.RECIPIENT, "BAD_CONTACT", Remember.UNREACHABLE),
    **_codes(Class.RECIPIENT, "MESSAGES_INVALID_CONTACT_TYPE"),
    **_codes(
        Class.MESSAGE,
        "INVALID_MESSAGE_DATA VALIDATION_ERROR MESSAGE_WRONG_CONTENT_TYPE MESSAGE_ONLY_TEXT_OR_CONTENT"
        " MESSAGES_ONLY_TEXT_OR_CONTENT MESSAGE_NOTHING_TO_SEND MESSAGE_TEXT_TOO_LONG"
        " MESSAGES_CONTENT_CAN_NOT_BE_BLANK MESSAGES_TEXT_CAN_NOT_BE_BLANK REFERENCE_MESSAGE_NOT_FOUND"
        " MESSAGES_NOT_FOUND",
    ),
}
_MESSAGE_PREFIXES = tuple(map(normalise, ("MESSAGES_TOO_LONG_", "MESSAGES_CONTENT_SIZE_EXCEEDED")))


@dataclass(frozen=True, slots=True)
class Wazzup(Adapter):
    """A channel at Wazzup."""

    config: WazzupConfig

    code: ClassVar[str] = "wazzup"
    home: ClassVar[str] = "https://api.wazzup24.com/v3/"
    source: ClassVar[str] = "reference of API v3 (high), repeats of callbacks (low)"
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.WHATSAPP})
    limits: ClassVar[Limits] = Limits(
        rate_5s=450, remembers=timedelta(seconds=60), unknown_after=timedelta(minutes=10), text=10_000
    )
    codes: ClassVar[Mapping[str, Error]] = _CODES
    one_webhook: ClassVar[bool] = True
    Config: ClassVar[type[ProviderConfig]] = WazzupConfig

    @property
    def account(self) -> str:
        return self.config.api_key.get_secret_value()

    @property
    def sender(self) -> str:
        return self.config.provider_channel_id

    @classmethod
    def error(cls, code: str) -> Error | None:
        name = normalise(code)
        if name.startswith(_MESSAGE_PREFIXES):
            return Error(Class.MESSAGE)
        return cls.codes.get(name)

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        return digits(customer.phone)

    def request(self, message: Outbound) -> HttpRequest | Refused:
        body = {
            "channelId": self.config.provider_channel_id,
            "chatType": "whatsapp",
            "chatId": message.address,
            "text": message.text,
            "crmMessageId": message.key,
        }
        return HttpRequest.json("POST", f"{self.api}message", body, self._key)

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read an answer: 201 with an id, or an error whose body may be empty or no JSON at all."""
        del message
        fields = reply.json()
        if 200 <= reply.status < 300 and (message_id := words(fields.get("messageId"))):
            return Accepted(message_id)
        if not 400 <= reply.status < 500:
            return Unclear(f"http_{reply.status}")
        code = words(fields.get("error"))
        error = self._class(reply.status, code)
        shown = readable(code) or f"HTTP_{reply.status}"
        return Refused(error, shown, words(fields.get("description")), wait_of(reply))

    def read(self, raw: Raw) -> Reading:
        """Read a webhook: both lists of one body, and undocumented shapes; `{"test": true}` is valid and empty."""
        body, reason = json_of(raw.body)
        if not isinstance(body, dict):
            return Reading((), (reason or "body",))
        reports: list[Report] = []
        unread: dict[str, object] = {}
        readers = {"messages": _message, "statuses": _status}
        for name, value in body.items():
            reader = readers.get(name)
            for place, element in places(name, [*objects(value)]) if name != "test" else ():
                report = reader(element) if reader is not None and isinstance(element, dict) else None
                if report is None:
                    unread[place] = element
                else:
                    reports.append(report)
        return Reading(reports, tuple(unread), unread)

    @classmethod
    def written(cls, element: JsonObject) -> Written | None:
        """Read a message of a chat with one customer; one of the system is no word of theirs."""
        kind = _CHATS.get(words(element.get("chatType")))
        chat, sort = identifier(element.get("chatId")), words(element.get("type")) or "text"
        if kind is None or chat is None or sort == "system":
            return None
        if kind is IdentityKind.WHATSAPP:
            chat = e164(chat)
        content, media = _CONTENTS.get(sort, MessageContent.UNSUPPORTED), words(element.get("contentUri"), MAX_URL)
        phone = e164(words(member(element, "contact", "phone")))
        return (
            None
            if chat is None
            else Written(
                known_by=((kind, chat), *(((IdentityKind.PHONE, phone),) if phone not in (None, chat) else ())),
                content=content,
                name=words(member(element, "contact", "name")) or None,
                text=words(element.get("text"), cls.limits.text) or None,
                media={"type": sort, "url": media} if media else None,
                reply_to=identifier(member(element, "quotedMessage", "messageId")),
            )
        )

    def subscribe(self, url: str) -> HttpRequest | None:
        """Return the call that orders webhooks; Wazzup probes the address while it is open."""
        wanted = {"messagesAndStatuses": True, "contactsAndDealsCreation": False, "channelsUpdates": False}
        body = {"webhooksUri": url, "subscriptions": wanted}
        return HttpRequest.json("PATCH", f"{self.api}webhooks", body, self._key)

    def subscribed(self, reply: Reply) -> str | None:
        if reply.status == 200:
            return None
        return readable(words(reply.json().get("error"))) or f"http_{reply.status}"

    @property
    def _key(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.config.api_key.get_secret_value()}"}

    def _class(self, status: int, code: str) -> Class | None:
        match status:
            case 401 | 403 | 404 | 405:
                return Class.CONFIGURATION
            case 429:
                return Class.RETRY_SLOWLY
            case _:
                known = self.error(code)
                return known.error if known else None


def _message(element: JsonObject) -> Report | None:
    message_id = identifier(element.get("messageId"))
    if message_id is None:
        return None
    kind = ReportKind.ECHO if element.get("isEcho") is True else ReportKind.INBOUND
    return Report(
        kind,
        message_id,
        moment(element.get("dateTime")),
        words(element.get("status")) or kind,
        element,
        address=words(element.get("chatId")) or None,
        sender=words(element.get("channelId")) or None,
        text=words(element.get("text"), Wazzup.limits.text) or None,
        written=Wazzup.written(element),
    )


def _status(element: JsonObject) -> Report | None:
    message_id, word = identifier(element.get("messageId")), element.get("status")
    if message_id is None or not isinstance(word, str):
        return None
    word = words(word).lower()
    progress = _PROGRESS.get(word)
    code = _error_code(element) if progress is MessageProgress.FAILED else ""
    return Report(
        ReportKind.STATUS, message_id, moment(element.get("timestamp")), word, element, progress=progress, code=code
    )


def _error_code(element: JsonObject) -> str:
    """Return the code of an `error` status of any shape."""
    error = element.get("error")
    return readable(words(member(error, "error") if isinstance(error, dict) else error)) or "UNKNOWN_ERROR"
