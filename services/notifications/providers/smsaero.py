"""SMS Aero, API v2: JSON both ways, Basic authentication by e-mail and key; errors may stand inside an HTTP 200.

No key of ours is recognised on a repeat. What we know a message by stands in the query of its own callback
address, and what was accepted can be asked for, one at a time.

Source: requests and answers by the official client (high); codes of statuses by several clients (medium). How a
callback looks is published nowhere (low): an id and a status are read from JSON, a form or a query, anything else
is kept as unreadable, and asking finds the same out. It is not signed: our unguessable address is the proof. The
official client is no model for sending: it goes on to another host after a time-out, which may send twice.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlencode

from pydantic import Field

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.contracts.shared import MessageProgress
from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.config import Key
from services.notifications.providers.reading import (
    NO_TIME,
    digits,
    identifier,
    json_of,
    member,
    number,
    parameters_of,
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
    Raw,
    Reading,
    Remember,
    Report,
    ReportKind,
)

REFERENCE = "m"  # in the query of a message's callback address

_CODES: Mapping[str, Error] = {
    **dict.fromkeys(("no_credits", "HTTP_401", "HTTP_402", "HTTP_403"), Error(Class.CONFIGURATION)),
    "invalid_sign": Error(Class.CONFIGURATION),
    "invalid_number": Error(Class.RECIPIENT, Remember.INVALID),
    "invalid_text": Error(Class.MESSAGE),
    "HTTP_429": Error(Class.RETRY_SLOWLY),
    "status_2": Error(Class.RECIPIENT),
    "status_6": Error(Class.MESSAGE),
}
_PROGRESS: Mapping[str, MessageProgress] = {
    "1": MessageProgress.DELIVERED,
    "2": MessageProgress.FAILED,
    "3": MessageProgress.SENT,
    "6": MessageProgress.FAILED,
}
# Words of the older answers; any other leaves a doubt.
_RESULTS: Mapping[str, str] = {"no credits": "no_credits", "reject": "reject"}
# The first of these fields that they find fault with decides.
_FIELDS = ("number", "sign", "text")


class SmsAeroConfig(ProviderConfig):
    """An account. `sign`: the sender's name, which they have to approve."""

    provider: Literal["smsaero"] = "smsaero"
    email: Annotated[str, Field(pattern=r"^[!-9;-~]{3,200}$")]
    api_key: Key
    sign: Annotated[str, Field(min_length=1, max_length=64)] = "SMS Aero"


@dataclass(frozen=True, slots=True)
class SmsAero(Adapter):
    """A sender's name at SMS Aero."""

    config: SmsAeroConfig

    code: ClassVar[str] = "smsaero"
    home: ClassVar[str] = "https://gate.smsaero.ru/v2/"
    source: ClassVar[str] = "official client (high), codes of statuses (medium), callbacks (low)"
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.SMS})
    limits: ClassVar[Limits] = Limits(
        rate_5s=50, remembers=None, unknown_after=timedelta(minutes=15), text=640, asked_together=1
    )
    codes: ClassVar[Mapping[str, Error]] = _CODES
    Config: ClassVar[type[ProviderConfig]] = SmsAeroConfig

    @property
    def account(self) -> str:
        return self.config.email

    @property
    def sender(self) -> str:
        return self.config.sign

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        return digits(customer.phone)

    @classmethod
    def reference(cls, key: str, address: str) -> str | None:
        del address
        return key

    def request(self, message: Outbound) -> HttpRequest | Refused:
        body: dict[str, object] = {
            "number": int(message.address), "text": message.text, "sign": self.config.sign,
        }  # fmt: skip
        if message.callback_url is not None and message.reference is not None:
            body["callbackUrl"] = f"{message.callback_url}?{urlencode({REFERENCE: message.reference})}"
            body["callbackFormat"] = "JSON"
        return self._call("sms/send", body)

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read an answer by its body; only without one that can be read the HTTP status decides."""
        del message
        fields = reply.json()
        if reply.status >= 500:
            return Unclear(f"http_{reply.status}")
        sms_id = number(member(fields, "data", "id"))
        if reply.status < 300 and fields.get("success") is True and sms_id is not None:
            return Accepted(sms_id)
        code = _refusal(fields) or (f"HTTP_{reply.status}" if 400 <= reply.status < 500 else None)
        if code is None:
            return Unclear(f"http_{reply.status}")
        known = self.error(code) or self.error(f"HTTP_{reply.status}")
        return Refused(known.error if known else None, code, words(fields.get("message")), wait_of(reply))

    def read(self, raw: Raw) -> Reading:
        """Read a callback: an id and a status, with our name for the message in the query."""
        body, _ = json_of(raw.body)
        fields = body if isinstance(body, dict) else parameters_of(raw)
        report = _status(fields, identifier(parameters_of(raw).get(REFERENCE)))
        if report is None:
            return Reading((), ("body",) if raw.body or raw.method != "GET" else ())
        return Reading([report])

    def ask(self, external_ids: Sequence[str]) -> HttpRequest | None:
        sms_id = number(external_ids[0]) if external_ids else None
        return None if sms_id is None else self._call("sms/status", {"id": int(sms_id)})

    def statuses(self, reply: Reply, external_ids: Sequence[str]) -> Sequence[Report] | None:
        fields = reply.json()
        data = fields.get("data")
        if fields.get("success") is not True or not isinstance(data, dict):
            return None
        report = _status(data, None)
        return [report] if report is not None and report.external_id in external_ids else None

    def _call(self, path: str, body: Mapping[str, object]) -> HttpRequest:
        pair = f"{self.config.email}:{self.config.api_key.get_secret_value()}"
        headers = {"authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
        return HttpRequest.json("POST", f"{self.api}{path}", body, headers)


def _refusal(fields: JsonObject) -> str | None:
    """Return our name for a refusal: the field that is wrong, or a word of the older answers."""
    if (known := _RESULTS.get(words(fields.get("result")))) is not None:
        return known
    if fields.get("success") is not False:
        return None
    return next((f"invalid_{name}" for name in _FIELDS if member(fields, "data", name)), "unsuccessful")


def _status(fields: JsonObject, reference: str | None) -> Report | None:
    sms_id, code = number(fields.get("id")), number(fields.get("status"))
    if sms_id is None or code is None:
        return None
    progress, at = _PROGRESS.get(code), fields.get("dateAnswer")
    return Report(
        ReportKind.STATUS,
        sms_id,
        NO_TIME if at is None else unix(at),
        code,
        {name: words(fields.get(name)) for name in ("id", "status", "extendStatus", "dateAnswer")},
        progress=progress,
        code=f"status_{code}" if progress is MessageProgress.FAILED else "",
        reference=reference,
    )
