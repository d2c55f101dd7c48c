"""What was written → its row, and its event."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.envelope import MAX_KEY
from libs.common.contracts.notifications import MessageReceived
from libs.common.contracts.shared import Direction, Identity, IdentityKind, Speaker
from services.notifications.addresses.store import Place
from services.notifications.conversations.store import address_id
from services.notifications.media.store import Files
from services.notifications.providers.values import Written
from services.notifications.received.rules import says_stop


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message as a callback brought it: to which of our webhooks, and for which channel as the provider names it.

    `at` is the message's own time, `received_at` when we heard of it (business time).
    """

    hook_id: UUID
    sender: str | None
    external_id: str
    direction: Direction
    written: Written
    at: datetime
    received_at: datetime
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Kept:
    """A message with its id and its channel, as it is stored."""

    id: UUID
    channel: asyncpg.Record
    arrived: Arrived

    @property
    def stop(self) -> bool:
        """Whether the customer wants no advertisements, and says no more."""
        written, words = self.arrived.written, self.channel["stop_words"]
        said = written.stop or says_stop(written.text, written.button, words)
        return self.arrived.direction is Direction.IN and said

    @property
    def place(self) -> Place:
        """The address from which it came, or to which it went."""
        channel, (_, address) = self.channel, self.arrived.written.known_by[0]
        return Place(channel["desk"], channel["kind"], address, channel["id"])

    @property
    def files(self) -> Files:
        """What is to be fetched."""
        return Files(self.id, self.channel["desk"], self.arrived.written.files, self.arrived.received_at)

    @property
    def address_id(self) -> UUID:
        """The thread in which it stands until its customer is known."""
        return address_id(self.channel["desk"], *self.arrived.written.known_by[0])


def received_event(kept: Kept) -> Outgoing:
    """Return the event of a message that is stored now."""
    arrived, written, channel = kept.arrived, kept.arrived.written, kept.channel
    numbers = (value for kind, value in written.known_by if kind in (IdentityKind.WHATSAPP, IdentityKind.PHONE))
    person = Speaker(
        name=written.name,
        phone=next(numbers, None),
        identities=tuple(Identity(kind=kind, value=value) for kind, value in written.known_by),
        text=written.text,
        button=written.button,
        stop=kept.stop,
    )
    data = MessageReceived(
        message_id=kept.id,
        channel_id=channel["id"],
        channel=channel["kind"],
        channel_code=channel["code"],
        provider=channel["provider"],
        direction=arrived.direction,
        content=written.content,
        at=arrived.at,
        person=person,
    )
    kind, value = written.known_by[0]
    key = f"address:{kind}:{value}"[:MAX_KEY]
    return Outgoing(key, channel["desk"], arrived.received_at, data, Cause.fresh(arrived.traceparent))
