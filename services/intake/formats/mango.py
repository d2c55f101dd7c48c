"""Mango Office: events of calls, each a form whose field `json` is signed as it stands, and commands alike.

`entry_id` is the conversation, `call_id` one of its legs. A ring names who is called; the summary at the end says
how it was, and it alone makes a call missed: a leg that was not taken may be followed by one that is.

A command has an id of ours, which nothing checks for repeats and which the events of its call carry; the telephone
of our side rings first. Its answer says 1000 or why not, and may come again as an event (`result/callback`).
The label of a call is the name of its caller (`sip_headers`, `From/display-name`), which telephones of SIP show,
that of our side too; the exchange leaves out a name that it does not take. A mobile network shows nothing but what
its carrier has registered for the line.

A recording has an id, which events of their own say: that it has ended (`events/recording`), with a code of which
1000 alone means that it is kept and 4002 that it was too short, and with whom it went to; and that it can be had
(`events/record/added`), which says no state. One that was only mailed is kept nowhere. A link to the sound is asked
for when it is played. Once topics of a recording are known, it is named again (`events/record/tagged`).

Source of these events: MANGO OFFICE VPBX API 1.9, sections 3.1.4, 3.1.7 and 3.1.8, as public copies have them, and
public clients that read them so (high); that other codes than 1000 keep nothing (medium).
"""

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Annotated, Literal, assert_never

import orjson
from pydantic import Field

from libs.common.connect.command.rules import Accepted, Class, Refused, Unclear
from libs.common.connect.command.rules import Answer as CommandAnswer
from libs.common.connect.exchange import HttpRequest
from libs.common.connect.exchange import Reply as HttpReply
from libs.common.contracts.shared import ContactKind, Direction
from services.intake.calls.rules import Heard
from services.intake.contacts.rules import Said
from services.intake.deliveries.rules import DeliveryKind
from services.intake.formats.base import Answer, Proof, Reply
from services.intake.formats.common import names
from services.intake.formats.config import FormatConfig, SecretKind
from services.intake.formats.examples import form_of
from services.intake.formats.exchange import Dial, ExchangeFormat, Transfer
from services.intake.formats.payload import object_of, opened
from services.intake.formats.rules import (
    Fact,
    Json,
    Noted,
    RawRequest,
    Reason,
    Reported,
    Unreadable,
    UnreadableError,
)
from services.intake.formats.values import Reader

MAX_TALK = 24 * 60 * 60  # seconds
_YEARS = range(2000, 2200)
_NAMES = names(
    entry_id="entry_id",
    caller="from.number",
    caller_extension="from.extension",
    called="to.number",
    called_extension="to.extension",
    line="line_number to.line_number",
    command_id="command_id",
    leg="call_id",
    recording="recording_id",
)
_ID = 128  # characters of an id
_DONE, _THEIRS = 1000, 5000
_COMPLETE, _BY_MAIL = "Completed", "Mail"
_RINGS = ("Appeared", "Connected")
_RESERVED = re.compile(r"[;/?:@&=+$,\s]+")  # what a value of `sip_headers` cannot have


class Way(IntEnum):
    """The direction of a call in a summary."""

    INTERNAL = 0
    IN = 1
    OUT = 2


class MangoConfig(FormatConfig):
    """A virtual exchange; its secret is the salt of the cabinet. `clock_ahead`: hours of its clock before UTC."""

    format: Literal["mango"] = "mango"
    line: Annotated[str | None, Field(min_length=1, max_length=64, description="the line that calls go out by")] = (
        None
    )
    api_key: Annotated[str, Field(min_length=1, max_length=200, description="vpbx_api_key of the cabinet")]
    clock_ahead: Annotated[int, Field(ge=0, le=14)] = 0

    @property
    def secret(self) -> SecretKind:
        """The kind of secret that the source needs."""
        return SecretKind.GIVEN


