"""The types of a template's placeholders, and whether words are of a type (S4.12).

Who fills a message in writes words: `4 990 ₽`, `03.03.2026 12:00`. A type says which words can stand there.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum


class PlaceholderType(StrEnum):
    """What a placeholder is filled with."""

    TEXT = "text"
    NUMBER = "number"
    MONEY = "money"
    DATE = "date"
    MOMENT = "moment"
    LINK = "link"
    EMAIL = "email"
    PHONE = "phone"


#: What the placeholders that every desk has are filled with; others are what the playbook's fields say.
KNOWN: Mapping[str, PlaceholderType] = {
    "amount": PlaceholderType.MONEY,
    "desk_title": PlaceholderType.TEXT,
    "email": PlaceholderType.EMAIL,
    "items": PlaceholderType.TEXT,
    "name": PlaceholderType.TEXT,
    "operator_name": PlaceholderType.TEXT,
    "order_number": PlaceholderType.TEXT,
    "partner_address": PlaceholderType.TEXT,
    "partner_site": PlaceholderType.LINK,
    "partner_title": PlaceholderType.TEXT,
    "payment_link": PlaceholderType.LINK,
    "phone": PlaceholderType.PHONE,
    "price": PlaceholderType.MONEY,
    "rate_date": PlaceholderType.DATE,
}
_DIGITS = r"\d{1,3}(?:[\s\u00a0\u202f]?\d{3})*(?:[.,]\d{1,6})?"
_NUMBER = re.compile(rf"[-−]?{_DIGITS}")
_MONEY = re.compile(rf"[-−]?{_DIGITS}[\s\u00a0\u202f]?(?:[A-Z]{{3}}|Br|[₽$€₸£₴₺₾֏]|руб\.?)")
_LINK = re.compile(r"https?://[^\s/.]+(?:\.[^\s/.]+)*(?::\d{1,5})?(?:[/?#]\S*)?", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@.]+")
_PHONE = re.compile(r"\+?\d[\d\s()\-]{5,24}\d")


def fits(kind: PlaceholderType, words: str) -> bool:
    """Return whether words are of a type; blank ones are of none."""
    said = words.strip()
    return bool(said) and _FITS[kind](said)


def _matches(pattern: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda said: pattern.fullmatch(said) is not None


def _parsed(form: str) -> Callable[[str], bool]:
    def read(said: str) -> bool:
        try:
            return datetime.strptime(said, form).strftime(form) == said  # noqa: DTZ007 - words on a local clock
        except ValueError:
            return False

    return read


_FITS: Mapping[PlaceholderType, Callable[[str], bool]] = {
    PlaceholderType.TEXT: lambda _: True,
    PlaceholderType.NUMBER: _matches(_NUMBER),
    PlaceholderType.MONEY: _matches(_MONEY),
    PlaceholderType.DATE: _parsed("%d.%m.%Y"),
    PlaceholderType.MOMENT: _parsed("%d.%m.%Y %H:%M"),
    PlaceholderType.LINK: _matches(_LINK),
    PlaceholderType.EMAIL: _matches(_EMAIL),
    PlaceholderType.PHONE: _matches(_PHONE),
}
