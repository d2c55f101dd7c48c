"""Variables of message templates, without personal data (S4.12)."""

from dataclasses import dataclass
from typing import assert_never
from uuid import UUID

from services.tasks.engine.facts import UNKNOWN, Customer
from services.tasks.engine.fields import said_fields
from services.tasks.engine.prices import PRICED, money, priced
from services.tasks.engine.state import State
from services.tasks.playbooks.messages import Addressee, MessageSpec
from services.tasks.playbooks.model import Playbook

#: All that `variables` may name, and what notifications fills in of the person who is written to.
VARIABLES = (
    "order_number", "amount", "items", "payment_link", "desk_title", "operator_name", "partner_title",
    "partner_address", "partner_site",
)  # fmt: skip
OF_PERSON = ("name", "phone", "email")


@dataclass(frozen=True, slots=True)
class Recipient:
    """Who gets a message, with the language and the zone (and its source) in which it is written to them."""

    person: Customer
    language: str
    zone: str
    zone_source: str | None = None


def recipient(state: State, to: Addressee) -> Recipient | None:
    """Return who gets a message; None: the process knows no such one, or no address of them."""
    if to is Addressee.TEAM:
        return Recipient(UNKNOWN, state.desk.languages[0], state.desk.zone)
    found = _person(state, to)
    return found if found is not None and found.person.has_address else None


def _person(state: State, to: Addressee) -> Recipient | None:
    match to:
        case Addressee.CUSTOMER:
            facts = state.facts
            return Recipient(facts.customer, message_language(state), facts.zone, facts.zone_source)
        case Addressee.PARTNER:
            known = state.partner
            return None if known is None else Recipient(known.person, _language(state, known.language), known.zone)
        case Addressee.OWNER:
            return _colleague(state, state.owner.id if state.owner else None)
        case Addressee.CONSULTANT:
            return _colleague(state, state.partner.consultant_id if state.partner else None)
        case Addressee.TEAM:
            return None
        case _:
            assert_never(to)


def _colleague(state: State, who: UUID | None) -> Recipient | None:
    found = state.staff.get(who) if state.staff is not None and who is not None else None
    return None if found is None else Recipient(found.contact, state.desk.languages[0], state.desk.zone)


def variables(state: State, language: str) -> dict[str, str]:
    """Return the variables that have a value; a message whose template needs another one fails."""
    order = state.facts.order
    found = {
        "order_number": order.number if order else "",
        "amount": money(order.amount, order.currency) if order else "",
        "items": ", ".join(order.items) if order else "",
        "payment_link": (order.payment_link or "") if order else "",
        "desk_title": state.desk.title_en if language == "en" else state.desk.title_ru,
        "operator_name": state.owner.name if state.owner else "",
        **_of_partner(state, language),
    }
    return {name: value for name, value in found.items() if value}


def fillable(playbook: Playbook, message: MessageSpec) -> tuple[str, ...]:
    """Return the placeholders that a template of a message may have; the team's names no person."""
    person = () if message.to is Addressee.TEAM else OF_PERSON
    prices = PRICED if message.price_in else ()
    return (*VARIABLES, *prices, *person, *said_fields(playbook))


def prices(state: State, message: MessageSpec) -> dict[str, str]:
    """Return what a message may say of the price in the customer's currency (S4.12)."""
    order = state.facts.order
    if message.price_in is None or order is None:
        return {}
    return priced(order.amount, order.currency, state.fields.get(message.price_in), state.rates)


def _of_partner(state: State, language: str) -> dict[str, str]:
    """Return what a message may say of the partner: their public name, where they are, their site (S0.6)."""
    partner = state.partner
    if partner is None:
        return {}
    return {
        "partner_title": partner.title.of(language),
        "partner_address": partner.address or "",
        "partner_site": partner.site or "",
    }


def message_language(state: State) -> str:
    """Return the subject's language if the desk has it, else the desk's first language."""
    return _language(state, state.facts.language)


def _language(state: State, wanted: str) -> str:
    desk = state.desk.languages
    return wanted if wanted in desk else desk[0]
