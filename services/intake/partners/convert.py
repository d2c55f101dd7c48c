"""Rows of partners ↔ cards, cards → events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.intake import PartnerChanged
from libs.common.contracts.shared import CallingHours, CallsGoTo, Customer, Language, Text
from services.intake.partners.rules import Hours, Span


@dataclass(frozen=True, slots=True)
class Card:
    """What may change of a partner (S0.12). `title` has a text per language, `person` is how they are reached."""

    title: Mapping[str, str]
    language: Language
    zone: str
    hours: tuple[CallingHours, ...]
    calls_go_to: CallsGoTo
    operator_id: UUID | None
    consultant_id: UUID | None
    address: str | None
    site: str | None
    person: Customer
    active: bool
    card_link: str | None = None
    cabinet_link: str | None = None
    lines: tuple[str, ...] = ()
    listens: bool = False


def card_of(row: asyncpg.Record) -> Card:
    """Return the card of a stored partner."""
    return Card(
        title=row["title"],
        language=Language(row["language"]),
        zone=row["zone"],
        hours=_spans(row),
        calls_go_to=CallsGoTo(row["calls_go_to"]),
        operator_id=row["operator_id"],
        consultant_id=row["consultant_id"],
        address=row["address"],
        site=row["site"],
        person=Customer.model_validate(row["person"]),
        active=row["active"],
        card_link=row["card_link"],
        cabinet_link=row["cabinet_link"],
        lines=tuple(row["lines"]),
        listens=row["listens"],
    )


def hours_of(row: asyncpg.Record) -> Hours:
    """Return when a stored partner works."""
    return Hours(ZoneInfo(row["zone"]), tuple(Span(**span.model_dump()) for span in _spans(row)))


def columns_of(card: Card) -> tuple[object, ...]:
    """Return a card as it is stored, in the order of the statements."""
    return (
        dict(card.title),
        card.language.value,
        card.zone,
        [span.model_dump() for span in card.hours],
        card.calls_go_to.value,
        card.operator_id,
        card.consultant_id,
        card.address,
        card.site,
        card.person.model_dump(mode="json"),
        card.active,
        card.card_link,
        card.cabinet_link,
        list(card.lines),
        card.listens,
    )


def changed_event(
    partner_id: UUID, desk: str, code: str, card: Card, version: int, now: datetime, cause: Cause,
    *, again: bool = False,
) -> Outgoing:  # fmt: skip
    """Return `partner.changed` of a partner as they are now."""
    # Who may listen is between intake and the partner.
    members = {name: getattr(card, name) for name in Card.__slots__ if name != "listens"}
    data = PartnerChanged(
        partner_id=partner_id,
        code=code,
        version=version,
        again=again,
        **{**members, "title": Text.model_validate(card.title)},
    )
    return Outgoing(key=f"partner:{partner_id}", desk=desk, time=now, data=data, cause=cause)


def _spans(row: asyncpg.Record) -> tuple[CallingHours, ...]:
    return tuple(CallingHours.model_validate(span) for span in row["hours"])
