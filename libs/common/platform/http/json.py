"""Strict JSON: what is malformed is 400, what PostgreSQL cannot store is 422, each with its place named.

orjson already refuses NaN, infinities, a byte order mark, bad UTF-8 and lone surrogates. Here come what it
accepts: NUL characters (which would fail a whole batch of rows), duplicate members and deep nesting.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from typing import TypeAlias

import orjson

from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

MAX_DEPTH = 64
UNSTORABLE = Text("символ, который нельзя сохранить", "a character that cannot be stored")
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?', re.DOTALL)
_NUL = re.compile("\x00")
_SURROGATE = re.compile("[\ud800-\udfff]")


def parse_json(raw: bytes) -> JsonValue:
    """Return the value. Raises Problem: 400 `malformed_json`, or 422 `unstorable_text` naming every place."""
    try:
        value: JsonValue = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise _malformed(raw, error) from None
    members = _check_depth(value)
    if b"\\u0000" in raw:
        _refuse(value, "nul_character", _NUL)
    if members != sum(1 for match in _STRING.finditer(raw) if match[1]):
        raise Problem(400, "malformed_json", errors=[_duplicate(raw)])
    return value


def _check_depth(value: JsonValue) -> int:
    """Return the number of object members. Raises Problem when it is nested deeper than MAX_DEPTH."""
    members, depth, level = 0, 0, [value]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            fault = Fault("", "too_deep", Text(f"больше {MAX_DEPTH} уровней", f"more than {MAX_DEPTH} levels"))
            raise Problem(400, "malformed_json", errors=[fault])
        below: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                members += len(item)
                below.extend(item.values())
            elif isinstance(item, list):
                below.extend(item)
        level = [item for item in below if isinstance(item, dict | list)]
    return members


def _malformed(raw: bytes, error: orjson.JSONDecodeError) -> Problem:
    if "surrogate" in error.msg:
        with suppress(ValueError, RecursionError):
            _refuse(json.loads(raw.decode("utf-8")), "lone_surrogate", _SURROGATE)
    detail = f"{error.msg} (line {error.lineno}, column {error.colno})"
    return Problem(400, "malformed_json", errors=[Fault("", "malformed_json", detail)])


def _refuse(value: JsonValue, code: str, pattern: re.Pattern[str]) -> None:
    faults = [Fault(place, code, UNSTORABLE) for place in _find(value, pattern)]
    if faults:
        raise Problem(422, "unstorable_text", errors=faults)


def _find(value: JsonValue, pattern: re.Pattern[str], place: str = "") -> Iterator[str]:
    if isinstance(value, str):
        if pattern.search(value):
            yield place
    elif isinstance(value, dict):
        for name, item in value.items():
            if pattern.search(name):
                yield place
            clean = pattern.sub("\ufffd", name).replace("~", "~0").replace("/", "~1")
            yield from _find(item, pattern, f"{place}/{clean}")
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _find(item, pattern, f"{place}/{number}")


def _duplicate(raw: bytes) -> Fault:
    found: list[str] = []

    def collect(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
        found.extend(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)
        return dict(pairs)

    json.loads(raw, object_pairs_hook=collect)
    names = ", ".join(sorted(set(found)))[:200]
    return Fault("", "duplicate_member", Text(f"указано дважды: {names}", f"given twice: {names}"))
