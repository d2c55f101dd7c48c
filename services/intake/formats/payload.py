"""From bytes to a flat or nested object: JSON, form and query, also where their media type is wrong."""

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from typing import NoReturn
from urllib.parse import parse_qsl

from services.intake.formats.charsets import CHARSETS, decoded
from services.intake.formats.multipart import parts_of
from services.intake.formats.rules import Json, Note, Path, RawRequest, Reason, UnreadableError
from services.intake.formats.texts import stands_for_nothing

MAX_FIELDS = 400
_MARK = b"\xef\xbb\xbf"  # of UTF-8
MAX_DEPTH = 8  # of nested names in a form
_FORM = "application/x-www-form-urlencoded"
_PARTS = "multipart/form-data"
_PLAIN = "text/plain"
_END = b"\r\n"
_FIELD_ENDS = re.compile(r"\r\n(?=[^\r\n]*=)")
_WORD = 19  # digits: any shorter number fits into 64 bits
_BRACKETS = re.compile(r"([^\[\]]+)((?:\[[^\[\]]*\])+)")
_STEP = re.compile(r"\[([^\[\]]*)\]")
_INDEX = re.compile(r"\d{1,6}", re.ASCII)


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
    if media == _PARTS:
        return {**query, **_fields(parts_of(raw.body, raw.content_type, charset, MAX_FIELDS))}
    if _is_json(media, raw.body):
        return {**query, **_json(decoded(raw.body, charset))}
    if media == _PLAIN and raw.body.endswith(_END) and (b"&" not in raw.body or raw.body.count(_END) > 1):
        return {**query, **_lines(decoded(raw.body, charset))}
    if media in {_FORM, _PLAIN, "", "application/json", "application/octet-stream"}:
        return {**query, **_pairs(raw.body, charset)}
    raise UnreadableError(Reason.UNSUPPORTED_TYPE, Note("body", "media_type", media[:100]))


def is_blank(value: Json) -> bool:
    """Return whether a value is absent, or a text that says nothing."""
    return value is None or (isinstance(value, str) and stands_for_nothing(value))


def found(payload: dict[str, Json], paths: tuple[Path, ...]) -> Iterator[tuple[Path, Json]]:
    """Return the paths and the values there, in their order; None for a missing one."""
    for path in paths:
        first, *steps = path
        value = payload.get(first)
        for step in steps:
            value = value.get(step) if isinstance(value, dict) else None
        yield path, value


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
    if charset not in CHARSETS:
        raise UnreadableError(Reason.BAD_CHARSET, Note("body", "charset", charset[:100]))
    return media, CHARSETS[charset]


def _is_json(media: str, body: bytes) -> bool:
    # Custom senders often omit the media type, or keep their library's default. A charset's mark may come first.
    begins = body.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:1]
    if media == "application/json" or media.endswith("+json"):
        return begins in {b"{", b"[", b'"'} or b"=" not in body
    return begins == b"{" and media in {"", "text/plain", _FORM, "application/octet-stream"}


def _json(text: str) -> dict[str, Json]:
    try:
        value: Json = _DECODER.decode(text.lstrip("\ufeff \t\r\n"))
    except json.JSONDecodeError as error:
        raise UnreadableError(Reason.BAD_JSON, Note("body", "json", error.msg[:200])) from error
    except RecursionError as error:
        raise UnreadableError(Reason.BAD_JSON, Note("body", "json", "nested too deeply")) from error
    if not isinstance(value, dict):
        raise UnreadableError(Reason.NOT_AN_OBJECT)
    return _with_nested(value)


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
    if text.startswith(_MARK):
        text = text.removeprefix(_MARK)
    try:
        # As bytes: some senders do not percent-encode Cyrillic at all, and some mix charsets.
        pairs = parse_qsl(text.decode("latin-1"), encoding="latin-1", max_num_fields=MAX_FIELDS)
    except ValueError as error:
        raise UnreadableError(Reason.BAD_FORM, Note("body", "form", str(error)[:200])) from error
    return _fields((_decoded(name, charset), _decoded(value, charset)) for name, value in pairs)


def _lines(text: str) -> dict[str, Json]:
    """Return the fields of a form that a browser sends as plain text: a line each (HTML), and nothing is escaped.

    A line without `=` is the next line of the value before it.
    """
    lines = _FIELD_ENDS.split(text.removesuffix("\r\n"), MAX_FIELDS)
    if len(lines) > MAX_FIELDS:
        raise UnreadableError(Reason.BAD_FORM, Note("body", "form", f"more than {MAX_FIELDS} fields"))
    pairs = (line.partition("=") for line in lines)
    return _fields((name, value) for name, sign, value in pairs if sign)


def _decoded(latin: str, charset: str) -> str:
    return latin if latin.isascii() else decoded(latin.encode("latin-1"), charset)


def _fields(pairs: Iterable[tuple[str, str]]) -> dict[str, Json]:
    """Return the fields of a form; of one that comes again the first that says something, of a list all."""
    fields: dict[str, Json] = {}
    for name, value in pairs:
        if name.endswith("[]") and name in fields:
            name = f"{name[:-1]}{len(fields)}]"  # noqa: PLW2901 - the next place in the list
        if is_blank(fields.get(name)):
            fields[name] = value
    return _with_nested(fields)


def _with_nested(fields: dict[str, Json]) -> dict[str, Json]:
    return {**nested(fields), **fields} if any("[" in name for name in fields) else fields
