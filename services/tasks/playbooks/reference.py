"""`python -m services.tasks.playbooks.reference`: write the JSON Schema for editors and the reference in the docs.

Both are made of the declarations of the language; a test holds the committed files against them.
"""

import inspect
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from services.tasks.playbooks import conditions, fields, keeps, lanes, messages, model, sheets, terms, verbs
from services.tasks.playbooks.grammar import PLAYBOOK
from services.tasks.playbooks.verbs import VERBS

SCHEMA = Path(__file__).with_name("playbook.schema.json")
DOCUMENT = Path(__file__).parents[3] / "docs" / "playbooks.md"
BEGIN, END = "<!-- reference:begin -->\n", "<!-- reference:end -->"
_STEP = "_step"
_ROOMS = (model, verbs, terms, conditions, fields, messages, keeps, sheets, lanes)  # where parts are declared

Parts = Mapping[str, JsonSchemaValue]


class _Plain(GenerateJsonSchema):
    """Without what an editor has no use for: titles, defaults, and null, which a playbook never says."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])


def json_schema() -> JsonSchemaValue:
    """Return the JSON Schema (draft 2020-12) of a playbook."""
    found = _tidied(PLAYBOOK.json_schema(schema_generator=_Plain))
    assert isinstance(found, dict)  # noqa: S101 - for the type checker
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **found}


def reference() -> str:
    """Return the reference in Markdown: every verb, then every part of a playbook with its keys."""
    schema = json_schema()
    parts: Parts = {**schema["$defs"], "Playbook": schema}
    lines = ["### Verbs", "", "| verb | what it takes | what it does |", "| --- | --- | --- |"]
    for verb, kind in VERBS.items():
        argument = parts[f"{verb}{_STEP}"]["properties"][verb]
        lines.append(f"| `{verb}` | {_said(argument, parts)} | {_doc_of(kind)} |")
    return "\n".join([*lines, *_sections(parts)]) + "\n"


def with_reference(document: str) -> str:
    """Return the document with the present reference. Raises ValueError when its markers are gone."""
    head, rest = document.split(BEGIN)
    _, tail = rest.split(END)
    return f"{head}{BEGIN}\n{reference()}\n{END}{tail}"


def _tidied(value: object) -> object:
    """Drop the titles that pydantic makes of names, and resolve references to parts."""
    match value:
        case {"x-part": str(name)}:
            return {"$ref": f"#/$defs/{name}"}
        case dict():
            kept = {key: inner for key, inner in value.items() if key != "title" or isinstance(inner, dict)}
            return {key: _tidied(inner) for key, inner in kept.items()}
        case list():
            return [_tidied(inner) for inner in value]
        case _:
            return value


def _sections(parts: Parts) -> Iterator[str]:
    shown = [name for name in parts if not name.endswith(_STEP) and len(parts[name].get("properties", ())) > 1]
    for name in sorted(shown, key=lambda name: (name != "Playbook", name)):
        yield from ["", f"### {name}", "", _doc(name), "", "| key | what it takes |", "| --- | --- |"]
        required = parts[name].get("required", ())
        for key, value in parts[name]["properties"].items():
            yield f"| `{key}`{'' if key in required else ' (optional)'} | {_said(value, parts)} |"


def _said(value: JsonSchemaValue, parts: Parts) -> str:
    """Return in words what a schema allows; a part of one key is written as that key's value."""
    match value:
        case {"description": str(text)}:
            return text
        case {"$ref": str(path)}:
            name = path.rpartition("/")[2]
            keys = list(parts[name]["properties"].values())
            return _said(keys[0], parts) if len(keys) == 1 else f"[{name}](#{name.lower()})"
        case {"enum": list(values)}:
            return ", ".join(f"`{one}`" for one in values)
        case {"const": bool(said)}:
            return f"`{str(said).lower()}`"
        case {"oneOf": list()}:
            return "a step: a mapping of one verb"
        case {"anyOf": [_, {"$ref": str(path)}]} if len(parts[path.rpartition("/")[2]]["properties"]) == 1:
            return _said({"$ref": path}, parts)
        case {"anyOf": list(ways)}:
            return ", or ".join(_said(way, parts) for way in ways)
        case {"items": dict(item)}:
            return f"a list: {_said(item, parts)}"
        case {"additionalProperties": dict(item)}:
            return f"by code: {_said(item, parts)}"
        case _:
            return "a word"


def _doc(name: str) -> str:
    """Return the docstring of a part, as one paragraph for each of its own."""
    declared = next(getattr(module, name) for module in _ROOMS if hasattr(module, name))
    text = inspect.getdoc(declared) or ""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _doc_of(kind: object) -> str:
    """Return the first paragraph on a verb."""
    part = next(iter(get_args(kind)), kind)
    return _doc(str(getattr(part, "__name__", ""))).partition("\n\n")[0]


def main() -> None:
    """Write both files."""
    SCHEMA.write_text(json.dumps(json_schema(), ensure_ascii=False, indent=2) + "\n")
    DOCUMENT.write_text(with_reference(DOCUMENT.read_text()))


if __name__ == "__main__":
    main()
