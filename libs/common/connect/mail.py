"""Mail: a second kind of call beside HTTP, carried by SMTP (RFC 5321) over a connection of its own.

Until the final dot leaves, nothing was sent; after it a mail may be on its way though no answer
comes. What the server says is a `Reply`: its code, its words, and in the header `stage` to what it said so.
"""

import asyncio
import base64
import re
import ssl
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal, Self, TypeAlias, cast

from libs.common.connect.egress import Egress, ForbiddenAddressError
from libs.common.connect.exchange import FORBIDDEN, MALFORMED, NO_ANSWER, UNREACHABLE, Answered, Lost, Reply

Security: TypeAlias = Literal["starttls", "tls", "none"]

MAX_LINE = 2048  # bytes of one line of a server (RFC 5321 §4.5.3.1: 512, and extensions make it longer)
MAX_LINES = 100  # of one answer
NAME = "dozvon.invalid"  # by which we greet: relays know their clients by their login

_LINE = re.compile(rb"([2-5]\d\d)([ -]?)(.*)")
_PLACE = re.compile(r"[!-;=?-~]+")  # printable ASCII without blanks and angle brackets


@dataclass(frozen=True, slots=True, repr=False)
class Mail:
    """One mail to one recipient, and the relay that takes it. `sender` and `recipient` are the envelope's.

    `notify`: an id under which the relay is to report what becomes of it (RFC 3461), if it can.
    """

    host: str
    port: int
    security: Security
    sender: str
    recipient: str
    content: bytes
    user: str | None = None
    password: str | None = None
    notify: str | None = None

    def __repr__(self) -> str:
        return f"Mail({self.host}:{self.port})"

    def traced(self, _: str) -> Self:
        """Return the mail as it is: a trace does not go on in a mailbox."""
        return self


class MailTransport:
    """Hands mails over. `timeout` is seconds for a whole one, `trusted` in place of the system's authorities."""

    def __init__(self, egress: Egress, timeout: float, trusted: ssl.SSLContext | None = None) -> None:
        self._egress = egress
        self._timeout = timeout
        self._given = trusted

    async def call(self, mail: Mail) -> Answered:
        """Hand one mail over, and return what the server said last, or why there is no answer."""
        talk = _Talk()
        try:
            async with asyncio.timeout(self._timeout):
                reply = await self._hand_over(mail, talk)
                talk.take_leave()
                return reply
        except ForbiddenAddressError:
            return Lost(arrived=False, code=FORBIDDEN)
        except (OSError, EOFError, ValueError, TimeoutError) as error:
            code = NO_ANSWER if talk.left else UNREACHABLE
            return Lost(arrived=talk.left, code=code, detail=type(error).__name__)
        finally:
            talk.hang_up()

    async def _hand_over(self, mail: Mail, talk: "_Talk") -> Answered:
        if not (_PLACE.fullmatch(mail.sender) and _PLACE.fullmatch(mail.recipient)):
            return Lost(arrived=False, code=MALFORMED)
        await self._connect(mail, talk)
        reply = await self._greet(mail, talk)
        if reply is None and mail.user is not None:
            reply = await _log_in(talk, mail.user, mail.password or "")
        return reply or await _send(mail, talk)

    async def _connect(self, mail: Mail, talk: "_Talk") -> None:
        loop, failure = asyncio.get_running_loop(), OSError("no address")
        trusted = self._trusted if mail.security == "tls" else None
        for address in await self._egress.addresses(mail.host, mail.port):
            try:
                name = mail.host if trusted else None
                await loop.create_connection(lambda: talk, address, mail.port, ssl=trusted, server_hostname=name)
            except OSError as error:
                failure = error
            else:
                return
        raise failure

    async def _greet(self, mail: Mail, talk: "_Talk") -> Reply | None:
        """Greet, encrypt and greet again; return what ends it."""
        if (reply := await talk.heard("greeting")).status != 220:
            return reply
        if (refused := await _hello(talk)) is not None or mail.security != "starttls":
            return refused
        if "STARTTLS" not in talk.offers:  # nothing is sent in the clear where encryption was asked for
            return Reply(502, {"stage": "starttls"}, b"not offered")
        if (reply := await talk.say("STARTTLS", "starttls")).status != 220:
            return reply
        await talk.encrypt(self._trusted, mail.host)
        return await _hello(talk)

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        """The authorities that we trust, read once."""
        return self._given or ssl.create_default_context()


async def _hello(talk: "_Talk") -> Reply | None:
    """Greet, and learn what the server offers; return a refusal."""
    reply = await talk.say(f"EHLO {NAME}", "hello")
    if reply.status != 250:
        return reply
    words = (line.split() for line in reply.body.decode("utf-8", "replace").upper().splitlines()[1:])
    talk.offers = {found[0]: frozenset(found[1:]) for found in words if found}
    return None


