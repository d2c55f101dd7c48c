"""Reading what providers write: any bytes are read or named as unreadable, and nothing raises."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl

import orjson

from libs.common.connect.exchange import Reply
from libs.common.platform.http.json import parse_json
from libs.common.platform.http.problems import Problem
from services.notifications.providers.values import Raw

MAX_ID = 200
MAX_TEXT = 200
MAX_URL = 2000
MAX_PHONE = 15  # digits of an E.164 number
MAX_NUMBER = 20  # characters; ids of messages are numbers too
_UNSTORABLE, _REPLACED = re.compile("[\x00\ud800-\udfff]"), "\ufffd"
NO_TIME = datetime.fromtimestamp(0, UTC)  # so that a repeat of a callback without a time is recognised


def json_of(body: bytes) -> tuple[object, str]:
    """Return the value and no reason, or None and why it cannot be read or stored.

    A character that cannot be stored is U+FFFD, so that one element does not hide the others of its body.
    """
    try:
        return parse_json(body), ""
    except Problem as problem:
        code = problem.code
    try:
        return parse_json(orjson.dumps(_replaced(json.loads(body.decode("utf-8-sig", "replace"))))), ""
    except (ValueError, TypeError, RecursionError, Problem):
        return None, code


def _replaced(value: object) -> object:
    match value:
        case str():
            return _UNSTORABLE.sub(_REPLACED, value)
        case list():
            return [_replaced(each) for each in value]
        case dict():
            return {_UNSTORABLE.sub(_REPLACED, name): _replaced(each) for name, each in value.items()}
        case _:
            return value


def pairs_of(body: bytes) -> list[tuple[str, str]]:
    """Return the pairs of a form in their order; bytes that are no UTF-8 stay recognisable."""
    try:
        return parse_qsl(
            body.decode("latin-1"), keep_blank_values=True, errors="surrogateescape", max_num_fields=1000
        )
    except ValueError:
        return []


def fields_of(body: bytes) -> dict[str, str]:
    """Return the fields of a form, the last of each name, without what cannot be stored."""
    return {storable(name): storable(value) for name, value in pairs_of(body)}


def parameters_of(raw: Raw) -> dict[str, str]:
    """Return the query and the form of a request, the form's word being the last."""
    query = {storable(name): storable(value) for name, value in raw.query.items()}
    return {**query, **fields_of(raw.body)}


def storable(text: str) -> str:
    """Return a text without NUL characters, and without what is no character."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode()


def objects(value: object) -> Iterator[Mapping[str, object] | None]:
    """Yield the objects of a list, None for each element that is none; a value that is no list is one element."""
    for element in value if isinstance(value, list) else [None]:
        yield element if isinstance(element, dict) else None


def member(value: object, *path: str) -> object:
    """Return what stands under a path of names, or None."""
    for name in path:
        value = value.get(name) if isinstance(value, dict) else None
    return value


def words(value: object, limit: int = MAX_TEXT) -> str:
    """Return a text or a number as a text that can be stored, cut to `limit`; anything else is empty."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return storable(str(value))[:limit]


def texts_of(value: object, *names: str) -> dict[str, str] | None:
    """Return the members of these names that are texts; None without the first one."""
    found = {name: text for name in names if (text := words(member(value, name)))}
    return found if names[0] in found else None


def number(value: object) -> str | None:
    """Return a whole number as a text, given as a number or a text, or None."""
    text = words(value, MAX_NUMBER + 1)
    figures = text.removeprefix("-")
    return text if len(text) <= MAX_NUMBER and figures.isascii() and figures.isdecimal() else None


def identifier(value: object) -> str | None:
    """Return an id that can be kept whole, or None."""
    text = words(value, MAX_ID + 1)
    return text if 0 < len(text) <= MAX_ID and _REPLACED not in text else None


def moment(value: object) -> datetime:
    """Read an ISO time; UTC without a zone."""
    try:
        found = datetime.fromisoformat(str(value))
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the first and the last day of the calendar exist in some zones only
        return NO_TIME


def unix(value: object) -> datetime:
    """Read seconds since 1970, as a number or a text."""
    try:
        return datetime.fromtimestamp(int(words(value)), UTC)
    except (ValueError, OverflowError, OSError):
        return NO_TIME


def rfc_date(value: object) -> datetime:
    """Read a date of RFC 2822 or 5322."""
    return (_date(value) if isinstance(value, str) else None) or NO_TIME


def wait_of(reply: Reply) -> float | None:
    """Read Retry-After: seconds, or a date against the reply's own (RFC 9110 §10.2.3); None for anything else."""
    value = reply.headers.get("retry-after")
    if value is None:
        return None
    if value.isascii() and value.isdecimal():
        return float(value)
    until, now = _date(value), _date(reply.headers.get("date", ""))
    return None if until is None or now is None else max(0.0, (until - now).total_seconds())


def _date(value: str) -> datetime | None:
    try:
        found = parsedate_to_datetime(value)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def digits(phone: str | None) -> str | None:
    """Return an E.164 number as most providers want it (`79011112233`), or None."""
    if phone is None or not phone.startswith("+") or not (phone[1:].isascii() and phone[1:].isdecimal()):
        return None
    return phone[1:]


def e164(number: str) -> str | None:
    """Return an international number in its digits, with or without its `+`, as E.164; None for anything else."""
    found = number.removeprefix("+")
    return f"+{found}" if found.isascii() and found.isdecimal() and 7 <= len(found) <= MAX_PHONE else None


def places(name: str, found: Sequence[object]) -> Iterator[tuple[str, object]]:
    """Yield each element with the name of its place."""
    for number, element in enumerate(found):
        yield f"{name}[{number}]"[:MAX_ID], element
