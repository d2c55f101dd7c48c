"""Decisions about contacts: who it was, and whether it opens a lead. Data in, decision out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never
from uuid import UUID

from libs.common.contracts.shared import ContactKind, Direction, IdentityKind, Signal
from libs.common.domain.phone import Phone, read_phone
from services.intake.deliveries.rules import is_false, signals_of

#: By which identity a customer is found first; one that a person shares with others comes last.
_PRECEDENCE = (
    IdentityKind.PHONE,
    IdentityKind.WHATSAPP,
    IdentityKind.BSUID,
    IdentityKind.MAX,
    IdentityKind.TELEGRAM,
    IdentityKind.INSTAGRAM,
    IdentityKind.EXTERNAL,
    IdentityKind.EMAIL,
)

Known = tuple[IdentityKind, str]


@dataclass(frozen=True, slots=True)
class Said:
    """What a sender says of a call or a message; `phone` is as typed, `identities` as the channel spells them.

    `text` and `button` are what a message says, `stop` whether that is a stop word and no more. `under_way`: a call
    that has not ended yet. It says who is called, and changes nothing of a call that has ended, should it come
    after its end. `command_id`: of the command of ours that started it; `leg`: in which people talk.
    """

    kind: ContactKind
    direction: Direction
    at: datetime
    external_id: str | None = None
    duration: int | None = None
    operator_id: UUID | None = None
    extension: str | None = None
    line: str | None = None
    recording: str | None = None
    message_id: UUID | None = None
    name: str | None = None
    phone: str | None = None
    email: str | None = None
    identities: tuple[Known, ...] = ()
    lead_id: UUID | None = None
    text: str | None = None
    button: str | None = None
    stop: bool = False
    under_way: bool = False
    command_id: str | None = None
    leg: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """The person of a contact. `known_by`: all identities in the order of locks; `others`: the channels' own."""

    name: str | None
    phone: Phone | None
    email: str | None
    known_by: tuple[Known, ...]
    others: tuple[Known, ...]
    signals: tuple[Signal, ...]


def direction_of(kind: ContactKind, given: Direction | None) -> Direction | None:
    """Return the direction of a contact; None when it is not said, or is not that of its kind."""
    match kind:
        case ContactKind.CALL_IN | ContactKind.MISSED:
            only = Direction.IN
        case ContactKind.CALL_OUT:
            only = Direction.OUT
        case ContactKind.MESSAGE:
            return given
        case _:
            assert_never(kind)
    return only if given in (None, only) else None


def read_person(said: Said, region: str, test_prefixes: Collection[str]) -> Person:
    """Return the person; `region` is the country of a local number (ISO 3166).

    A number that cannot be one identifies no person. A WhatsApp number is a phone too (P.13).
    """
    numbers = [value for kind, value in said.identities if kind in (IdentityKind.PHONE, IdentityKind.WHATSAPP)]
    typed = said.phone or next(iter(numbers), None)
    phone = read_phone(typed, region) if typed else None
    others = {known for each in said.identities if (known := read_known(each, region)) is not None}
    known_by = set(others)
    if phone is not None and phone.e164 is not None and not is_false(phone):
        known_by.add((IdentityKind.PHONE, phone.e164))
    known_by |= {(IdentityKind.PHONE, value) for kind, value in others if kind is IdentityKind.WHATSAPP}
    if said.email:
        known_by.add((IdentityKind.EMAIL, said.email))
    return Person(
        name=said.name,
        phone=phone,
        email=said.email or next((value for kind, value in others if kind is IdentityKind.EMAIL), None),
        known_by=tuple(sorted(known_by)),
        others=tuple(sorted(known for known in others if known[0] not in (IdentityKind.PHONE, IdentityKind.EMAIL))),
        signals=signals_of(phone, tuple(test_prefixes)),
    )


def owner_of(found: Mapping[Known, UUID], new: UUID) -> UUID:
    """Return the customer of a contact; `found` says whose each identity is: `new` had no owner."""
    owned = [(kind, value) for (kind, value), customer in found.items() if customer != new]
    return found[min(owned, key=lambda known: (_PRECEDENCE.index(known[0]), known[1]))] if owned else new


def spoke(said: Said) -> bool:
    """Return whether who is at the extension is who called or answered: while it only rings, they are neither."""
    match said.kind:
        case ContactKind.CALL_OUT:
            return True
        case ContactKind.CALL_IN:
            return said.leg is not None or not said.under_way
        case ContactKind.MISSED | ContactKind.MESSAGE:
            return False
        case _:
            assert_never(said.kind)


def recording_path(contact_id: UUID) -> str:
    """Return where leave to listen is asked for: nothing else of a recording is shown or published."""
    return f"/intake/v1/contacts/{contact_id}/recording"


def written_number(said: Said, person: Person, region: str) -> Known | None:
    """Return the one number that a person writes who is known by their channel alone: asked for it, they answer."""
    writes = said.direction is Direction.IN and said.text is not None
    if not writes or any(kind is IdentityKind.PHONE for kind, _ in person.known_by):
        return None
    phone = read_phone(said.text or "", region)
    one = phone.valid and not phone.others and not is_false(phone)
    return (IdentityKind.PHONE, phone.e164) if one and phone.e164 else None


def completed(person: Person, known_by: Sequence[Known]) -> Person:
    """Return a person with what their customer is known by besides, as a new lead of theirs is to have it."""
    number = next((value for kind, value in known_by if kind is IdentityKind.PHONE), None)
    address = next((value for kind, value in known_by if kind is IdentityKind.EMAIL), None)
    typed = person.phone is not None and person.phone.e164 is not None
    phone = person.phone if typed or number is None else Phone(number, number, valid=True)
    others = {known for known in known_by if known[0] not in (IdentityKind.PHONE, IdentityKind.EMAIL)}
    return replace(person, phone=phone, email=person.email or address, others=tuple(sorted(others)))


def callable_number(person: Person) -> str | None:
    """Return the number at which a person can be called."""
    return None if person.phone is None or is_false(person.phone) else person.phone.e164


def opens_lead(said: Said, person: Person) -> bool:
    """Return whether the contact of a customer without a live lead opens one: they turned to us, and are known."""
    return said.direction is Direction.IN and bool(person.known_by)


def read_known(known: Known, region: str) -> Known | None:
    """Return an identity as it is stored; None for a number that cannot be one."""
    kind, value = known
    match kind:
        case IdentityKind.PHONE | IdentityKind.WHATSAPP:
            phone = read_phone(value, region)
            return None if phone.e164 is None or is_false(phone) else (kind, phone.e164)
        case IdentityKind.EMAIL:
            return kind, value.lower()
        case (
            IdentityKind.BSUID
            | IdentityKind.MAX
            | IdentityKind.TELEGRAM
            | IdentityKind.INSTAGRAM
            | IdentityKind.EXTERNAL
        ):
            return known
        case _:
            assert_never(kind)
