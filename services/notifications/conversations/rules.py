"""How a customer can be answered: by which channel, in free text or by a template alone."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from libs.common.contracts.shared import IdentityKind
from services.notifications.addresses.rules import Barred, window_open
from services.notifications.ladders.rules import Stop
from services.notifications.providers.values import Identities

#: An answer that could not be sent for so long is not wanted any more: it fails, and its author hears of it.
ANSWER_WITHIN = timedelta(hours=1)
_NUMBERS = (IdentityKind.WHATSAPP, IdentityKind.PHONE)


class Writer(StrEnum):
    """Who wrote a message of a conversation."""

    CUSTOMER = "customer"
    PERSON = "person"  # one of us, through the API
    APP = "app"  # one of us, in the provider's own app
    PLAYBOOK = "playbook"


class Whose(StrEnum):
    """Whose conversations are listed: those of the caller, or those that no operator works."""

    MINE = "mine"
    UNASSIGNED = "unassigned"


@dataclass(frozen=True, slots=True)
class Way:
    """A channel by which a customer can be written to. `heard_at`: when they last wrote to it, where that counts.

    `window`: for how long after that the provider allows free text; None: always. `text`: the characters it takes.
    `writers`: the roles that may write free text; None: all.
    """

    channel_id: UUID
    code: str
    kind: str
    provider: str
    address: str
    text: int
    halted: bool = False
    barred: Barred | Stop | None = None
    window: timedelta | None = None
    heard_at: datetime | None = None
    writers: Collection[str] | None = None

    @property
    def open_until(self) -> datetime | None:
        """Return until when free text is allowed; None: always, or not now."""
        return None if self.window is None or self.heard_at is None else self.heard_at + self.window

    def takes_text(self, role: str | None, now: datetime) -> bool:
        """Return whether a role may write free text now, and the provider allows it."""
        return (self.writers is None or role in self.writers) and window_open(self.heard_at, self.window, now)

    @property
    def refusal(self) -> str | None:
        """Return why nothing at all can be sent this way now."""
        return self.barred or (Stop.CHANNEL_HALTED if self.halted else None)

    def deadline(self, now: datetime) -> datetime:
        """Return until when a free text is sent: not beyond the window."""
        return min(now + ANSWER_WITHIN, self.open_until or now + ANSWER_WITHIN)


class Shown(NamedTuple):
    """What the last message by a channel shows of its customer: pairs of kind and value, the address first."""

    channel_id: UUID
    known_by: Sequence[tuple[str, str]]


def identities(channel_id: UUID, shown: Iterable[Shown], person: Mapping[str, str | None] | None) -> Identities:
    """Return what a channel may reach a customer by: as they wrote to it, else as is known of them besides."""
    seen = list(shown)
    own = [pair for one in seen if one.channel_id == channel_id for pair in one.known_by]
    known = [*own, *(pair for one in seen for pair in one.known_by)]
    numbers = [value for kind, value in own if kind in _NUMBERS]
    numbers += filter(None, [(person or {}).get("phone")])
    numbers += [value for kind, value in known if kind in _NUMBERS]
    email = next((value for kind, value in known if kind == IdentityKind.EMAIL), None)
    return Identities(next(iter(numbers), None), email, dict(reversed(known)))


def choose(ways: Sequence[Way], last: UUID | None) -> Way | None:
    """Return the way to answer by when none is named: the one that the customer wrote by, else the first."""
    return next((way for way in ways if way.channel_id == last), next(iter(ways), None))
