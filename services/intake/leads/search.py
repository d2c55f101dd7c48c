"""Free-text search of leads: any number, a name, a phone in any spelling or a part of one, an e-mail (S4.15).

Every way gives lead ids by a look into an index of its own; only parts of a phone and names read all leads.
"""

import unicodedata

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, union_all

from libs.common.contracts.shared import IdentityKind
from services.intake.customers.tables import customer, identity
from services.intake.leads.tables import lead
from services.intake.orders.queries import numbered
from services.intake.orders.tables import sales_order
from services.intake.sources.tables import source

LOCAL_DIGITS = 10  # of a number without country code or trunk prefix
LEAST_DIGITS = 4  # of a part of a phone
_MOST_WORDS = 5  # of a name

_Ids = Select[tuple[object, ...]]


def matching(text: str) -> ColumnElement[bool]:
    """Return the condition on leads that a text finds, a merged one as its winner; an empty one finds nothing."""
    text = text.strip()
    digits = "".join(str(unicodedata.decimal(c)) for c in text if c.isdecimal())
    ways = [*_by_number(text), *_by_phone(text, digits), *_by_email(text), *_by_name(text)]
    if not ways:
        return lead.c.id.is_(None)
    one = lead.alias()
    return lead.c.id.in_(select(func.coalesce(one.c.merged_into, one.c.id)).where(one.c.id.in_(union_all(*ways))))


def _by_number(text: str) -> list[_Ids]:
    """Find our number of an order, the source's number, and its id."""
    return [select(sales_order.c.lead_id).where(numbered(text))] if text else []


def _by_phone(text: str, digits: str) -> list[_Ids]:
    """Find a whole number by its last digits, with any prefix and words around it, or a part of one."""
    if len(digits) >= LOCAL_DIGITS:
        ending = digits[-LOCAL_DIGITS:]
        known_by = _customers(IdentityKind.PHONE, identity.c.value.in_([f"+{digits.lstrip('0')}", f"+7{ending}"]))
        ends = func.reverse(lead.c.phone).like(f"{ending[::-1]}%")
        return [select(lead.c.id).where(lead.c.phone.is_not(None), ends), known_by]
    if len(digits) < LEAST_DIGITS or any(c.isalpha() for c in text):
        return []
    return [select(lead.c.id).where(_part_of_phone(digits))]


def _part_of_phone(digits: str) -> ColumnElement[bool]:
    """Return the condition of a part: also one with a trunk prefix, or of a number that cannot be read."""
    raw = func.regexp_replace(lead.c.phone_raw, r"\D", "", "g")
    found = [lead.c.phone.contains(digits), and_(lead.c.phone.is_(None), raw.contains(digits))]
    if digits.startswith("8"):
        found.append(lead.c.phone.startswith(f"+7{digits[1:]}"))
    if digits.startswith("0") and len(digits.lstrip("0")) >= LEAST_DIGITS:
        found.append(lead.c.phone.contains(digits.lstrip("0")))
    return or_(*found)


def _by_email(text: str) -> list[_Ids]:
    if "@" not in text:
        return []
    email = text.lower()
    return [
        select(lead.c.id).where(lead.c.email == email),
        _customers(IdentityKind.EMAIL, identity.c.value == email),
    ]


def _by_name(text: str) -> list[_Ids]:
    """Find a name by its words in any order."""
    words = text.split()[:_MOST_WORDS]
    if "@" in text or not any(c.isalpha() for c in text):
        return []
    return [select(lead.c.id).where(*(lead.c.name.icontains(word, autoescape=True) for word in words))]


def _customers(kind: IdentityKind, value: ColumnElement[bool]) -> _Ids:
    """Find the leads of customers who are known by an identity, which a lead itself need not name."""
    desks = select(source.c.desk).distinct()
    known = select(identity.c.customer_id).where(identity.c.desk.in_(desks), identity.c.kind == kind.value, value)
    merged = select(customer.c.id).where(customer.c.merged_into.in_(known))
    return select(lead.c.id).where(lead.c.customer_id.in_(union_all(known, merged)))
