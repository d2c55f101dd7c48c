"""WhatsApp Cloud API of Meta: free text for 24 hours after the customer's last message, else registered templates.

No key of ours is recognised on a repeat; ours comes back in status reports (`biz_opaque_callback_data`). Most
failures come by report, after a 200. A customer may have no phone number but a business-scoped id (BSUID).

An id of a message (`wamid`) names the customer: after the dot it is base64 of the number's length and digits, some
marks, and the message's own id. Nothing here reads it so, but who keeps one keeps the number. Source: ids in
samples of webhooks, beside the numbers that they decode to, and public clients that decode them (high); the marks,
and how an id is made for a customer without a number (low).
"""

import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, ClassVar, Literal, TypeAlias

from pydantic import Field

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.contracts.shared import IdentityKind, MessageContent, MessageProgress
from libs.common.platform.auth.webhooks import same_secret
from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.config import Key
from services.notifications.providers.reading import (
    MAX_ID,
    MAX_URL,
    digits,
    e164,
    identifier,
    json_of,
    member,
    number,
    objects,
    places,
    texts_of,
    unix,
    wait_of,
    words,
)
from services.notifications.providers.values import (
    Button,
    ChannelKind,
    Error,
    Identities,
    JsonObject,
    Judged,
    Limits,
    Outbound,
    Proof,
    Raw,
    Reading,
    Remember,
    Report,
    ReportKind,
    Said,
    TemplateParts,
    Written,
)

DAY = timedelta(days=1)
PAIR = timedelta(seconds=6)  # between two messages to one customer

_PROGRESS: Mapping[str, MessageProgress] = {one.value: one for one in MessageProgress}
_CONTENTS: Mapping[str, MessageContent] = {
    "text": MessageContent.TEXT,
    **dict.fromkeys(("button", "interactive"), MessageContent.BUTTON),
    **dict.fromkeys(("image", "audio", "video", "document", "sticker"), MessageContent.MEDIA),
    "location": MessageContent.LOCATION,
}


def _codes(error: Error, *numbers: int) -> dict[str, Error]:
    return {str(one): error for one in numbers}


_CODES: Mapping[str, Error] = {
    **_codes(Error(Class.RETRY_SLOWLY), 4, 80007, 130429, 131048, 133016),
    **_codes(Error(Class.PAUSE, wait=PAIR.total_seconds()), 131056),
    **_codes(Error(Class.PAUSE, wait=DAY.total_seconds()), 131049),
    **_codes(Error(Class.RETRY), 1, 2, 131000, 131016, 131057),
    **_codes(Error(Class.RETRY, Remember.WINDOW_CLOSED), 131047),
    **_codes(
        Error(Class.CONFIGURATION), 0, 3, 10, 190, 368, 131005, 131031, 131037, 131042, 131044, 131045, 130497
    ),
    **_codes(Error(Class.CONFIGURATION), *range(200, 300), 131063, 131064),
    **_codes(Error(Class.RECIPIENT, Remember.UNREACHABLE), 131026),
    **_codes(Error(Class.RECIPIENT, Remember.OPTED_OUT_OF_MARKETING), 131050),
    **_codes(Error(Class.RECIPIENT), 130472, 131021, 131030, 131062),
    **_codes(Error(Class.MESSAGE), 33, 100, 131008, 131009, 131051, 131052, 131053, 132000, 132001, 132005, 132007),
    **_codes(Error(Class.MESSAGE), 132008, 132012, 132015, 132016, 135000, 137000),
}
# With these, a failing server may have sent the message all the same.
_UNCLEAR = ("1", "2", "131000")


class WhatsAppCloudConfig(ProviderConfig):
    """A business phone number. `verify_token` is ours: Meta repeats it when it checks our address."""

    provider: Literal["whatsapp_cloud"] = "whatsapp_cloud"
    access_token: Key
    app_secret: Key
    verify_token: Key
    phone_number_id: Annotated[str, Field(pattern=r"^[0-9]{1,32}$")]
    version: Annotated[str, Field(pattern=r"^v[0-9]{1,3}\.[0-9]$")] = "v23.0"


