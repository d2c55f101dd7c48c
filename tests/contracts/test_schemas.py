"""Published events: committed schemas and examples say what the models say, and only grow."""

import copy
import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import jsonschema
import pytest

from libs.common.contracts import REGISTRY, EventData, asyncapi, export
from libs.common.contracts.compatibility import Json, Schema, breaks, inlined
from libs.common.contracts.shared import Customer, Part

ROOT = Path(__file__).parents[2]
TYPES = sorted(REGISTRY)
PRIVATE = set(Customer.model_fields) - {"name"}
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
    schema = export.schema_of(REGISTRY[event_type])
    assert set(outside_person(inlined(schema, schema))) & PRIVATE == set()


def test_personal_data_are_found_in_nested_parts_too() -> None:
    class Line(Part):
        email: str

    class Leaky(EventData):
        event_type = "dozvon.test.leaked.v1"
        person: Customer
        lines: tuple[Line | None, ...] = ()

    schema = export.schema_of(Leaky)
    assert set(outside_person(inlined(schema, schema))) & PRIVATE == {"email"}


def outside_person(part: Json) -> Iterator[str]:
    """Give the names of all fields of a schema but those of `person`."""
    if isinstance(part, Mapping):
        fields = part.get("properties")
        names = fields if isinstance(fields, Mapping) else {}
        yield from names
        inner = {name: value for name, value in {**part, **names}.items() if name not in ("person", "properties")}
        for value in inner.values():
            yield from outside_person(value)
    elif isinstance(part, Sequence) and not isinstance(part, str):
        for value in part:
            yield from outside_person(value)


@pytest.mark.parametrize("folder", ["schemas", "examples"])
def test_no_file_is_left_of_a_type_that_is_gone(folder: str) -> None:
    assert sorted(path.stem for path in (export.HERE / folder).glob("*.json")) == TYPES


@pytest.mark.parametrize("event_type", TYPES)
def test_type_names_its_major_version(event_type: str) -> None:
    assert event_type.startswith("dozvon.")
    assert event_type.rpartition(".v")[2].isdigit()


def test_models_break_with_nothing_that_is_released() -> None:
    assert export.broken() == []


def test_every_release_froze_its_schemas() -> None:
    releases = re.findall(r"^## (?!Unreleased).+", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert not releases or list(export.RELEASED.glob("*.json")), "run `… libs.common.contracts.export --release`"


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A copy of everything that the export writes, frozen as of now."""
    for folder in ("schemas", "examples"):
        shutil.copytree(export.HERE / folder, tmp_path / folder)
    monkeypatch.setattr(export, "HERE", tmp_path)
    monkeypatch.setattr(export, "RELEASED", tmp_path / "released")
    monkeypatch.setattr(asyncapi, "PATH", tmp_path / "asyncapi.yaml")
    assert export.main(release=True) == 0
    return tmp_path / "released"


def test_a_release_freezes_every_schema(released: Path) -> None:
    assert sorted(path.stem for path in released.glob("*.json")) == TYPES


@pytest.mark.parametrize("release", [False, True])
def test_a_broken_type_is_not_written(monkeypatch: pytest.MonkeyPatch, released: Path, release: bool) -> None:
    class Shrunk(EventData):
        event_type = "dozvon.desk.changed.v1"
        owner = "tasks"

    monkeypatch.setitem(REGISTRY, Shrunk.event_type, Shrunk)
    paths = [export.schema_path(Shrunk.event_type), released / f"{Shrunk.event_type}.json"]
    before = [path.read_text() for path in paths]
    assert export.main(release=release) == 1
    assert [path.read_text() for path in paths] == before


def test_a_released_type_may_not_go(monkeypatch: pytest.MonkeyPatch, released: Path) -> None:
    monkeypatch.delitem(REGISTRY, "dozvon.desk.changed.v1")
    assert export.broken() == ["dozvon.desk.changed.v1 is gone"]


def test_what_every_reader_knows_by_now_is_borne(monkeypatch: pytest.MonkeyPatch, released: Path) -> None:
    line = "dozvon.desk.changed.v1 is gone"
    monkeypatch.delitem(REGISTRY, "dozvon.desk.changed.v1")
    monkeypatch.setattr(export, "KNOWN_TO_READERS", frozenset({line}))
    assert export.broken() == []


@pytest.mark.parametrize("event_type", ["dozvon.task.taken.v1", "dozvon.desk.changed.v1"])
def test_of_an_event_of_a_subject_only_the_lead_may_be_left_out(
    monkeypatch: pytest.MonkeyPatch, released: Path, event_type: str
) -> None:
    schema = json.loads((released / f"{event_type}.json").read_text())
    schema["properties"]["lead_id"] = {"type": "string", "format": "uuid"}
    schema["properties"]["gone"] = {"type": "string"}
    schema["required"] = [*schema["required"], "lead_id", "gone"]
    (released / f"{event_type}.json").write_text(json.dumps(schema))
    lost = {line.split()[1] for line in export.broken()}
    assert lost == {"$.gone:"} if event_type == "dozvon.task.taken.v1" else lost == {"$.gone:", "$.lead_id:"}


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
        ("properties/id/description", "other words"),
        ("properties/note/anyOf", [{"type": "null"}, {"type": "string", "title": "Note"}]),
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
        ("$defs/State/enum", ["new", "done", "late"]),
        ("$defs/State", {"type": "string"}),
        ("properties/id/type", "integer"),
        ("properties/id/pattern", "^a"),
        ("properties/id/enum", ["only"]),
        ("properties/note/anyOf", [{"type": "string"}]),
        ("properties/note/anyOf", [{"type": "string"}, {"type": "null"}, {"type": "integer"}]),
        ("properties/items/items", {"properties": {}, "required": ["code"]}),
        ("properties/items/items", {"properties": {"code": {"type": "null"}}, "required": ["code"]}),
    ],
)
def test_a_break_is_found(path: str, value: Json) -> None:
    assert len(breaks(OLD, changed(path, value))) > 0
