"""SMSC.ru: errors stand inside an HTTP 200; a message bears our own number, so that a doubt can be looked up.

Requests are posted, so that no secret stands in an address. One callback address per account, set by hand in
the cabinet.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.contracts.shared import MessageProgress
from libs.common.platform.auth.webhooks import same_secret
from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.config import Secret
from services.notifications.providers.reading import digits, number, parameters_of, unix, words
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
)

_CODES: Mapping[str, Error] = {
    **dict.fromkeys(("error_1", "error_5"), Error(Class.MESSAGE)),
    **dict.fromkeys(("error_2", "error_3", "error_6", "status_23", "status_24"), Error(Class.CONFIGURATION)),
    **dict.fromkeys(("error_4", "error_9"), Error(Class.RETRY_SLOWLY)),
    **dict.fromkeys(("error_7", "status_22"), Error(Class.RECIPIENT, Remember.INVALID)),
    **dict.fromkeys(("error_8", "status_3", "status_20"), Error(Class.RECIPIENT)),
    "status_25": Error(Class.RECIPIENT, Remember.UNREACHABLE),
    "status_-2": Error(Class.MESSAGE),
}
_PROGRESS: Mapping[str, MessageProgress] = {
    "0": MessageProgress.SENT,
    "1": MessageProgress.DELIVERED,
    "2": MessageProgress.READ,
    "4": MessageProgress.READ,
    **dict.fromkeys(("-2", "3", "20", "22", "23", "24", "25"), MessageProgress.FAILED),
}
_UNKNOWN = "-3"  # no such message


class SmscConfig(ProviderConfig):
    """An account. With `callback_secret` only callbacks signed with it are taken."""

    provider: Literal["smsc"] = "smsc"
    login: Annotated[str, Field(min_length=1, max_length=100)]
    password: Secret
    sender: Annotated[str, Field(max_length=15)] = ""
    callback_secret: Secret | None = None


@dataclass(frozen=True, slots=True)
class Smsc(Adapter):
    """A sender at SMSC.ru. A message is known as `number:phone`, by them and by us."""

    config: SmscConfig

    code: ClassVar[str] = "smsc"
    home: ClassVar[str] = "https://smsc.ru/sys/"
    source: ClassVar[str] = "reference, read in part, and clients (medium)"
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.SMS})
    limits: ClassVar[Limits] = Limits(
        rate_5s=50, remembers=None, unknown_after=timedelta(minutes=15), text=1000, asked_together=1
    )
    codes: ClassVar[Mapping[str, Error]] = _CODES
    proof: ClassVar[Proof] = Proof.SIGNATURE
    Config: ClassVar[type[ProviderConfig]] = SmscConfig

    @property
    def account(self) -> str:
        return self.config.login

    @property
    def sender(self) -> str:
        return self.config.sender or self.config.login

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        return digits(customer.phone)

    @classmethod
    def reference(cls, key: str, address: str) -> str | None:
        """Return a number of 31 bits, made of the key, and the phone: together they name one message."""
        digest = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8])
        return f"{digest % 2_147_483_647 + 1}:{address}"

    def request(self, message: Outbound) -> HttpRequest | Refused:
        own, _, _ = (message.reference or "").partition(":")
        form = {
            "phones": message.address,
            "mes": message.text,
            "id": own,
            "sender": self.config.sender,
            "cost": "3",
        }
        return self._call("send.php", {name: value for name, value in form.items() if value})

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read an answer by its body: an id and a count, or an error code."""
        fields = reply.json()
        code = number(fields.get("error_code"))
        if code is not None:
            error = self.error(f"error_{code}")
            return Refused(error.error if error else None, f"error_{code}", words(fields.get("error")))
        if reply.status == 200 and number(fields.get("id")) and number(fields.get("cnt")):
            return Accepted(message.reference or f"{number(fields.get('id'))}:{message.address}")
        if 400 <= reply.status < 500:
            return Refused(Class.CONFIGURATION, f"HTTP_{reply.status}")
        return Unclear(f"http_{reply.status}")

    def read(self, raw: Raw) -> Reading:
        """Read a callback; it comes as a form or as a query."""
        fields = parameters_of(raw)
        report = _status(fields.get("id"), fields.get("phone"), fields.get("status"), fields)
        if report is None:
            return Reading((), ("body",) if fields or raw.body else ())
        return Reading([report])

    def verify(self, raw: Raw) -> bool:
        """Check the digest of `id:phone:status:secret`, in either of the two hashes that are sent."""
        if self.config.callback_secret is None:
            return True
        fields = parameters_of(raw)
        parts = [fields.get(name, "") for name in ("id", "phone", "status")]
        signed = ":".join([*parts, self.config.callback_secret.get_secret_value()]).encode()
        sha1 = hashlib.sha1(signed, usedforsecurity=False).hexdigest()
        md5 = hashlib.md5(signed, usedforsecurity=False).hexdigest()
        matches = [same_secret(fields.get("sha1"), sha1), same_secret(fields.get("md5"), md5)]
        return any(matches)

    def said(self, raw: Raw) -> Said:
        del raw
        return Said(body=b"OK")

    def look_up(self, message: Outbound) -> HttpRequest | None:
        return self._ask(message.reference or "")

    def found(self, reply: Reply, message: Outbound) -> str | None:
        """Return our reference once they know it: any status but the one of an unknown message."""
        status = number(reply.json().get("status"))
        return None if status in (None, _UNKNOWN) else message.reference

    def ask(self, external_ids: Sequence[str]) -> HttpRequest | None:
        return self._ask(external_ids[0]) if external_ids else None

    def statuses(self, reply: Reply, external_ids: Sequence[str]) -> Sequence[Report] | None:
        fields = reply.json()
        own, _, phone = external_ids[0].partition(":") if external_ids else ("", "", "")
        report = _status(own, phone, number(fields.get("status")), fields)
        return None if report is None else [report]

    def _ask(self, external_id: str) -> HttpRequest | None:
        own, _, phone = external_id.partition(":")
        return self._call("status.php", {"phone": phone, "id": own, "all": "0"}) if own and phone else None

    def _call(self, name: str, form: Mapping[str, str]) -> HttpRequest:
        signed_in = {"login": self.config.login, "psw": self.config.password.get_secret_value()}
        return HttpRequest.form(f"{self.api}{name}", {**signed_in, **form, "charset": "utf-8", "fmt": "3"})


def _status(own: object, phone: object, status: object, fields: JsonObject) -> Report | None:
    code = number(status)
    name, address = number(own), words(phone, 20)
    if code is None or name is None or not address:
        return None
    progress = _PROGRESS.get(code)
    return Report(
        ReportKind.STATUS,
        f"{name}:{address}",
        unix(fields.get("ts") or fields.get("last_timestamp")),
        code,
        {name: words(value) for name, value in fields.items()},
        progress=progress,
        code=f"status_{code}" if progress is MessageProgress.FAILED else "",
        reference=f"{name}:{address}",
        address=address,
    )
