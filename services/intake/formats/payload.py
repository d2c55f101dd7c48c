"""From bytes to a flat or nested object: JSON, form and query, strict about what cannot be stored."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Literal, NoReturn
from urllib.parse import parse_qsl

from services.intake.formats.rules import Json, Note, Path, RawRequest, Reason, UnreadableError

MAX_FIELDS = 400
MAX_DEPTH = 8  # of nested names in a form
Charset = Literal["utf-8", "windows-1251", "koi8-r", "iso-8859-1"]
_CHARSETS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "iso-8859-1": "iso-8859-1",
    "windows-1251": "windows-1251",
    "cp1251": "windows-1251",
    "koi8-r": "koi8-r",
}
_FORM = "application/x-www-form-urlencoded"
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_WORD = 19  # digits: any shorter number fits into 64 bits
_BRACKETS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_STEP = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"\d{1,6}", re.ASCII)
_PLACEHOLDER = re.compile(r"\{[^}]*\}")


def object_of(raw: RawRequest, charset: str | None = None) -> dict[str, Json]:
    """Return the payload: the body's fields over those of the query, names as they came.

    Bracketed names of forms (`a[b][0]`) are there as they came, and nested. `charset`: of what names none.
    Raises UnreadableError.
    """
    query = _pairs(raw.query, charset or "utf-8")
    query.pop("token", None)
    if not raw.body.strip():
        return query
    media, charset = _media(raw.content_type, charset or "utf-8")
    if _is_json(media, raw.body):
        return {**query, **_json(raw.body, charset)}
    if media in {_FORM, "text/plain", ""}:
        return {**query, **_pairs(raw.body, charset)}
    raise UnreadableError(Reason.UNSUPPORTED_TYPE, Note("body", "media_type", media[:100]))


def is_blank(value: Json) -> bool:
    """Return whether a value is absent, empty, or an unfilled placeholder."""
    if not isinstance(value, str):
        return value is None
    text = value.strip()
    return not text or (text[0] == "{" and _PLACEHOLDER.fullmatch(text) is not None)


def found(payload: dict[str, Json], paths: tuple[Path, ...]) -> Iterator[Json]:
    """Return the values at the paths, in their order; None for a missing one."""
    for first, *steps in paths:
        value = payload.get(first)
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        yield value


def find(payload: dict[str, Json], paths: tuple[Path, ...]) -> Json:
    """Return the first value that is not empty, or None."""
    for value in found(payload, paths):
        if (
            value is not None
            and value != ""
            and not (isinstance(value, str) and value[0] in " {" and is_blank(value))
        ):
            return value
    return None


def split_path(text: str) -> tuple[Path, ...]:
    """Return how a mapped name may be found: as it stands, and as steps divided by dots."""
    return ((text,), tuple(text.split("."))) if "." in text else ((text,),)


def opened(value: Json) -> Json:
    """Return what a form field that holds JSON says; any other value as it is."""
    if not isinstance(value, str) or value.lstrip()[:1] not in ("{", "["):
        return value
    try:
        read: Json = _DECODER.decode(value)
    except (json.JSONDecodeError, RecursionError):
        return value
    return read


def nested(fields: dict[str, Json]) -> dict[str, Json]:
    """Return a form's bracketed names as objects and lists: `a[b][0]=1` is `{"a": {"b": ["1"]}}`.

    A name that is malformed, nested too deeply, or that contradicts an earlier one is left out.
    """
    tree: dict[str, Json] = {}
    for name, value in fields.items():
        match = _BRACKETS.fullmatch(name)
        if match is not None:
            _place(tree, [match[1], *_STEP.findall(match[2])], value)
    return {name: _with_lists(value) for name, value in tree.items()}


def _place(tree: dict[str, Json], steps: list[str], value: Json) -> None:
    if len(steps) > MAX_DEPTH:
        return
    for step in steps[:-1]:
        inner = tree.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        tree = inner
    tree.setdefault(steps[-1] or str(len(tree)), value)


def _with_lists(value: Json) -> Json:
    """Return objects whose names are all numbers as lists, in the order of the numbers."""
    if not isinstance(value, dict):
        return value
    inner = {name: _with_lists(each) for name, each in value.items()}
    if all(_INDEX.fullmatch(name) for name in inner):
        return [inner[name] for name in sorted(inner, key=int)]
    return inner


def _media(content_type: str, charset: str) -> tuple[str, str]:
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "charset":
            charset = value.strip(" \"'")
    if charset not in _CHARSETS:
        raise UnreadableError(Reason.BAD_CHARSET, Note("body", "charset", charset[:100]))
    return media, _CHARSETS[charset]


def _is_json(media: str, body: bytes) -> bool:
    if media == "application/json" or media.endswith("+json"):
        return True
    # Custom senders often omit the media type, or keep their library's default.
    return media in {"", "text/plain", _FORM} and body.lstrip()[:1] == b"{"


def _json(body: bytes, charset: str) -> dict[str, Json]:
    try:
        value: Json = _DECODER.decode(body.decode(charset))
        if _SURROGATE.search(body):
            json.dumps(value, ensure_ascii=False, default=str).encode()
    except json.JSONDecodeError as error:
        raise UnreadableError(Reason.BAD_JSON, Note("body", "json", error.msg[:200])) from error
    except UnicodeDecodeError as error:
        reason = Reason.BAD_JSON if charset == "utf-8" else Reason.BAD_CHARSET
        raise UnreadableError(reason, Note("body", "charset", charset)) from error
    except UnicodeEncodeError as error:
        raise UnreadableError(Reason.BAD_JSON, Note("body", "json", "a lone surrogate")) from error
    except RecursionError as error:
        raise UnreadableError(Reason.BAD_JSON, Note("body", "json", "nested too deeply")) from error
    if not isinstance(value, dict):
        raise UnreadableError(Reason.NOT_AN_OBJECT)
    return value


def _integer(digits: str) -> int | Decimal:
    # The time of Python's integers grows with the square of their length.
    return int(digits) if len(digits) < _WORD else Decimal(digits)


def _fraction(digits: str) -> Decimal | str:
    try:
        return Decimal(digits)
    except InvalidOperation:  # an exponent beyond 10^18
        return digits


def _no_number(name: str) -> NoReturn:
    raise json.JSONDecodeError(f"{name} is no number", name, 0)


# The standard library's parser: a faster one makes floats, and two long identifiers could become equal.
_DECODER = json.JSONDecoder(parse_int=_integer, parse_float=_fraction, parse_constant=_no_number)


def _pairs(text: bytes, charset: str) -> dict[str, Json]:
    if not text:
        return {}
    try:
        # Some senders do not percent-encode Cyrillic at all.
        decoded = text.decode("ascii") if text.isascii() else text.decode(charset)
        pairs = parse_qsl(decoded, encoding=charset, errors="strict", max_num_fields=MAX_FIELDS)
    except UnicodeError as error:
        raise UnreadableError(Reason.BAD_CHARSET, Note("body", "charset", charset)) from error
    except ValueError as error:
        raise UnreadableError(Reason.BAD_FORM, Note("body", "form", str(error)[:200])) from error
    fields: dict[str, Json] = {}
    for name, value in pairs:
        fields.setdefault(name, value)
    return {**nested(fields), **fields} if any("[" in name for name in fields) else fields
