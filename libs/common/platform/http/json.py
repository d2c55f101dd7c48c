"""Strict JSON: malformed JSON is 400, text that PostgreSQL cannot store is 422, each with its place.

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
_NUL, _SURROGATE = re.compile("\x00"), re.compile("[\ud800-\udfff]")
_NAME = 100  # characters of a name in a pointer, or a long name over many values takes quadratic time


def parse_json(raw: bytes) -> JsonValue:
    """Return the value. Raises Problem: 400 `malformed_json`, or 422 `unstorable_text` naming every place."""
    try:
        value: JsonValue = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        if "surrogate" in error.msg:
            with suppress(ValueError, RecursionError):
                _refuse(json.loads(raw.decode("utf-8")), "lone_surrogate", _SURROGATE)
        raise _malformed("malformed_json", f"{error.msg} (line {error.lineno}, column {error.colno})") from None
    # Most bodies have fewer brackets than levels are allowed: their depth need not be checked.
    if b"\\u0000" in raw or raw.count(b"[") + raw.count(b"{") > MAX_DEPTH:
        _refuse(value, "nul_character", _NUL)
    if given_twice := _given_twice(raw):
        names = ", ".join(sorted(given_twice))[:200]
        raise _malformed("duplicate_member", Text(f"указано дважды: {names}", f"given twice: {names}"))
    return value


def _malformed(code: str, detail: Text | str) -> Problem:
    return Problem(400, "malformed_json", errors=[Fault("", code, detail)])


def _refuse(value: JsonValue, code: str, pattern: re.Pattern[str]) -> None:
    if faults := [Fault(place, code, UNSTORABLE) for place in _find(value, pattern, "", MAX_DEPTH)]:
        raise Problem(422, "unstorable_text", errors=faults)


def _find(value: JsonValue, pattern: re.Pattern[str], place: str, levels: int) -> Iterator[str]:
    """Yield where a text or a name matches. Raises Problem when the value is nested too deep."""
    if isinstance(value, str) and pattern.search(value):
        yield place
    elif isinstance(value, dict | list) and not levels:
        raise _malformed("too_deep", Text(f"больше {MAX_DEPTH} уровней", f"more than {MAX_DEPTH} levels"))
    elif isinstance(value, dict):
        for name, item in value.items():
            if pattern.search(name):
                yield place
            clean = pattern.sub("\ufffd", name[:_NAME]).replace("~", "~0").replace("/", "~1")
            yield from _find(item, pattern, f"{place}/{clean}", levels - 1)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _find(item, pattern, f"{place}/{number}", levels - 1)


def _given_twice(raw: bytes) -> set[str]:
    found: set[str] = set()

    def look(pairs: list[tuple[str, object]]) -> None:
        if len(dict(pairs)) < len(pairs):
            found.update(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)

    json.loads(raw, object_pairs_hook=look)
    return found
