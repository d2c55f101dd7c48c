"""E-mail by a relay that speaks SMTP; bounces and replies come as whole mails, posted to the channel's webhook.

The first line of a text is the subject if an empty line follows it; else the subject is the channel's. The mail
goes from `from_address`; its envelope comes from `bounces_to`, with our own name for the mail behind a `+`, so
that a bounce names its mail though it may bring nothing else of it (VERP). The Message-ID has the same name, and
a mail that is sent again after a delay keeps both: greylisting asks for that. A lost answer stays lost: no relay
recognises a mail that it has had.

The relay's 250 is not the customer's: that a mail failed is heard later, as a report (RFC 3464) in the box of
`bounces_to`. A mail server posts what comes there, and what customers answer, to the channel's webhook as it is:
`message/rfc822`. No box is asked by IMAP. A report is proved by nothing but the name, which only our mail had:
any who got the mail can write one. Automatic answers are dropped. Delivery is not asked for: few servers
would report it, and a channel that now and then hears something would seem to fall silent.

Advertisements bear the headers of RFC 8058, and the link. A relay must sign them (DKIM), with these headers.

Source: RFC 5321, 3461, 3463, 3464, 3834, 5965, 8058 (high); which relay means what by 550, 552 and 554 without an
enhanced code (medium).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Annotated, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear
from libs.common.connect.exchange import Reply
from libs.common.connect.mail import Mail, Security
from services.notifications.providers.base import Adapter, ProviderConfig
from services.notifications.providers.mails import mail_of
from services.notifications.providers.reading import NO_TIME
from services.notifications.providers.values import (
    ChannelKind,
    Error,
    Identities,
    Limits,
    Outbound,
    Raw,
    Reading,
    Remember,
)

MAX_SUBJECT = 200
GREYLISTED = 300.0  # seconds: what greylisting servers ask for, though they do not all say so
FULL = 6 * 3600.0  # seconds until a full mailbox is tried again
PAUSED = timedelta(days=2)  # a mailbox that is full for so long is left alone

_ADDRESS = r"^[A-Za-z0-9!#$%&'*/=?^_`{|}~.+-]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+$"
# A dot-atom (RFC 5322 §3.2.3) that does not begin as an encoded word does: headers can carry nothing else plainly.
_ATOM = r"[A-Za-z0-9!#$%&'*/=?^_`{|}~+-]+"
_LABEL = r"[A-Za-z0-9-]{1,63}"
_PLAIN = re.compile(rf"(?!=\?)(?=[^@]{{1,64}}@){_ATOM}(?:\.{_ATOM})*@{_LABEL}(?:\.{_LABEL})+")
_ENHANCED = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")
_CODE = re.compile(r"smtp_(?:([245])\.(\d{1,3})\.(\d{1,3})|([45])\d\d)")
_BEFORE = ("greeting", "hello", "starttls", "login")  # the relay has not heard of the mail yet
# A relay means us by these, or this one mailbox or mail: one halts no channel, and many are counted.
_UNSURE = {
    "recipient": re.compile(r"smtp_(?:5\.1\.[78]|5\.7\.\d+|50[0234]|53\d|554|555)"),
    "content": re.compile(r"smtp_(?:5\.1\.[78]|5\.5\.\d+|5\.7\.(?:8|9|11|14)|50\d|53\d|555)"),
}
_UNPROVED = ("smtp_5.7.25", "smtp_5.7.26", "smtp_5.7.27")  # said at once, of our domain's records

_NO_ADDRESS = Error(Class.RECIPIENT, Remember.INVALID)
_CLOSED = Error(Class.RECIPIENT, Remember.UNREACHABLE)
_RECIPIENT = Error(Class.RECIPIENT)
_OURS = Error(Class.CONFIGURATION)
_LATER = Error(Class.PAUSE, wait=GREYLISTED)
_CODES: Mapping[str, Error] = {
    **dict.fromkeys((f"smtp_5.1.{n}" for n in (0, 1, 2, 3, 4, 6, 10)), _NO_ADDRESS),
    **dict.fromkeys(("smtp_551", "smtp_553"), _NO_ADDRESS),
    **dict.fromkeys(("smtp_550", "smtp_5.2.0", "smtp_5.2.1"), _CLOSED),
    **dict.fromkeys(("smtp_4.2.2", "smtp_5.2.2", "smtp_452"), Error(Class.PAUSE, wait=FULL)),
    **dict.fromkeys(("smtp_421", "smtp_4.7.28"), Error(Class.RETRY_SLOWLY, wait=60.0)),
    **dict.fromkeys(("smtp_552", "smtp_554", "smtp_5.2.3", "smtp_5.3.4"), Error(Class.MESSAGE)),
    **dict.fromkeys(("smtp_501", *(f"smtp_4.1.{n}" for n in (0, 1, 2, 3, 4, 6, 10))), _RECIPIENT),
    **{f"relay_{stage}": _OURS for stage in (*_BEFORE, "sender")},
    **{f"relay_{stage}_later": Error(Class.RETRY_SLOWLY, wait=60.0) for stage in _BEFORE},
}


def _plain(address: str) -> str:
    if not _PLAIN.fullmatch(address):
        raise ValueError("a dot where none can be")
    return address


Mailbox = Annotated[str, Field(pattern=_ADDRESS, max_length=200), AfterValidator(_plain)]


def _usable(password: SecretStr | None) -> SecretStr | None:
    if password is not None and not re.fullmatch(r"[^\x00-\x1f\x7f]{1,200}", password.get_secret_value()):
        raise ValueError("1 to 200 characters")
    return password


class SmtpConfig(ProviderConfig):
    """A relay, and who writes by it. `subject`: of mails whose text has none of its own."""

    provider: Literal["smtp"] = "smtp"
    host: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})*$")]
    port: Annotated[int, Field(ge=1, le=65_535)] = 587
    security: Security = "starttls"
    user: Annotated[str | None, Field(pattern=r"^[!-~]{1,200}$")] = None
    password: Annotated[SecretStr | None, AfterValidator(_usable)] = None
    from_address: Mailbox
    from_name: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*$", max_length=100)] = ""
    reply_to: Mailbox | None = None
    bounces_to: Mailbox | None = None
    subject: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]*\S[^\x00-\x1f\x7f]*$", max_length=MAX_SUBJECT)]

    @model_validator(mode="after")
    def _fit_together(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user and password go together")
        if self.user is not None and self.security == "none":
            raise ValueError("a password is not sent in the clear")
        return self


@dataclass(frozen=True, slots=True)
class Smtp(Adapter):
    """A channel of mails. Where a stand-in plays the relay, it is that of its host, at the channel's own port."""

    config: SmtpConfig

    code: ClassVar[str] = "smtp"
    home: ClassVar[str] = "https://relay.invalid/"
    source: ClassVar[str] = "RFC 5321, 3461–3464, 8058 (high); codes without an enhanced one (medium)"
    channels: ClassVar[frozenset[ChannelKind]] = frozenset({ChannelKind.EMAIL})
    limits: ClassVar[Limits] = Limits(
        rate_5s=50, remembers=None, unknown_after=timedelta(hours=1), text=50_000, confirms=False, paused_for=PAUSED
    )
    codes: ClassVar[Mapping[str, Error]] = _CODES
    Config: ClassVar[type[ProviderConfig]] = SmtpConfig

    @property
    def account(self) -> str:
        return f"{self.config.host}:{self.config.user or self.config.from_address}"

    @property
    def sender(self) -> str:
        return self.config.from_address

    @classmethod
    def address(cls, customer: Identities) -> str | None:
        """Return the customer's e-mail, if a plain envelope can carry it."""
        return customer.email if customer.email and _PLAIN.fullmatch(customer.email) else None

    @classmethod
    def error(cls, code: str) -> Error | None:
        """Return what a code means: of one that is not listed, what its first figures say (RFC 3463).

        Reports have such codes too, and any who got a mail can write one: none of them speaks of the channel.
        """
        if (known := cls.codes.get(code)) is not None or (found := _CODE.fullmatch(code)) is None:
            return known
        kind, subject = found[1] or found[4], found[2]
        if kind == "4":
            return _LATER
        return _RECIPIENT if subject == "5" else Error(Class.MESSAGE) if kind == "5" else None

    @classmethod
    def reference(cls, key: str, address: str) -> str | None:
        """Return our own name for a mail: nothing that is not hexadecimal, for it stands in addresses."""
        del address
        return key.replace("-", "").lower()

    def request(self, message: Outbound) -> Mail | Refused:
        """Return the mail."""
        if not _PLAIN.fullmatch(message.address):
            return Refused(Class.RECIPIENT, "address_unwritable")
        config, name = self.config, message.reference or self.reference(message.key, message.address) or ""
        bounces, domain = config.bounces_to or config.from_address, config.from_address.partition("@")[2]
        local, _, host = bounces.partition("@")
        own = urlsplit(self.api).hostname if self.api != self.home else None
        return Mail(
            host=own or config.host,
            port=config.port,
            security="none" if own else config.security,
            sender=f"{local}+{name}@{host}" if config.bounces_to else bounces,
            recipient=message.address,
            content=_head(name, domain, message.unsubscribe_url) + self._content(message),
            user=None if own else config.user,
            password=config.password.get_secret_value() if config.password and not own else None,
            notify=name if config.bounces_to else None,
        )

    def answer(self, reply: Reply, message: Outbound) -> Answer:
        """Read what the relay said last."""
        stage, text = reply.headers.get("stage", ""), reply.body.decode("utf-8", "replace")
        if stage == "content" and reply.status == 250:
            return Accepted(message.reference or message.key)
        if not stage or not 400 <= reply.status < 600:
            return Unclear(f"smtp_{reply.status}")
        enhanced = _ENHANCED.match(text)
        code = f"smtp_{enhanced[0] if enhanced else reply.status}"
        if stage in _BEFORE:
            code = f"relay_{stage}" if reply.status >= 500 else f"relay_{stage}_later"
        elif stage == "sender" and reply.status >= 500:
            code = "relay_sender"  # all mails have the same
        elif stage == "sender" and code.startswith("smtp_4.1."):
            code = f"smtp_{reply.status}"  # said of us, not of who is to have it
        elif code == "smtp_550" and stage != "recipient":
            code = "smtp_554"  # said of the mail, not of who is to have it
        known = _OURS if stage == "content" and code in _UNPROVED else self.error(code)
        if stage in _UNSURE and _UNSURE[stage].fullmatch(code):
            known = None
        return Refused(known.error if known else None, code, text[:200], known.wait if known else None)

    def read(self, raw: Raw) -> Reading:
        """Read a mail that a mail server posts: a bounce, a complaint, or what a customer answers."""
        return mail_of(raw.body, self.config.from_address)

    def _content(self, message: Outbound) -> bytes:
        config = self.config
        subject, text = _parts(message.text, config.subject)
        mail = EmailMessage(SMTP.clone(cte_type="7bit"))
        mail["From"] = Address(config.from_name, addr_spec=config.from_address)
        mail["To"] = Address(addr_spec=message.address)
        mail["Subject"] = subject
        mail["Date"] = format_datetime(message.offered_at or NO_TIME)
        if config.reply_to is not None:
            mail["Reply-To"] = Address(addr_spec=config.reply_to)
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content("\n\n".join(_paragraphs(text, message.unsubscribe_url)))
        return mail.as_bytes()


def _head(name: str, domain: str, unsubscribe: str | None) -> bytes:
    """Return the headers that are not to be folded: a link in an encoded word would be no link."""
    lines = [f"Message-ID: <{name}@{domain}>"]
    if unsubscribe is not None:
        lines += [f"List-Unsubscribe: <{unsubscribe}>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click"]
    return "".join(f"{line}\r\n" for line in lines).encode("ascii", "replace")


def _paragraphs(text: str, unsubscribe: str | None) -> Iterator[str]:
    yield text
    if unsubscribe is not None:
        yield f"Отписаться / Unsubscribe: {unsubscribe}"


def _parts(text: str, subject: str) -> tuple[str, str]:
    """Return subject and text of a mail; no text has a character that a header or a mail cannot."""
    lines = [_printable(line) for line in text.splitlines()] or [""]
    if len(lines) > 2 and lines[0].strip() and not lines[1].strip() and len(lines[0]) <= MAX_SUBJECT:
        return lines[0].strip(), "\n".join(lines[2:])
    return subject, "\n".join(lines)


def _printable(line: str) -> str:
    return "".join(c for c in line if c == "\t" or c.isprintable() or c.isspace()).replace("\x00", "")
