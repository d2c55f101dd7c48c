"""Texts that callers send have no NUL character: PostgreSQL cannot store it, so a schema says what is refused."""

import json
import re
from collections.abc import Iterable, Iterator
from typing import cast

from libs.common.platform.http.openapi.shape import Document

_OTHERS = "[^\\u0000]*"
#: Keywords of a text that already say which characters it has.
_SAID = {"format", "enum", "const"}
_REFERENCE = re.compile(r'"#/components/schemas/([^"]+)"')


def without_nul(document: Document) -> Document:
    """Say of every text of parameters and bodies, of which nothing is said, that it has no NUL."""
    schemas = cast("dict[str, Document]", document["components"])["schemas"]
    sent = [*_sent(document)]
    for part in (*sent, *(schemas[name] for name in _reached(sent, schemas))):
        for text in _texts(part):
            text["pattern"] = _pattern(str(text.get("pattern", "")))
    return document


def _sent(document: Document) -> Iterator[object]:
    for item in cast("dict[str, dict[str, Document]]", document["paths"]).values():
        for operation in item.values():
            if "hooks" not in cast("list[str]", operation["tags"]):
                yield from (operation.get("parameters"), operation.get("requestBody"))


def _reached(parts: Iterable[object], schemas: Document) -> set[str]:
    found: set[str] = set()
    waiting = list(parts)
    while waiting:
        names = set(_REFERENCE.findall(json.dumps(waiting.pop()))) - found
        found |= names
        waiting += [schemas[name] for name in names]
    return found


def _texts(part: object) -> Iterator[Document]:
    if isinstance(part, dict):
        if part.get("type") == "string" and (not _SAID & part.keys() or part.get("format") == "password"):
            yield part
        part = [inner for name, inner in part.items() if name not in {"example", "examples"}]
    if isinstance(part, list):
        for inner in part:
            yield from _texts(inner)


def _pattern(given: str) -> str:
    """Return a pattern without NUL; one that says how a text begins says all of it."""
    return given if given.startswith("^") else f"^{_OTHERS}{given}{_OTHERS if given else ''}$"