@dataclass(frozen=True)
class Mango(ExchangeFormat):
    """Calls of a virtual exchange, both ways."""

    config: MangoConfig

    code = "mango"
    Config = MangoConfig
    home = "https://app.mango-office.ru/vpbx/"
    rate_5s = 25  # half of what the product allows: others may use it too

    @property
    def account(self) -> str:
        """The product's key."""
        return self.config.api_key

    @property
    def ways(self) -> tuple[str, ...]:
        """How a request may prove its sender, for who has not."""
        return ("form fields vpbx_api_key, sign, json: SHA-256 of key, json and salt",)

    def verify(self, raw: RawRequest) -> Proof:
        """Return whether `sign` is the SHA-256 of key, `json` as it stands, and one of the salts."""
        try:
            form = object_of(raw)
        except UnreadableError:
            return Proof.REFUSED
        sign, text = form.get("sign"), form.get("json")
        if not isinstance(sign, str) or not isinstance(text, str):
            return Proof.REFUSED
        # All salts are tried, so that the time does not depend on which one matches.
        matches = [hmac.compare_digest(self._sign(text, salt), sign.encode()) for salt in self.secrets]
        if not any(matches):
            return Proof.REFUSED
        return Proof.CURRENT if matches[0] else Proof.PREVIOUS

    def _sign(self, text: str, salt: str) -> bytes:
        signed = f"{self.config.api_key}{text}{salt}".encode("utf-8", "surrogatepass")
        return hashlib.sha256(signed).hexdigest().encode()

    def example(self, at: datetime) -> RawRequest:
        """Return a missed call."""
        said: dict[str, Json] = {
            "entry_id": "example-1",
            "call_direction": Way.IN,
            "create_time": int(at.timestamp()) + self.config.clock_ahead * 3600,
            "entry_result": 0,
            "from": {"number": "79000000001"},
            "to": {"number": "74950000001"},
        }
        return form_of({"json": orjson.dumps(said).decode()})

    def read(self, raw: RawRequest) -> tuple[Fact, ...]:
        """Return what an event says; those that change nothing of a contact are noted."""
        try:
            event = opened(object_of(raw).get("json"))
            if not isinstance(event, dict):
                return (Unreadable(Reason.NOT_AN_OBJECT),)
            return (_read(event, timedelta(hours=self.config.clock_ahead)),)
        except UnreadableError as error:
            return (error.answer,)

    def repeat_key(self, raw: RawRequest) -> str | None:
        """Return the digest of the event: each has its time and number, so only a retry is equal."""
        try:
            text = object_of(raw).get("json")
        except UnreadableError:
            return None
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest() if isinstance(text, str) else None

    def reply(self, answer: Answer) -> Reply:
        """Return an empty 200."""
        del answer
        return Reply(200)

    def dial(self, call: Dial, api: str) -> HttpRequest:
        """Return `commands/callback`."""
        line = {"line_number": self.config.line} if self.config.line else {}
        name = _RESERVED.sub(" ", call.label or "").strip()
        label = {"sip_headers": {"From/display-name": name}} if name else {}
        command = {
            "command_id": call.command_id,
            "from": {"extension": call.extension},
            "to_number": call.number.removeprefix("+"),
            **line,
            **label,
        }
        return self._command(f"{api}commands/callback", command)

    def transfer(self, call: Transfer, api: str) -> HttpRequest:
        """Return `commands/transfer`, a blind one."""
        command = {
            "command_id": call.command_id,
            "call_id": call.leg,
            "method": "blind",
            "to_number": call.to,
            "initiator": call.extension,
        }
        return self._command(f"{api}commands/transfer", command)

    def recording(self, reference: str, api: str) -> HttpRequest | None:
        """Return `queries/recording/post`, which is answered with a redirect to a link that works once."""
        return self._command(f"{api}queries/recording/post", {"recording_id": reference, "action": "play"})

    def answer(self, reply: HttpReply, command_id: str) -> CommandAnswer:
        """Read the result: 1000 is done; 5xxx is an error of theirs, after which the call may have been made."""
        result = _whole(_plain(reply.json().get("result")))
        if result == _DONE:
            return Accepted(command_id)
        if result is not None and result < _THEIRS:
            return Refused(Class.MESSAGE, str(result))
        match reply.status:
            case 429:
                return Refused(Class.RETRY_SLOWLY, "HTTP_429")
            case 401 | 403:
                return Refused(Class.CONFIGURATION, f"HTTP_{reply.status}")
            case status if 400 <= status < 500:
                return Refused(Class.MESSAGE, f"HTTP_{status}")
            case status:
                return Unclear(f"result_{result}" if result is not None else f"http_{status}")

    def _command(self, url: str, command: Mapping[str, object]) -> HttpRequest:
        text = orjson.dumps(dict(command)).decode()
        sign = self._sign(text, self.secrets[0] if self.secrets else "").decode()
        return HttpRequest.form(url, {"vpbx_api_key": self.config.api_key, "sign": sign, "json": text})


def _read(event: dict[str, Json], ahead: timedelta) -> Said | Noted | Reported:
    if "result" in event and isinstance(command_id := event.get("command_id"), str):
        result = _whole(event["result"])
        return Reported(Heard(command_id[:_ID], code=None if result == _DONE else str(result)))
    if "recording_id" in event:
        return _recording(event)
    if "call_state" in event:
        return _ring(event, ahead)
    if "entry_result" in event:
        return _summary(event, ahead)
    return Noted(DeliveryKind.CONTACT)


