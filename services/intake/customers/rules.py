"""Decisions about what customers are known by, and what their leads learn of it. Data in, decision out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from libs.common.contracts.shared import IdentityKind, ZoneSource
from libs.common.domain.phone import read_phone
from libs.common.domain.zones import zone_of_phone
from services.intake.contacts.rules import Known, read_known


class IdentityStep(StrEnum):
    """What became of an identity of a customer."""

    ATTACHED = "attached"
    DETACHED = "detached"


@dataclass(frozen=True, slots=True)
class Place:
    """A zone and by what it is known."""

    zone: str
    source: ZoneSource


@dataclass(frozen=True, slots=True)
class Reach:
    """By what the customer of a lead is reached, and in which zone; `false`: the number cannot be one."""

    phone: str | None
    phone_raw: str | None
    email: str | None
    false: bool = False
    zone: str = ""
    zone_source: ZoneSource = ZoneSource.DESK
    desk_zone: str = ""


def place_of(phone: str | None, address_zone: str | None, desk_zone: str) -> Place:
    """Return the zone of a customer: by their address, else by their number, else that of their source."""
    if address_zone is not None:
        return Place(address_zone, ZoneSource.ADDRESS)
    by_phone = zone_of_phone(phone)
    return Place(desk_zone, ZoneSource.DESK) if by_phone is None else Place(by_phone, ZoneSource.PHONE)


def place_by(phones: Sequence[str], address_zone: str | None, desk_zone: str | None) -> Place | None:
    """Return the zone of a customer by all that is known of them; None: nothing is."""
    known = address_zone or desk_zone or next(filter(None, map(zone_of_phone, phones)), None)
    if known is None:
        return None
    certain = next((phone for phone in phones if zone_of_phone(phone) is not None), None)
    return place_of(certain, address_zone, known)


def identities_of(given: Known, region: str) -> tuple[Known, ...]:
    """Return what an identity stands for, as it is stored; nothing when it can be none.

    A number of WhatsApp is a phone too (P.13). `region` is the country of a local number (ISO 3166).
    """
    kind, value = given
    if kind in (IdentityKind.PHONE, IdentityKind.WHATSAPP):
        value = read_phone(value, region).e164 or ""
    known = read_known((kind, value.strip()), region)
    if known is None:
        return ()
    if kind is IdentityKind.WHATSAPP:
        return (IdentityKind.PHONE, known[1]), known
    return (known,)


def reached(
    lead: Reach, known_by: Sequence[Known], gone: Known | None = None, address_zone: str | None = None
) -> Reach:
    """Return by what a lead's customer is reached: it learns what it lacks, and forgets what is theirs no more.

    A known number or address stays while it is theirs; a false number gives way to one that can be called.
    """
    phone, email = _first(known_by, IdentityKind.PHONE), _first(known_by, IdentityKind.EMAIL)
    lost = gone is not None and gone == (IdentityKind.PHONE, lead.phone)
    if lost or ((lead.phone is None or lead.false) and phone is not None):
        lead = replace(lead, phone=phone, phone_raw=phone, false=False)
    if lead.email is None or gone == (IdentityKind.EMAIL, lead.email):
        lead = replace(lead, email=email)
    place = place_of(None if lead.false else lead.phone, address_zone, lead.desk_zone)
    return replace(lead, zone=place.zone, zone_source=place.source)


def gained(before: Reach, after: Reach) -> str | None:
    """Return which details changed, for people; None: none did."""
    names = [name for name in ("phone", "email", "zone") if getattr(before, name) != getattr(after, name)]
    return ", ".join(names) or None


def _first(known_by: Sequence[Known], kind: IdentityKind) -> str | None:
    return next((value for each, value in known_by if each is kind), None)