async def _log_in(talk: "_Talk", user: str, password: str) -> Reply | None:
    """Prove who we are; return a refusal."""
    offered = talk.offers.get("AUTH", frozenset())
    if "PLAIN" in offered:
        reply = await talk.say(f"AUTH PLAIN {_coded(f'{chr(0)}{user}{chr(0)}{password}')}", "login")
    elif "LOGIN" in offered:
        reply = await talk.say("AUTH LOGIN", "login")
        for secret in (user, password):
            if reply.status == 334:
                reply = await talk.say(_coded(secret), "login")
    else:
        return Reply(504, {"stage": "login"}, b"not offered")
    return None if reply.status == 235 else reply


async def _send(mail: Mail, talk: "_Talk") -> Reply:
    """Send the mail, and return what ends it: the first refusal, or what is said of the whole."""
    reports = mail.notify is not None and "DSN" in talk.offers
    envelope = f" RET=HDRS ENVID={mail.notify}" if reports else ""
    wanted = " NOTIFY=FAILURE,DELAY" if reports else ""
    for line, stage, fine in (
        (f"MAIL FROM:<{mail.sender}>{envelope}", "sender", 250),
        (f"RCPT TO:<{mail.recipient}>{wanted}", "recipient", 250),
        ("DATA", "data", 354),
    ):
        reply = await talk.say(line, stage)
        if reply.status != fine and not (stage == "recipient" and reply.status == 251):
            return reply if reply.status >= 400 else Reply(502, {"stage": stage}, reply.body)
    talk.write(_stuffed(mail.content))
    talk.left = True
    return await talk.say(".", "content")


def _stuffed(content: bytes) -> bytes:
    """Return a mail as it is sent: its lines end alike, and none is the final dot (RFC 5321 §4.5.2)."""
    lines = content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").removesuffix(b"\n").split(b"\n")
    return b"".join(b"%s%s\r\n" % (b"." if line.startswith(b".") else b"", line) for line in lines)


def _coded(secret: str) -> str:
    return base64.b64encode(secret.encode()).decode()


@dataclass(eq=False)
class _Talk(asyncio.Protocol):
    """One connection, line by line. `left`: whether the final dot has left. `offers`: by the server's greeting."""

    left: bool = False
    offers: dict[str, frozenset[str]] = field(default_factory=dict)
    _buffer: bytearray = field(default_factory=bytearray)
    _news: asyncio.Event = field(default_factory=asyncio.Event)
    _over: bool = False
    _transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Asked by `isinstance`, that of uvloop is no `asyncio.Transport`, though it is one in all that it does.
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._news.set()

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._over = True
        self._news.set()

    def write(self, data: bytes) -> None:
        """Send bytes. Raises OSError when the connection is over."""
        if self._transport is None or self._over:
            raise ConnectionError("the connection is over")
        self._transport.write(data)

    async def say(self, line: str, stage: str) -> Reply:
        """Send a line and return the answer."""
        self.write(f"{line}\r\n".encode())
        return await self.heard(stage)

    async def heard(self, stage: str) -> Reply:
        """Return the next answer, of one line or several. Raises EOFError, ValueError."""
        words = []
        for _ in range(MAX_LINES):
            found = _LINE.fullmatch(await self._line())
            if found is None:
                raise ValueError("not an answer of a mail server")
            words.append(found[3])
            if found[2] != b"-":
                return Reply(int(found[1]), {"stage": stage}, b"\n".join(words))
        raise ValueError("an answer without end")

    async def encrypt(self, trusted: ssl.SSLContext, host: str) -> None:
        """Go on encrypted. Raises ValueError for what was said in the clear after its time (RFC 3207 §4.2)."""
        if self._buffer or self._transport is None:
            raise ValueError("something was said before the encryption")
        loop = asyncio.get_running_loop()
        self._transport = await loop.start_tls(self._transport, self, trusted, server_hostname=host)

    def take_leave(self) -> None:
        """End it as the protocol has it, without waiting for an answer."""
        if self._transport is not None and not self._over:
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    def hang_up(self) -> None:
        """End it at once, unless it is ending already: what has not left does not leave later."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.abort()

    async def _line(self) -> bytes:
        while (end := self._buffer.find(b"\n")) < 0:
            if self._over:
                raise EOFError
            if len(self._buffer) > MAX_LINE:
                raise ValueError("a line without end")
            self._news.clear()
            await self._news.wait()
        line = bytes(self._buffer[:end]).rstrip(b"\r")
        del self._buffer[: end + 1]
        return line
