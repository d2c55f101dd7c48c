"""What a format says whose sender is a telephone exchange that takes commands: dial, and pass a call on.

Pure as every format: it makes requests and reads answers, and `calls` does everything else, the same for all. What
becomes of a call is said by the exchange's own events, never by the answer to a command (P.11).
"""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from libs.common.connect.command.rules import Answer
from libs.common.connect.exchange import HttpRequest, Reply
from services.intake.formats.base import Format


@dataclass(frozen=True, slots=True)
class Dial:
    """Ring an extension, then the customer. `number` is E.164, `command_id` what the events will repeat.

    `label`: what the call is to say of us, by the source of its lead; an exchange passes it on if it can.
    """

    command_id: str
    extension: str
    number: str
    label: str | None = None


@dataclass(frozen=True, slots=True)
class Transfer:
    """Pass a call on, unasked: `leg` is the one in which `extension` talks, `to` the extension that takes over."""

    command_id: str
    leg: str
    extension: str
    to: str


@dataclass(frozen=True)
class ExchangeFormat(Format):
    """A format of calls, both ways.

    `home` is the root of its API, `rate_5s` how many commands its account may give in five seconds, `unknown_after`
    how long events of a command without an answer may stay out.
    """

    home: ClassVar[str]
    rate_5s: ClassVar[int]
    unknown_after: ClassVar[timedelta] = timedelta(minutes=2)

    @property
    @abstractmethod
    def account(self) -> str:
        """What the provider limits by; it may be a secret."""

    @abstractmethod
    def dial(self, call: Dial, api: str) -> HttpRequest:
        """Return the request that starts a call; `api` is the root of the provider's API, or of its stand-in."""

    @abstractmethod
    def transfer(self, call: Transfer, api: str) -> HttpRequest:
        """Return the request that passes a call on."""

    def recording(self, reference: str, api: str) -> HttpRequest | None:
        """Return the request for a link to a recording that the provider keeps; None: it gives none."""
        del reference, api
        return None

    def link(self, reply: Reply) -> str | None:
        """Read the link from the reply, of any shape. Raises nothing."""
        return reply.headers.get("location") if 300 <= reply.status < 400 else None

    @abstractmethod
    def answer(self, reply: Reply, command_id: str) -> Answer:
        """Read the reply to a command, of any shape. Raises nothing."""
