"""What is known of a customer's address, and whether it may be written to."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.notifications.providers.values import ChannelKind

UNREACHABLE_FOR = timedelta(days=30)
# Messengers number their users by themselves: elsewhere the same figures are another person.
_NUMBERED = frozenset({ChannelKind.MAX, ChannelKind.TELEGRAM})


class Barred(StrEnum):
    """Why an address is not written to; published as the code of `message.failed`."""

    OPTED_OUT = "opted_out"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one address of a kind. `unreachable_until`: that day it is worth a try again."""

    unreachable_until: datetime | None = None
    opted_out: bool = False
    opted_out_of_marketing: bool = False


class AddressBook:
    """What is known of a desk's addresses, by kind and address."""

    def __init__(self, known: Mapping[tuple[str, str], Known]) -> None:
        self._known = known
        self._opted_out = {_whose(*place) for place, one in known.items() if one.opted_out}
        self._no_marketing = {_whose(*place) for place, one in known.items() if one.opted_out_of_marketing}

    def barred(self, kind: str, address: str, now: datetime, *, marketing: bool = False) -> Barred | None:
        """Return why an address may not be written to. Who opts out by a number does so by all its kinds (P.14)."""
        whose = _whose(kind, plain(address))
        if whose in self._opted_out or (marketing and whose in self._no_marketing):
            return Barred.OPTED_OUT
        one = self._known.get((kind, plain(address)), Known())
        if one.unreachable_until is not None and now < one.unreachable_until:
            return Barred.UNREACHABLE
        return None


def _whose(kind: str, address: str) -> tuple[str, str]:
    """Return what is the same for all kinds of channels where an address is the same customer's."""
    return kind if kind in _NUMBERED else "", address


def plain(address: str) -> str:
    """Return an address as it is remembered: a phone number in its digits alone, whichever way it is written."""
    return address.removeprefix("+")


def window_open(heard_at: datetime | None, window: timedelta | None, now: datetime) -> bool:
    """Return whether free text is allowed: a customer's last message opens the `window`; None: it always is."""
    return window is None or (heard_at is not None and now < heard_at + window)


def said_at(at: datetime, received_at: datetime) -> datetime:
    """Return when a customer wrote: by the provider's clock, if it gave a time that can be true."""
    return at if received_at - timedelta(days=7) < at < received_at else received_at
