"""Descriptions for those who read the API: of the whole, of fields by their names, without our own references."""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import cast

import yaml

from libs.common.platform.http.openapi.shape import Document

#: Requirements by which we build; readers of the API do not know them.
_OURS = re.compile(r"\s*\((?:[SP]\d*\.\d+)(?:, [SP]\d*\.\d+)*\)|\s*\(docs/[^)]*\)")
_PAGE = "One page of a list; without `next_cursor` it was the last."
_OTHERS = {"JsonValue": "Any JSON value."}
_HERE = Path(__file__).parent


def about() -> str:
    """Return what a reader of any of the documents needs to know first."""
    return (_HERE / "about.md").read_text("utf-8")


def describe(document: Document) -> Document:
    """Describe every field and parameter that has no description, and take out references that are ours."""
    components = cast("dict[str, dict[str, Document]]", document["components"])
    for name, schema in components["schemas"].items():
        if name.endswith("Page"):
            schema.setdefault("description", _PAGE)
        schema.setdefault("description", _OTHERS.get(name, ""))
        for field, part in _fields(schema):
            part.setdefault("description", _field(name, field))
    for parameter in _parameters(document):
        if "name" in parameter:
            parameter.setdefault("description", _parameter(str(parameter["name"])))
    return cast("Document", _cleaned(document))


def clean(text: str) -> str:
    """Return a description without the ids of our requirements."""
    return _OURS.sub("", text)


@cache
def _known(file: str) -> Mapping[str, str]:
    found: dict[str, str] = yaml.safe_load((_HERE / file).read_text("utf-8"))
    return found


def _field(schema: str, name: str) -> str:
    known = _known("fields.yaml")
    return known.get(f"{schema}.{name}") or known.get(name, "")


def _parameter(name: str) -> str:
    return _known("params.yaml").get(name) or _known("fields.yaml").get(name, "")


def _fields(schema: Document) -> Iterator[tuple[str, Document]]:
    yield from cast("dict[str, Document]", schema.get("properties", {})).items()


def _parameters(document: Document) -> Iterator[Document]:
    for item in cast("dict[str, dict[str, Document]]", document["paths"]).values():
        for operation in item.values():
            yield from cast("list[Document]", operation.get("parameters", []))


def _cleaned(value: object) -> object:
    if isinstance(value, dict):
        return {key: clean(part) if key == "description" and isinstance(part, str) else _cleaned(part)
                for key, part in value.items()}  # fmt: skip
    if isinstance(value, list):
        return [_cleaned(part) for part in value]
    return value
