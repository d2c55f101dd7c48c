"""Published events: committed schemas and examples say what the models say, and only grow."""

import copy
import json
from pathlib import Path

import jsonschema
import pytest

from libs.common.events import REGISTRY, EventData, export
from libs.common.events.compatibility import Json, Schema, breaks
from libs.common.events.shared import Person

TYPES = sorted(REGISTRY)
OLD: dict[str, Json] = {
    "properties": {
        "id": {"type": "string"},
        "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        "state": {"$ref": "#/$defs/State"},
        "items": {"type": "array", "items": {"properties": {"code": {"type": "string"}}, "required": ["code"]}},
    },
    "required": ["id", "state"],
    "$defs": {"State": {"enum": ["new", "done"], "type": "string"}},
}


def committed(path: Path) -> dict[str, object]:
    document: dict[str, object] = json.loads(path.read_text())
    return document


@pytest.mark.parametrize("event_type", TYPES)
def test_committed_schema_is_the_models(event_type: str) -> None:
    text = export.schema_path(event_type).read_text()
    assert text == export.as_text(export.schema_of(REGISTRY[event_type])), "run `make contracts`"


@pytest.mark.parametrize("event_type", TYPES)
def test_committed_example_is_the_models(event_type: str) -> None:
    text = export.example_path(event_type).read_text()
    assert text == export.as_text(export.example_of(REGISTRY[event_type])), "run `make contracts`"


@pytest.mark.parametrize("event_type", TYPES)
def test_example_keeps_to_its_schema(event_type: str) -> None:
    schema = committed(export.schema_path(event_type))
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(schema, format_checker=checker).validate(
        committed(export.example_path(event_type))
    )


@pytest.mark.parametrize("event_type", TYPES)
def test_example_comes_back_the_same_from_its_model(event_type: str) -> None:
    example = committed(export.example_path(event_type))
    assert REGISTRY[event_type].model_validate(example).model_dump(mode="json") == example


@pytest.mark.parametrize("event_type", TYPES)
def test_a_field_of_a_newer_writer_is_ignored(event_type: str) -> None:
    example = committed(export.example_path(event_type))
    assert REGISTRY[event_type].model_validate({**example, "of_tomorrow": 1}).model_dump(mode="json") == example


@pytest.mark.parametrize("event_type", TYPES)
def test_personal_data_stand_only_in_person(event_type: str) -> None:
    fields = set(Person.model_fields) - {"name"}
    names = [*REGISTRY[event_type].model_fields]
    assert fields.isdisjoint(names)


@pytest.mark.parametrize("folder", ["schemas", "examples"])
def test_no_file_is_left_of_a_type_that_is_gone(folder: str) -> None:
    assert sorted(path.stem for path in (export.HERE / folder).glob("*.json")) == TYPES


@pytest.mark.parametrize("event_type", TYPES)
def test_type_names_its_major_version(event_type: str) -> None:
    assert event_type.startswith("dozvon.")
    assert event_type.rpartition(".v")[2].isdigit()


def test_models_break_with_nothing_that_is_committed() -> None:
    assert export.broken() == []


def test_a_broken_type_is_not_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Shrunk(EventData):
        event_type = "dozvon.desk.changed.v1"
        owner = "tasks"

    monkeypatch.setitem(REGISTRY, Shrunk.event_type, Shrunk)
    before = export.schema_path(Shrunk.event_type).read_text()
    assert export.main() == 1
    assert export.schema_path(Shrunk.event_type).read_text() == before


def changed(path: str, value: Json) -> Schema:
    new: dict[str, Json] = copy.deepcopy(OLD)
    *parents, last = path.split("/")
    part: Json = new
    for name in parents:
        assert isinstance(part, dict)
        part = part[name]
    assert isinstance(part, dict)
    part[last] = value
    return new


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties/more", {"type": "string"}),
        ("$defs/State/enum", ["new", "done", "late"]),
        ("properties/id/description", "other words"),
        ("properties/note/anyOf", [{"type": "string"}, {"type": "null"}, {"type": "integer"}]),
    ],
)
def test_growth_is_allowed(path: str, value: Json) -> None:
    assert breaks(OLD, changed(path, value)) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("properties", {}),
        ("required", ["id", "state", "note"]),
        ("required", ["id"]),
        ("$defs/State/enum", ["new"]),
        ("properties/id/type", "integer"),
        ("properties/id/pattern", "^a"),
        ("properties/id/enum", ["only"]),
        ("properties/note/anyOf", [{"type": "string"}]),
        ("properties/items/items", {"properties": {}, "required": ["code"]}),
        ("properties/items/items", {"properties": {"code": {"type": "null"}}, "required": ["code"]}),
    ],
)
def test_a_break_is_found(path: str, value: Json) -> None:
    assert len(breaks(OLD, changed(path, value))) > 0
