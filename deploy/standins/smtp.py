"""A stand-in for a mail relay: a real SMTP server that takes mails, refuses some, and posts bounces later."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from email.parser import BytesParser
from email.utils import format_datetime
from typing import ClassVar

from starlette.responses import Response
from starlette.routing import Route

from deploy.standins.callbacks import Callback, Payload, Post
from deploy.standins.faults import Failure, Mode
from deploy.standins.journal import Entry, Status
from deploy.standins.provider import REFUSED_ENDING, GatewayAccount, ProviderStandin, Wish

LINE = 64 * 1024  # bytes
_GREYLISTED = "451 4.7.1 Greylisted, please try again"
_UNKNOWN = "550 5.1.1 User unknown"
_FULL = "552 5.2.2 Mailbox full"


class SmtpStandin(ProviderStandin):
    """Recipients `…0000@` are unknown, a failure of mode `status` is a bounce; `trusted`: it offers STARTTLS."""

    code: ClassVar[str] = "smtp"
    reports: ClassVar[bool] = False
    address_code: ClassVar[str] = _UNKNOWN
    rate_code: ClassVar[str] = "421 4.7.0 Too many"
    token_code: ClassVar[str] = "535 5.7.8 Authentication failed"  # noqa: S105 - an answer
    demo_key: ClassVar[str] = "demo-relay"
    demo_secret: ClassVar[str] = "demo-relay-password"  # noqa: S105 - guards nothing
    #: Where it listens; 0 takes a free port.
    mail_port: int = 0
    mail_host: str = "127.0.0.1"
    trusted: ssl.SSLContext | None = None

    @classmethod
    def config(cls, account: GatewayAccount) -> Mapping[str, object]:
        return {
            "host": "relay.example.com",
            "user": account.key,
            "password": account.secret,
            "from_address": "shop@example.com",
            "from_name": "Магазин",
            "bounces_to": "bounce@example.com",
            "subject": "Ваш заказ",
        }

    @contextlib.asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        """Listen, and post bounces, while the block runs."""
        server = await asyncio.start_server(self._talk, self.mail_host, self.mail_port, limit=LINE)
        self.mail_port = server.sockets[0].getsockname()[1]
        async with server, super().open():
            yield

    def own_routes(self) -> Sequence[Route]:
        return []

    def accepted(self, entry: Entry) -> Response:
        """Refuse to be asked: a relay answers by SMTP, never by HTTP."""
        raise NotImplementedError(entry.message_id)

    def refused(self, code: str) -> Response:
        """Refuse to be asked, as `accepted` does."""
        raise NotImplementedError(code)

    def new_id(self, number: int, wish: Wish) -> str:
        return f"{number}:{wish.reference}"

    def post(self, batch: Sequence[Callback]) -> Post | None:
        """Return a mail as a mail server hands it on: a bounce, or what a customer wrote."""
        (callback,) = batch
        url = next(iter(self.accounts.values())).callbacks
        return (
            Post(url, str(callback.payload["mail"]).encode(), {"content-type": "message/rfc822"}) if url else None
        )

    def inbound(self, account: GatewayAccount, chat_id: str, text: str) -> Callback | None:
        """Return what a customer writes."""
        del account
        number = next(self.numbers)
        head = f"From: Anna <{chat_id}>\nTo: shop@example.com\nSubject: Re\nMessage-ID: <in-{number}@example.org>"
        mail = (
            f"{head}\nDate: {format_datetime(self.clock.now())}\nContent-Type: text/plain; charset=utf-8\n\n{text}"
        )
        return Callback("inbound", {"mail": mail})

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            await _Session(self, reader, writer).run()
        writer.close()

    def refusal(self, recipient: str) -> tuple[str | None, Failure | None]:
        """Return what is said of a recipient, and what is to go wrong later."""
        failure = self.dice.failure(recipient)
        if failure is None and recipient.partition("@")[0].endswith(REFUSED_ENDING):
            return _UNKNOWN, None
        if failure is not None and failure.mode is Mode.CODE:
            return failure.value, None
        if failure is None and self.dice.hits(self.dice.profile.refuse_503):
            return _GREYLISTED, None
        return None, failure

    def keep(self, sender: str, recipient: str, mail: bytes, failure: Failure | None) -> None:
        """Take a mail; one that fails later bounces to its envelope."""
        found = BytesParser().parsebytes(mail)
        account = next(iter(self.accounts.values()))
        name = str(found["Message-ID"]).strip("<>").partition("@")[0]
        entry = self._accept(Wish(account, recipient, mail.decode("utf-8", "replace"), name), None)
        if failure is not None and failure.mode is Mode.STATUS:
            bounce = _bounce(sender, recipient, failure.value, str(found["Message-ID"]))
            payload: Payload = {"id": entry.message_id, "status": Status.ERROR.value, "mail": bounce}
            self.later(Callback("status", payload), self.dice.delay(self.dice.profile.callback_delay))


class _Session:
    """One connection."""

    def __init__(self, relay: SmtpStandin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._relay, self._reader, self._writer = relay, reader, writer
        self._sender = self._recipient = ""
        self._failure: Failure | None = None
        self._safe = self._known = relay.trusted is None

    async def run(self) -> None:
        self._say("220 relay.example.com ESMTP")
        while line := (await self._reader.readline()).decode("utf-8", "replace").strip():
            word = line.partition(" ")[0].upper()
            if word == "QUIT":
                return self._say("221 2.0.0 Bye")
            if word == "STARTTLS" and self._relay.trusted is not None:
                self._say("220 2.0.0 Ready")
                await self._writer.start_tls(self._relay.trusted)
                self._safe = True
            elif word == "DATA" and self._recipient:
                if not await self._take():
                    return None
            else:
                self._say(self._answer(word, line))
        return None

    def _answer(self, word: str, line: str) -> str:
        if word == "EHLO":
            offers = ["AUTH PLAIN", "8BITMIME", "DSN"] if self._safe else ["STARTTLS"]
            lines = ["relay.example.com", *offers]
            return "\r\n".join([*(f"250-{one}" for one in lines[:-1]), f"250 {lines[-1]}"])
        if word == "AUTH":
            return self._log_in(line.rpartition(" ")[2])
        if not self._known:
            return "530 5.7.0 Authentication required"
        if word == "MAIL":
            self._sender, self._recipient = _place(line), ""
            return "250 2.1.0 OK"
        if word == "RCPT":
            refusal, self._failure = self._relay.refusal(_place(line))
            self._recipient = "" if refusal else _place(line)
            return refusal or "250 2.1.5 OK"
        return "503 5.5.1 Bad sequence"

    def _log_in(self, coded: str) -> str:
        _, key, secret = base64.b64decode(coded).decode().split("\x00")
        account = self._relay.accounts.get(key)
        self._known = account is not None and account.secret == secret
        return "235 2.7.0 OK" if self._known else self._relay.token_code

    async def _take(self) -> bool:
        """Take a mail; return whether the connection goes on."""
        self._say("354 Go on")
        mail = (await self._reader.readuntil(b"\r\n.\r\n"))[:-5].replace(b"\r\n..", b"\r\n.")
        failure, dice = self._failure, self._relay.dice
        if failure is not None and failure.mode is Mode.HTTP:
            self._say(failure.value)
            return True
        self._relay.keep(self._sender, self._recipient, mail, failure)
        if (failure is not None and failure.mode is Mode.LOSE) or dice.hits(dice.profile.lose_answer):
            self._writer.transport.abort()
            return False
        self._say("250 2.0.0 Queued")
        return True

    def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())


def _place(line: str) -> str:
    return line.partition("<")[2].partition(">")[0]


def _bounce(sender: str, recipient: str, status: str, message_id: str) -> str:
    """Return a report of a failed delivery (RFC 3464)."""
    return "\n".join(
        (
            "From: Mail Delivery System <MAILER-DAEMON@relay.example.com>", f"To: {sender}",
            "Subject: Undelivered Mail Returned to Sender", "Date: Mon, 02 Mar 2026 12:14:09 +0300",
            "Auto-Submitted: auto-replied", "MIME-Version: 1.0",
            'Content-Type: multipart/report; report-type=delivery-status; boundary="b1"', "", "--b1",
            "Content-Type: message/delivery-status", "", "Reporting-MTA: dns; relay.example.com", "",
            f"Final-Recipient: rfc822; {recipient}", "Action: failed", f"Status: {status}", "", "--b1",
            "Content-Type: text/rfc822-headers", "", f"Message-ID: {message_id}", "", "--b1--", "",
        )
    )  # fmt: skip
