"""Events as parts of bodies: what one service has said is passed on to another as it is."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from pydantic import JsonValue, WithJsonSchema

from libs.common.contracts import EventData

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"


def example_of(event: type[EventData]) -> dict[str, JsonValue]:
    """Return the committed example of an event."""
    found: dict[str, JsonValue] = json.loads((EXAMPLES / f"{event.event_type}.json").read_text("utf-8"))
    return found


def as_published(event: type[EventData]) -> WithJsonSchema:
    """Return how a document shows an event that a body passes on: whole in its place, with an example.

    Its parts stand there too: by the names of their classes the answers of other services have them already, and in
    answers they have all members.
    """
    schema = event.model_json_schema()
    whole = _inlined(schema, cast("dict[str, JsonValue]", schema.pop("$defs", {})))
    return WithJsonSchema({**cast("dict[str, JsonValue]", whole), "examples": [example_of(event)]})


def _inlined(part: JsonValue, named: Mapping[str, JsonValue]) -> JsonValue:
    """Return a schema with what it refers to in the places of the references."""
    if isinstance(part, list):
        return [_inlined(each, named) for each in part]
    if not isinstance(part, dict):
        return part
    reference = part.get("$ref")
    if isinstance(reference, str):
        return _inlined(named[reference.rpartition("/")[2]], named)
    return {name: _inlined(inner, named) for name, inner in part.items()}