def _recording(event: dict[str, Json]) -> Noted | Reported:
    """Return where the recording of a conversation is kept, once it is complete and if it is kept at all."""
    fields = Reader(event, _NAMES)
    recording, entry_id = fields.text("recording", 2 * _ID), fields.identifier("entry_id")
    complete = event.get("recording_state", _COMPLETE) == _COMPLETE
    kept = event.get("recipient") != _BY_MAIL and _whole(_plain(event.get("completion_code", _DONE))) == _DONE
    if not (complete and kept) or recording is None or entry_id is None:
        return Noted(DeliveryKind.CONTACT)
    return Reported(Heard(None, entry_id, recording=recording))


def _ring(event: dict[str, Json], ahead: timedelta) -> Said | Noted | Reported:
    """Return a call under way; the end of a leg says nothing of the call.

    A leg that a command of ours started and that rings at our own side is no attempt at the customer yet.
    """
    fields = Reader(event, _NAMES)
    caller, called = fields.text("caller_extension", 200), fields.text("called_extension", 200)
    number, command_id = _number(fields, "called"), fields.text("command_id", _ID)
    leg = fields.text("leg", _ID) if event.get("call_state") == "Connected" else None
    if event.get("call_state") not in _RINGS:
        return Noted(DeliveryKind.CONTACT)
    if command_id and not (caller and number):
        return Reported(Heard(command_id, fields.identifier("entry_id")))
    if caller and not number:
        return Noted(DeliveryKind.CONTACT)
    way = Way.OUT if caller else Way.IN
    said = _said(fields, way, _moment(event.get("timestamp"), ahead), caller or called, ended=False)
    return replace(said, command_id=command_id, leg=leg) if isinstance(said, Said) else said


def _summary(event: dict[str, Json], ahead: timedelta) -> Said | Noted:
    """Return a call that has ended: `talk_time` is the moment at which they began to talk, 0 if they did not."""
    fields = Reader(event, _NAMES)
    way, talked = _whole(event.get("call_direction")), _whole(event.get("talk_time")) or 0
    at = _moment(event.get("create_time"), ahead)
    answered = _whole(event.get("entry_result")) == 1
    length = min(max((_whole(event.get("end_time")) or 0) - talked, 0), MAX_TALK) if answered and talked else 0
    match way:
        case Way.IN:
            return _said(fields, Way.IN, at, fields.text("called_extension", 200), answered=answered, length=length)
        case Way.OUT:
            return _said(fields, Way.OUT, at, fields.text("caller_extension", 200), length=length)
        case _:
            return Noted(DeliveryKind.CONTACT)


def _said(
    fields: Reader, way: Way, at: datetime, extension: str | None, *,
    answered: bool = True, ended: bool = True, length: int = 0,
) -> Said | Noted:  # fmt: skip
    """Return the contact with the person outside. Raises UnreadableError without the conversation's id."""
    entry_id = fields.identifier("entry_id")
    if entry_id is None:
        raise UnreadableError(Reason.NOT_A_CONTACT, *fields.notes)
    match way:
        case Way.IN:
            kind, direction, end = ContactKind.CALL_IN if answered else ContactKind.MISSED, Direction.IN, "caller"
        case Way.OUT:
            kind, direction, end = ContactKind.CALL_OUT, Direction.OUT, "called"
        case Way.INTERNAL:
            return Noted(DeliveryKind.CONTACT)
        case _:
            assert_never(way)
    return Said(
        kind=kind,
        direction=direction,
        at=at,
        external_id=entry_id,
        duration=length if ended else None,
        extension=extension,
        line=fields.text("line", 200),
        phone=_number(fields, end),
        under_way=not ended,
    )


def _number(fields: Reader, name: str) -> str | None:
    """Return an outside number; Mango writes it without its plus. None for a hidden one and an address of SIP."""
    text = fields.text(name, 64) or ""
    digits = text.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        return None
    return f"+{digits}" if len(digits) > 10 else digits


def _moment(value: Json, ahead: timedelta) -> datetime:
    """Return seconds of the epoch as a time in UTC. Raises UnreadableError."""
    seconds = _whole(value)
    try:
        moment = datetime.fromtimestamp(seconds or 0, UTC) - ahead
    except (ValueError, OverflowError, OSError):
        raise UnreadableError(Reason.NOT_A_CONTACT) from None
    if moment.year not in _YEARS:
        raise UnreadableError(Reason.NOT_A_CONTACT)
    return moment


def _plain(value: object) -> Json:
    """Return a scalar of an answer as it is; None for anything else."""
    return value if isinstance(value, int | str) else None


def _whole(value: Json) -> int | None:
    """Return a whole number of JSON, also one in quotes."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