@dataclass(frozen=True, slots=True)
class WhatsAppCloud(Adapter):
    """A phone number at Meta."""

    config: WhatsAppCloudConfig

    code: ClassVar[str] = "whatsapp_cloud"
    home: ClassVar[str] = "https://graph.facebook.com/"
    source: ClassVar[str] = "reference of the Graph API (high), ids without a number (medium)"
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.WHATSAPP})
    limits: ClassVar[Limits] = Limits(
        rate_5s=350, remembers=None, unknown_after=timedelta(minutes=15), text=4096, window=DAY, pair_interval=PAIR
    )
    codes: ClassVar[Mapping[str, Error]] = _CODES
    proof: ClassVar[Proof] = Proof.SIGNATURE
    Config: ClassVar[type[ProviderConfig]] = WhatsAppCloudConfig

    @property
    def account(self) -> str:
        return self.config.phone_number_id

    @property
    def sender(self) -> str:
        return self.config.phone_number_id

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        """Return the number; for a customer who shows none, the id of their account."""
        return digits(customer.phone) or customer.ids.get(IdentityKind.BSUID)

    @classmethod
    def reference(cls, key: str, address: str) -> str | None:
        del address
        return key

    def request(self, message: Outbound) -> HttpRequest | Refused:
        if not message.window_open and message.template is None:
            return Refused(
                Class.MESSAGE, "window_closed", "free text is not allowed now, and no template is registered"
            )
        whom = "to" if message.address.isdecimal() else "recipient"
        template = None if message.window_open else message.template
        body = {
            "messaging_product": "whatsapp",
            "recipient_type": "individual",
            whom: message.address,
            **_content(message.text, template),
            "biz_opaque_callback_data": message.reference,
        }
        return HttpRequest.json("POST", f"{self._root}messages", body, self._token)

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read an answer: decided by the code of the error, never by its words or the HTTP status."""
        del message
        fields = reply.json()
        sent = next(objects(fields.get("messages")), None)
        if 200 <= reply.status < 300 and (message_id := identifier(member(sent, "id"))):
            return Accepted(message_id)
        code = number(member(fields, "error", "code"))
        if code is None or (code in _UNCLEAR and reply.status >= 500):
            return self._without_code(reply)
        error = self.error(code)
        wait = error.wait if error and error.wait else wait_of(reply)
        return Refused(error.error if error else None, code, words(member(fields, "error", "message")), wait)

    def read(self, raw: Raw) -> Reading:
        """Read a batch: entries, their changes, and what each of them holds."""
        if raw.method == "GET":
            return Reading(())
        body, reason = json_of(raw.body)
        if not isinstance(body, dict) or not isinstance(body.get("entry"), list):
            return Reading((), (reason or "body",))
        found: list[_Part] = []
        for at, entry in places("entry", [*objects(body["entry"])]):
            for place, change in places(f"{at}.changes", [*objects(member(entry, "changes"))]):
                found += _change(place, change, entry)
        unread = {name: part for name, part, report in found if report is None}
        return Reading([report for _, _, report in found if report is not None], tuple(unread), unread)

    @classmethod
    def written(cls, element: JsonObject) -> Written | None:
        """Read what was written in the business's own app: it names whom, and no profile."""
        return _written(element, {}, "to")

    def verify(self, raw: Raw) -> bool:
        """Check the token of a challenge, or the signature over the very bytes."""
        if raw.method == "GET":
            given, wanted = raw.query.get("hub.verify_token"), self.config.verify_token.get_secret_value()
            return raw.query.get("hub.mode") == "subscribe" and same_secret(given, wanted)
        secret = self.config.app_secret.get_secret_value()
        signature = hmac.new(secret.encode(), raw.body, hashlib.sha256).hexdigest()
        return same_secret(raw.headers.get("x-hub-signature-256"), f"sha256={signature}")

    def said(self, raw: Raw) -> Said:
        return Said(body=raw.query.get("hub.challenge", "").encode()) if raw.method == "GET" else Said()

    def subscribe(self, url: str) -> HttpRequest | None:
        """Return the call that sends this number's callbacks to us; Meta checks the address while it is open."""
        wanted = {"override_callback_uri": url, "verify_token": self.config.verify_token.get_secret_value()}
        return HttpRequest.json("POST", self._root.rstrip("/"), {"webhook_configuration": wanted}, self._token)

    def subscribed(self, reply: Reply) -> str | None:
        if reply.status == 200 and reply.json().get("success") is True:
            return None
        return number(member(reply.json(), "error", "code")) or f"http_{reply.status}"

    def ask_file(self, media: Mapping[str, str]) -> HttpRequest | None:
        found = number(media.get("id"))
        return HttpRequest("GET", f"{self.api}{self.config.version}/{found}", self._token) if found else None

    def file(self, media: Mapping[str, str], answered: Reply | None) -> HttpRequest | None:
        """Return the call that brings a file: its address holds for five minutes, and wants the token too."""
        url = words(answered.json().get("url"), MAX_URL) if answered else ""
        return HttpRequest("GET", url, self._token) if url else None

    @property
    def _root(self) -> str:
        return f"{self.api}{self.config.version}/{self.config.phone_number_id}/"

    @property
    def _token(self) -> Mapping[str, str]:
        return {"authorization": f"Bearer {self.config.access_token.get_secret_value()}"}

    def _without_code(self, reply: Reply) -> Answer:
        match reply.status:
            case 401 | 403:
                return Refused(Class.CONFIGURATION, f"HTTP_{reply.status}")
            case 429:
                return Refused(Class.RETRY_SLOWLY, "HTTP_429", wait=wait_of(reply))
            case status if 400 <= status < 500:
                return Refused(None, f"HTTP_{status}")
            case status:
                return Unclear(f"http_{status}")


