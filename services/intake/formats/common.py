"""Shared by the formats: names of fields, contacts, marketing marks."""

import re
from functools import lru_cache

from services.intake.formats.rules import Json, Mapped, Path, Reason, UnreadableError
from services.intake.formats.values import Reader, read_currency, read_email

NAME, LINK, MARK = 200, 2000, 300
# All names of marks: marketing stands outside of an event's `person`, so no personal data may get in. `subject` and
# `subscriber_email` are no marks.
_MARK_NAME = re.compile(
    r"flow|webmaster(_id)?|click_?id|promo(code)?|referr?er|gclid|yclid|fbclid|sub\d{0,2}|sub_?id\d{0,2}"
    r"|utm_(source|medium|campaign|term|content|id|group|placement|source_platform|creative_format|marketing_tactic)"
)
# An address; a number with a plus; a Russian, Kazakh or neighbouring one as people write it.
_PERSONAL = re.compile(
    r"@|%40|(?:\+|%2b)(?:[\s().-]*\d){8}"
    r"|(?<!\d)(?:[78][\s(.-]*[3-9]|9|37[35]|380|972|99[2-68])(?:[\s().-]*\d){9}(?!\d)",
    re.IGNORECASE,
)


def names(**fields: str) -> dict[str, tuple[Path, ...]]:
    """Return a format's own names: our field → alternatives divided by spaces, dots for nested ones."""
    return {name: tuple(tuple(text.split(".")) for text in texts.split()) for name, texts in fields.items()}


def reader(payload: dict[str, Json], own: dict[str, tuple[Path, ...]], mapped: Mapped) -> Reader:
    """Return a reader of the paths in the source's map, else of the format's own names."""
    lower = {name.lower(): value for name, value in payload.items()}
    if lower.keys() != payload.keys():
        lower |= payload
    return Reader(lower, {**own, **mapped.paths} if mapped.paths else own)


def contacts(read: Reader) -> tuple[str | None, str | None, str | None]:
    """Return name, phone as typed, e-mail. Raises UnreadableError without any contact."""
    name = read.text("name", NAME)
    if name is None:
        parts = read.text("first_name", NAME), read.text("last_name", NAME)
        name = " ".join(filter(None, parts))[:NAME] or None
    phone = read.text("phone", 64)
    if phone is not None and not any(c.isdigit() for c in phone):
        read.note("phone", "no_digits", phone)
        phone = None
    typed = read.text("email", 254)
    email = read_email(typed)
    if typed and email is None:
        read.note("email", "not_an_address", typed)
    if phone is None and email is None:
        raise UnreadableError(Reason.NO_CONTACT, *read.notes)
    return name, phone, email


def currency(read: Reader, default: str) -> str:
    """Return the order's currency: named, else by the sign in the amount, else the source's."""
    given = read.text("currency", 10)
    if given:
        code = read_currency(given)
        if code is None and len(given) == 3 and given.isascii() and given.isalpha():
            code = given.upper()
        if code is None:
            read.note("currency", "unknown_currency", given)
        return code or default
    amount = read.value("amount")
    return (read_currency(amount) if isinstance(amount, str) else None) or default


@lru_cache(maxsize=4096)
def _mark(name: str) -> str | None:
    """Return the mark that a payload's name is, None when it is none; a source's names are always the same."""
    return name.lower() if _MARK_NAME.fullmatch(name.lower()) else None


def marketing(read: Reader) -> dict[str, str]:
    """Return the marketing marks of the payload and of its object `marketing`, without personal data."""
    nested = read.payload.get("marketing")
    sources = [nested] if isinstance(nested, dict) else []
    marks: dict[str, str] = {}
    for source in (*sources, read.payload):
        for name, value in source.items():
            mark = _mark(name)
            if mark is None:
                continue
            text = read.clean(f"marketing.{mark}", value, MARK)
            if text and _PERSONAL.search(text):
                read.note(f"marketing.{mark}", "personal_data")
            elif text:
                marks.setdefault(mark, text)
    return marks
