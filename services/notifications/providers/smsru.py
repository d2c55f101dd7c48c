"""SMS.ru: codes inside an HTTP 200 (200 there is a wrong key), one per number; callbacks are answered `100`.

It repeats no name of ours, so a lost answer stays one; what was accepted can be asked for, a hundred messages
at a time.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.contracts.shared import MessageProgress
from libs.common.platform.auth.webhooks import same_secret
from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.config import Key
from services.notifications.providers.reading import (
    NO_TIME,
    digits,
    fields_of,
    identifier,
    member,
    number,
    pairs_of,
    storable,
    unix,
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
)

TAKEN = "100"
DAY = 86_400.0  # seconds

_CODES: Mapping[str, Error] = {
    **dict.fromkeys(
        ("200", "201", "204", "300", "301", "302", "303", "304", "305", "901", "902", "903"),
        Error(Class.CONFIGURATION),
    ),
    "202": Error(Class.RECIPIENT, Remember.INVALID),
    "209": Error(Class.RECIPIENT, Remember.OPTED_OUT),
    **dict.fromkeys(("104", "106", "107", "108", "150", "207", "214", "215"), Error(Class.RECIPIENT)),
    **dict.fromkeys(("105", "203", "205", "208", "210", "211", "212", "213", "216"), Error(Class.MESSAGE)),
    **dict.fromkeys(("231", "232", "233"), Error(Class.MESSAGE)),  # the same text again: it has been sent
    "206": Error(Class.RETRY_SLOWLY),
    "230": Error(Class.PAUSE, wait=DAY),
    **dict.fromkeys(("220", "500"), Error(Class.RETRY)),
}
_PROGRESS: Mapping[str, MessageProgress] = {
    "102": MessageProgress.SENT,
    "103": MessageProgress.DELIVERED,
    "110": MessageProgress.READ,
    **dict.fromkeys(("104", "105", "106", "107", "108", "150"), MessageProgress.FAILED),
}


class SmsRuConfig(ProviderConfig):
    """An account. `test`: nothing is sent, everything else happens."""

    provider: Literal["smsru"] = "smsru"
    api_id: Key
    sender: Annotated[str, Field(max_length=15)] = ""
    test: bool = False


@dataclass(frozen=True, slots=True)
class SmsRu(Adapter):
    """A sender at SMS.ru."""

    config: SmsRuConfig

    code: ClassVar[str] = "smsru"
    home: ClassVar[str] = "https://sms.ru/"
    source: ClassVar[str] = "official client 1.4.1 and reference (high)"
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.SMS})
    limits: ClassVar[Limits] = Limits(
        rate_5s=50, remembers=None, unknown_after=timedelta(minutes=10), text=1000, asked_together=100
    )
    codes: ClassVar[Mapping[str, Error]] = _CODES
    proof: ClassVar[Proof] = Proof.SIGNATURE
    Config: ClassVar[type[ProviderConfig]] = SmsRuConfig

    @property
    def account(self) -> str:
        return self.config.api_id.get_secret_value()

    @property
    def sender(self) -> str:
        return self.config.sender or "default"

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        return digits(customer.phone)

    def request(self, message: Outbound) -> HttpRequest | Refused:
        test = "1" if self.config.test else ""
        form = {"to": message.address, "msg": message.text, "from": self.config.sender, "test": test}
        return self._call("sms/send", {name: value for name, value in form.items() if value})

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read an answer: the outer code first, then the one of the number."""
        fields = reply.json()
        outer = number(fields.get("status_code"))
        one = member(fields, "sms", message.address)
        code = outer if outer != TAKEN else number(member(one, "status_code"))
        if code == TAKEN and (sms_id := identifier(member(one, "sms_id"))):
            return Accepted(sms_id)
        if code is None or code == TAKEN:
            status = reply.status
            return (
                Refused(Class.CONFIGURATION, f"HTTP_{status}") if 400 <= status < 500 else Unclear(f"http_{status}")
            )
        error = self.error(code)
        said = words(member(one, "status_text")) or words(fields.get("status_text"))
        return Refused(error.error if error else None, code, said, error.wait if error else None)

    def read(self, raw: Raw) -> Reading:
        """Read a batch: each `data[n]` stands for itself."""
        reports: list[Report] = []
        unread: dict[str, object] = {}
        for name, value in _entries(raw.body):
            kind, *rest = value.split("\n")
            report = _status(*rest[:3]) if kind == "sms_status" and len(rest) >= 2 else None
            if report is None:
                unread[name] = storable(value)
            else:
                reports.append(report)
        if not reports and not unread and raw.method != "GET":
            return Reading((), ("body",))
        return Reading(reports, tuple(unread), unread)

    def verify(self, raw: Raw) -> bool:
        """Check the hash over our key and all entries in the order of their numbers."""
        signed = self.config.api_id.get_secret_value() + "".join(value for _, value in _entries(raw.body))
        wanted = hashlib.sha256(signed.encode("utf-8", "surrogateescape")).hexdigest()
        return same_secret(fields_of(raw.body).get("hash"), wanted)

    def said(self, raw: Raw) -> Said:
        del raw
        return Said(body=TAKEN.encode())

    def subscribe(self, url: str) -> HttpRequest | None:
        return self._call("callback/add", {"url": url})

    def subscribed(self, reply: Reply) -> str | None:
        code = number(reply.json().get("status_code"))
        return None if code == TAKEN else f"code_{code}" if code else f"http_{reply.status}"

    def ask(self, external_ids: Sequence[str]) -> HttpRequest | None:
        return self._call("sms/status", {"sms_id": ",".join(external_ids)}) if external_ids else None

    def statuses(self, reply: Reply, external_ids: Sequence[str]) -> Sequence[Report] | None:
        fields = reply.json()
        if number(fields.get("status_code")) != TAKEN:
            return None
        found = (_status(one, member(fields, "sms", one, "status_code")) for one in external_ids)
        return [report for report in found if report is not None]

    def _call(self, path: str, form: Mapping[str, str]) -> HttpRequest:
        key = {"api_id": self.config.api_id.get_secret_value()}
        return HttpRequest.form(f"{self.api}{path}", {**key, **form, "json": "1"})


def _entries(body: bytes) -> Iterator[tuple[str, str]]:
    """Yield `data[1]`, `data[2]`, … in the order of their numbers."""
    numbered = []
    for name, value in dict(pairs_of(body)).items():
        digits_of = name.removeprefix("data[").removesuffix("]")
        if name.startswith("data[") and name.endswith("]") and (at := number(digits_of)) is not None:
            numbered.append((int(at), name, value))
    yield from ((name[:50], value) for _, name, value in sorted(numbered))


def _status(external_id: object, status: object, at: object = None) -> Report | None:
    sms_id, code = identifier(external_id), number(status)
    if sms_id is None or code is None:
        return None
    progress = _PROGRESS.get(code)
    payload: JsonObject = {"id": sms_id, "status": code, "at": words(at)}
    moment = NO_TIME if at is None else unix(at)
    failed = code if progress is MessageProgress.FAILED else ""
    return Report(ReportKind.STATUS, sms_id, moment, code, payload, progress=progress, code=failed)