def _content(text: str, template: TemplateParts | None) -> dict[str, object]:
    if template is None:
        return {"type": "text", "text": {"preview_url": False, "body": text}}
    components: list[dict[str, object]] = []
    if template.parameters:
        # Meta refuses line ends and long gaps in a value.
        values = [{"type": "text", "text": " ".join(value.split())} for value in template.parameters]
        components.append({"type": "body", "parameters": values})
    components += [_button(at, button) for at, button in enumerate(template.buttons)]
    named = {"name": template.name, "language": {"code": template.language}, "components": components}
    return {"type": "template", "template": named}


def _button(at: int, button: Button) -> dict[str, object]:
    kind = "payload" if button.kind == "quick_reply" else "text"
    parameters = [{"type": kind, kind: button.payload}]
    return {"type": "button", "sub_type": button.kind, "index": str(at), "parameters": parameters}


_Part: TypeAlias = tuple[str, object, Report | None]  # the name of its place, and what it says if it could be read


def _change(place: str, change: object, entry: object) -> Iterator[_Part]:
    value = member(change, "value")
    match member(change, "field"):
        case "messages" | "smb_message_echoes" if isinstance(value, dict):
            for name, reader in _READERS.items():
                for at, element in places(f"{place}.{name}", [*objects(value.get(name, []))]):
                    yield at, element, reader(element, value) if isinstance(element, dict) else None
        case "message_template_status_update" if isinstance(value, dict):
            yield place, change, _moderation(value, unix(member(entry, "time")))
        case "account_update" | "phone_number_quality_update" if isinstance(value, dict):
            word = words(value.get("event")) or "update"
            yield place, change, Report(ReportKind.CHANNEL, word, unix(member(entry, "time")), word, value)
        case _:
            yield place, change, None


def _status(element: JsonObject, value: JsonObject) -> Report | None:
    message_id, word = identifier(element.get("id")), words(element.get("status")).lower()
    if message_id is None or not word:
        return None
    progress = _PROGRESS.get(word)
    failure = next(objects(element.get("errors")), None)
    code = (number(member(failure, "code")) or "unknown_error") if progress is MessageProgress.FAILED else ""
    return Report(
        ReportKind.STATUS, message_id, unix(element.get("timestamp")), word, element, progress=progress, code=code,
        reference=identifier(element.get("biz_opaque_callback_data")),
        address=identifier(element.get("recipient_id")) or identifier(element.get("recipient_user_id")),
        sender=identifier(member(value, "metadata", "phone_number_id")),
    )  # fmt: skip


