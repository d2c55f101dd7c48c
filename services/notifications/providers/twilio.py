"""Twilio Programmable Messaging, SMS: forms both ways, signed callbacks, no key that a repeat is recognised by.

What we know a message by stands in the query of its own callback address. A lost answer is looked up in the
list of what was sent to the number.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar, Literal
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from pydantic import Field

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.contracts.shared import IdentityKind, MessageContent, MessageProgress
from libs.common.platform.auth.webhooks import same_secret
from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.config import Key
from services.notifications.providers.reading import (
    MAX_URL,
    NO_TIME,
    digits,
    e164,
    identifier,
    number,
    objects,
    pairs_of,
    parameters_of,
    rfc_date,
    wait_of,
    words,
)
from services.notifications.providers.values import (
    ChannelKind,
    Error,
    Identities,
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

PAGE = 100  # messages of one look-up
REFERENCE = "m"  # the parameter of our callback address
SKEW = timedelta(minutes=2)  # between their clock and ours

_PROGRESS: Mapping[str, MessageProgress] = {
    "sent": MessageProgress.SENT,
    "delivered": MessageProgress.DELIVERED,
    "read": MessageProgress.READ,
    "undelivered": MessageProgress.FAILED,
    "failed": MessageProgress.FAILED,
    "canceled": MessageProgress.FAILED,
}
_CODES: Mapping[str, Error] = {
    **dict.fromkeys(("20003", "21606", "21608", "21408", "30034"), Error(Class.CONFIGURATION)),
    **dict.fromkeys(("20429", "30001"), Error(Class.RETRY_SLOWLY)),
    "30003": Error(Class.RETRY),
    **dict.fromkeys(("21211", "21614", "30005", "30006"), Error(Class.RECIPIENT, Remember.INVALID)),
    "21610": Error(Class.RECIPIENT, Remember.OPTED_OUT),
    **dict.fromkeys(("21612", "30004"), Error(Class.RECIPIENT)),
    **dict.fromkeys(("30007", "21617", "63016"), Error(Class.MESSAGE)),
}
# The words that Twilio itself obeys by default, so we learn of them before its refusal.
_WISHES: Mapping[str, Remember] = {
    **dict.fromkeys(("stop", "stopall", "unsubscribe", "cancel", "end", "quit"), Remember.OPTED_OUT),
    **dict.fromkeys(("start", "unstop", "yes"), Remember.OPTED_IN),
}


class TwilioConfig(ProviderConfig):
    """An account and what it sends from: a number, a name, or a messaging service (`MG…`)."""

    provider: Literal["twilio"] = "twilio"
    account_sid: Annotated[str, Field(pattern=r"^AC[0-9a-fA-F]{32}$")]
    auth_token: Key
    sender: Annotated[str, Field(min_length=1, max_length=40)]


@dataclass(frozen=True, slots=True)
class Twilio(Adapter):
    """A sender at Twilio."""

    config: TwilioConfig

    code: ClassVar[str] = "twilio"
    home: ClassVar[str] = "https://api.twilio.com/2010-04-01/"
    source: ClassVar[str] = "reference and official client (high)"
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.SMS})
    limits: ClassVar[Limits] = Limits(rate_5s=100, remembers=None, unknown_after=timedelta(minutes=15), text=1600)
    codes: ClassVar[Mapping[str, Error]] = _CODES
    proof: ClassVar[Proof] = Proof.SIGNATURE
    Config: ClassVar[type[ProviderConfig]] = TwilioConfig

    @property
    def account(self) -> str:
        return self.config.account_sid

    @property
    def sender(self) -> str:
        return self.config.sender

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        found = digits(customer.phone)
        return None if found is None else f"+{found}"

    @classmethod
    def reference(cls, key: str, address: str) -> str | None:
        del address
        return key

    def request(self, message: Outbound) -> HttpRequest | Refused:
        origin = "MessagingServiceSid" if self.config.sender.startswith("MG") else "From"
        form = {"To": message.address, origin: self.config.sender, "Body": message.text}
        if message.callback_url is not None and message.reference is not None:
            form["StatusCallback"] = f"{message.callback_url}?{urlencode({REFERENCE: message.reference})}"
        return HttpRequest.form(self._messages, form, self._token)

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read an answer: a message with its id, or an error whose code decides."""
        del message
        fields = reply.json()
        if 200 <= reply.status < 300 and (sid := identifier(fields.get("sid"))):
            return Accepted(sid)
        if not 400 <= reply.status < 500:
            return Unclear(f"http_{reply.status}")
        code = number(fields.get("code"))
        known = self.error(code or "") or _BY_STATUS.get(reply.status)
        return Refused(
            known.error if known else None,
            code or f"HTTP_{reply.status}",
            words(fields.get("message")),
            wait_of(reply),
        )

    def read(self, raw: Raw) -> Reading:
        """Read a callback: a status of ours, or a customer's message."""
        fields = parameters_of(raw)
        sid = identifier(fields.get("MessageSid") or fields.get("SmsSid"))
        if sid is None:
            return Reading((), ("body",) if raw.body or raw.method != "GET" else ())
        word = words(fields.get("MessageStatus") or fields.get("SmsStatus")).lower()
        if word in ("received", "receiving") or ("Body" in fields and "MessageStatus" not in fields):
            return Reading([_inbound(sid, word or "received", fields)])
        if not word:
            return Reading((), ("MessageStatus",))
        return Reading([_status(sid, word, fields)])

    def verify(self, raw: Raw) -> bool:
        """Check the signature over our address and all parameters, with and without the port (their own advice)."""
        given = raw.headers.get("x-twilio-signature")
        digest = raw.query.get("bodySHA256")
        if digest is not None and not same_secret(hashlib.sha256(raw.body).hexdigest(), digest.lower()):
            return False
        signed = "" if digest is not None or raw.method == "GET" else _joined(raw.body)
        urls = _spellings(raw.url)
        matches = [same_secret(given, self._signature(f"{url}{signed}")) for url in urls]
        return any(matches)

    def said(self, raw: Raw) -> Said:
        """Return nothing for a status, and an empty reply in their own language for a message."""
        if any(report.kind is ReportKind.INBOUND for report in self.read(raw).reports):
            return Said(200, b"<Response/>", "text/xml")
        return Said(204)

    def look_up(self, message: Outbound) -> HttpRequest | None:
        since = (message.offered_at or NO_TIME).astimezone(UTC).date()
        query = urlencode(
            {"To": message.address, "DateSent>": since.isoformat(), "PageSize": PAGE}, quote_via=quote
        )
        return HttpRequest("GET", f"{self._messages}?{query}", self._token)

    def found(self, reply: Reply, message: Outbound) -> str | None:
        """Return the id of the one message of this text that was made since; two of them decide nothing."""
        since = (message.offered_at or NO_TIME) - SKEW
        same = [
            one
            for one in objects(reply.json().get("messages"))
            if one is not None and one.get("body") == message.text and rfc_date(one.get("date_created")) >= since
        ]
        return identifier(same[0].get("sid")) if len(same) == 1 else None

    @property
    def _messages(self) -> str:
        return f"{self.api}Accounts/{self.config.account_sid}/Messages.json"

    @property
    def _token(self) -> Mapping[str, str]:
        pair = f"{self.config.account_sid}:{self.config.auth_token.get_secret_value()}"
        return {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _signature(self, signed: str) -> str:
        token = self.config.auth_token.get_secret_value().encode()
        return base64.b64encode(
            hmac.new(token, signed.encode("utf-8", "surrogateescape"), hashlib.sha1).digest()
        ).decode()


_BY_STATUS: Mapping[int, Error] = {
    401: Error(Class.CONFIGURATION),
    403: Error(Class.CONFIGURATION),
    429: Error(Class.RETRY_SLOWLY),
}


def _status(sid: str, word: str, fields: Mapping[str, str]) -> Report:
    progress = _PROGRESS.get(word)
    code = (number(fields.get("ErrorCode")) or word) if progress is MessageProgress.FAILED else ""
    return Report(
        ReportKind.STATUS,
        sid,
        _done(fields.get("RawDlrDoneDate", "")),
        word,
        dict(fields),
        progress=progress,
        code=code,
        reference=identifier(fields.get(REFERENCE)),
        address=identifier(fields.get("To")),
        sender=identifier(fields.get("From")),
    )


def _inbound(sid: str, word: str, fields: Mapping[str, str]) -> Report:
    text = words(fields.get("Body"), Twilio.limits.text)
    wish = words(fields.get("OptOutType")) or text.strip()
    return Report(
        ReportKind.INBOUND,
        sid,
        NO_TIME,
        word,
        dict(fields),
        address=identifier(fields.get("From")),
        sender=identifier(fields.get("To")),
        text=text or None,
        remember=_WISHES.get(wish.lower()),
        written=_written(fields, text),
    )


def _written(fields: Mapping[str, str], text: str) -> Written | None:
    """Read a customer's message; a sender that is no number is no phone of a customer."""
    phone, media = e164(fields.get("From", "")), words(fields.get("MediaUrl0"), MAX_URL)
    return (
        None
        if phone is None
        else Written(
            known_by=((IdentityKind.PHONE, phone),),
            content=MessageContent.MEDIA if media else MessageContent.TEXT,
            text=text or None,
            media={"type": words(fields.get("MediaContentType0")), "url": media} if media else None,
        )
    )


def _done(value: str) -> datetime:
    """Read `YYMMDDhhmm`, which is UTC."""
    try:
        return datetime.strptime(value, "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return NO_TIME


def _joined(body: bytes) -> str:
    """Return all parameters as they are signed: by name, each value once, in order."""
    values: dict[str, set[str]] = {}
    for name, value in pairs_of(body):
        values.setdefault(name, set()).add(value)
    return "".join(f"{name}{value}" for name in sorted(values) for value in sorted(values[name]))


def _spellings(url: str) -> Sequence[str]:
    """Return an address with and without the usual port of its scheme."""
    return [*dict.fromkeys(_with_and_without_port(url))]


def _with_and_without_port(url: str) -> Iterator[str]:
    yield url
    parts = urlsplit(url)
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    yield urlunsplit(parts._replace(netloc=host))
    yield urlunsplit(parts._replace(netloc=f"{host}:{443 if parts.scheme == 'https' else 80}"))
