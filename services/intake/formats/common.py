"""Shared by the formats: names of fields, contacts, marketing marks."""

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import TypeAlias

from libs.common.domain.names import plain_name
from services.intake.formats.amounts import read_currency
from services.intake.formats.payload import opened
from services.intake.formats.rules import Json, Mapped, Path, Reason, UnreadableError
from services.intake.formats.texts import plain
from services.intake.formats.values import Reader, read_email

NAME, LINK, MARK, PHONE = 200, 2000, 300, 200
# All names of marks: marketing stands outside of an event's `person`, so no personal data may get in. `subject` and
# `subscriber_email` are no marks.
_MARK_NAME = re.compile(
    r"flow|webmaster(_id)?|click_?id|promo(code)?|referr?er|gclid|yclid|fbclid|sub\d{0,2}|sub_?id\d{0,2}"
    r"|utm_(source|medium|campaign|term|content|id|group|placement|source_platform|creative_format|marketing_tactic)"
)
# Names of objects that hold the fields of an order or of its person.
_ORDERS = frozenset({"order", "lead", "deal", "data", "payload"})
_WRAPPERS = _ORDERS | {
    "customer", "user", "client", "contact", "contacts", "person", "buyer", "visitor", "form", "fields",
    "form_fields", "form_data", "formdata", "answers", "values",
}  # fmt: skip
_IDS = frozenset({"id", "uid", "uuid", "number", "code", "status", "created_at", "updated_at"})
# An address; a number with a plus; a Russian, Kazakh or neighbouring one as people write it.
_PERSONAL = re.compile(
    r"@|%40|(?:\+|%2b)(?:[\s().-]*\d){8}"
    r"|(?<!\d)(?:[78][\s(.-]*[3-9]|9|37[35]|380|972|99[2-68])(?:[\s().-]*\d){9}(?!\d)",
    re.IGNORECASE,
)


#: A format's own names: our field → paths in the payload, the first that has a value wins.
Names: TypeAlias = Mapping[str, tuple[Path, ...]]


def names(**fields: str) -> dict[str, tuple[Path, ...]]:
    """Return a format's own names: our field → alternatives divided by spaces, dots for nested ones."""
    return {name: tuple(tuple(text.split(".")) for text in texts.split()) for name, texts in fields.items()}


def reader(payload: dict[str, Json], own: dict[str, tuple[Path, ...]], mapped: Mapped) -> Reader:
    """Return a reader of the paths in the source's map, else of the format's own names."""
    lower = _in_lower_case(payload)
    for name in _WRAPPERS & lower.keys():
        lower = _unwrapped(name, lower)
    return Reader(lower, {**own, **mapped.paths} if mapped.paths else own)


def is_read(path: str, known: Collection[str]) -> bool:
    """Return whether a field of a payload has one of the known names, or is within one, or is a mark."""
    parts = path.lower().split(".")
    while not _is_known(parts, known):
        if parts[0] not in _WRAPPERS or len(parts) == 1:
            return False
        parts = parts[1:]
    return True


def _is_known(parts: Sequence[str], known: Collection[str]) -> bool:
    within = {".".join(parts[:number]) for number in range(1, len(parts) + 1)}
    return parts[0] == "marketing" or _mark(parts[-1]) is not None or not within.isdisjoint(known)


def _in_lower_case(payload: dict[str, Json]) -> dict[str, Json]:
    """Return the payload with its names in lower case too; they are tried besides, never instead."""
    lower = {name.lower(): value for name, value in payload.items()}
    return lower if lower.keys() == payload.keys() else lower | payload


def _unwrapped(name: str, payload: dict[str, Json]) -> dict[str, Json]:
    """Return the payload with what an object in it says (`customer[phone]`), where it does not say so itself."""
    inner = opened(payload[name])
    if not isinstance(inner, dict):
        return payload
    said = _in_lower_case(inner)
    for deeper in _WRAPPERS & said.keys():
        nested = opened(said[deeper])
        if isinstance(nested, dict):
            said = {**_of_wrapper(deeper, _in_lower_case(nested)), **said}
    return {**_of_wrapper(name, said), **payload}


def _of_wrapper(name: str, said: dict[str, Json]) -> dict[str, Json]:
    # The id of a person or of a form is not that of their order.
    return said if name in _ORDERS else {key: value for key, value in said.items() if key not in _IDS}


def contacts(read: Reader) -> tuple[str | None, str | None, str | None]:
    """Return name, phone as typed, e-mail. Raises UnreadableError without any contact."""
    name = _name(read, "name")
    if name is None:
        parts = _name(read, "first_name"), _name(read, "last_name")
        name = " ".join(filter(None, parts))[:NAME] or None
    phone = read.clean("phone", _joined(read.value("phone")), PHONE)
    if phone is not None and not any(c.isdigit() for c in phone):
        read.note("phone", "no_digits", phone)
        phone = None
    typed = read.text("email", 254)
    email = read_email(typed)
    if typed and email is None:
        read.note("email", "not_an_address", typed)
    if phone is None and email is None:
        for field, typed_there in (("phone", read.value("phone")), ("email", typed)):
            if typed_there is None:
                read.note(field, "missing", ", ".join(".".join(path) for path in read.paths.get(field, ())))
        raise UnreadableError(Reason.NO_CONTACT, *read.notes)
    return name, phone, email


def _name(read: Reader, field: str) -> str | None:
    """Return a name without links and line breaks, which would leave in our messages."""
    typed = read.text(field, NAME)
    name = plain_name(typed) if typed else ""
    if typed and name != typed:
        read.note(field, "changed_name", typed)
    return name or None


def _joined(value: Json) -> Json:
    """Return several numbers of one field as one text."""
    texts = [str(each) for each in value if isinstance(each, str | int)] if isinstance(value, list) else []
    return ", ".join(texts) if texts else value


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
    return (read_currency(plain(amount)) if isinstance(amount, str) else None) or default


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