def _message(element: JsonObject, value: JsonObject, kind: ReportKind, whom: str) -> Report | None:
    message_id, sort = identifier(element.get("id")), words(element.get("type"))
    if message_id is None:
        return None
    # A change of number or id is no word of the customer's: it opens no window.
    system = sort == "system"
    return Report(
        ReportKind.PREFERENCE if system else kind,
        message_id,
        unix(element.get("timestamp")),
        words(member(element, "system", "type")) if system else sort or "unknown",
        element,
        address=identifier(element.get(whom)) or identifier(element.get(f"{whom}_user_id")),
        sender=identifier(member(value, "metadata", "phone_number_id")),
        text=_said(element),
        written=None if system else _written(element, value, whom),
    )


def _written(element: JsonObject, value: JsonObject, whom: str) -> Written | None:
    """Read a message with a customer whom it names by number, by id (BSUID), or by both."""
    number, user, sort = element.get(whom), element.get(f"{whom}_user_id"), words(element.get("type"))
    ids = ((IdentityKind.WHATSAPP, e164(words(number))), (IdentityKind.BSUID, identifier(user)))
    known_by = tuple((kind, one) for kind, one in ids if one)
    if not known_by:
        return None
    content = _CONTENTS.get(sort, MessageContent.UNSUPPORTED)
    said, pressed = _said(element), content is MessageContent.BUTTON
    return Written(
        known_by=known_by,
        content=content,
        name=_name(value, number, user),
        text=None if pressed else said,
        button=said if pressed else None,
        media=texts_of(member(element, sort), "id", "mime_type", "filename"),
        reply_to=identifier(member(element, "context", "id")),
    )


def _name(value: JsonObject, number: object, user: object) -> str | None:
    """Return the profile's name of who has this number or id."""
    for contact in objects(value.get("contacts")):
        if (number and member(contact, "wa_id") == number) or (user and member(contact, "user_id") == user):
            return words(member(contact, "profile", "name")) or None
    return None


def _said(element: JsonObject) -> str | None:
    """Return the words of a message, of a button or of a picture's caption."""
    paths: Sequence[tuple[str, ...]] = (
        ("text", "body"),
        ("button", "text"),
        ("interactive", "button_reply", "title"),
        ("interactive", "list_reply", "title"),
        *((kind, "caption") for kind in ("image", "video", "document")),
    )
    return next((text for path in paths if (text := words(member(element, *path), 4096))), None)


def _preference(element: JsonObject, value: JsonObject) -> Report | None:
    wish = words(element.get("value")).lower()
    who = identifier(element.get("wa_id")) or identifier(element.get("user_id"))
    if who is None or wish not in _WISHES:
        return None
    # It has no id of its own. Who says it is none: what they say another time is another thing, also to an erasure.
    own = f"{wish}:{number(element.get('timestamp')) or ''}:{who}"[:MAX_ID]
    return Report(
        ReportKind.PREFERENCE, own, unix(element.get("timestamp")), wish, element, address=who,
        sender=identifier(member(value, "metadata", "phone_number_id")), remember=_WISHES[wish],
    )  # fmt: skip


_READERS: Mapping[str, Callable[[JsonObject, JsonObject], Report | None]] = {
    "statuses": _status,
    "messages": partial(_message, kind=ReportKind.INBOUND, whom="from"),
    "message_echoes": partial(_message, kind=ReportKind.ECHO, whom="to"),
    "user_preferences": _preference,
}
# All other words say that the template may not be sent now, for example `rejected`, `paused`, `disabled`.
_USABLE = frozenset({"approved", "reinstated", "flagged", "unarchived"})
_WISHES: Mapping[str, Remember] = {
    "stop": Remember.OPTED_OUT_OF_MARKETING,
    "resume": Remember.OPTED_IN,
    "signup": Remember.OPTED_IN,
}


def _moderation(value: JsonObject, at: datetime) -> Report | None:
    name, word = identifier(value.get("message_template_name")), words(value.get("event")).lower()
    if name is None or not word:
        return None
    language, reason = words(value.get("message_template_language")), words(value.get("reason"))
    return Report(
        ReportKind.TEMPLATE,
        f"{name}/{language}"[:200],
        at,
        word,
        value,
        code="" if reason.upper() == "NONE" else reason,
        judged=Judged(name, language, word in _USABLE) if language else None,
    )
