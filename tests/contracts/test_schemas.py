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


def test_committed_schemas_are_the_models() -> None:
    wanted = {name: export.as_text(export.schema_of(REGISTRY[name])) for name in TYPES}
    found = [name for name, text in wanted.items() if export.schema_path(name).read_text() != text]
    assert found == [], "run `make contracts`"


def test_committed_examples_are_the_models() -> None:
    wanted = {name: export.as_text(export.example_of(REGISTRY[name])) for name in TYPES}
    found = [name for name, text in wanted.items() if export.example_path(name).read_text() != text]
    assert found == [], "run `make contracts`"


def test_examples_keep_to_their_schemas() -> None:
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    for name in TYPES:
        schema = jsonschema.Draft202012Validator(committed(export.schema_path(name)), format_checker=checker)
        schema.validate(committed(export.example_path(name)))


def read_back(name: str, **more: object) -> object:
    """Return the example of a type as a reader of its model has it."""
    example = {**committed(export.example_path(name)), **more}
    return REGISTRY[name].model_validate(example).model_dump(mode="json")


def test_examples_come_back_the_same_from_their_models() -> None:
    assert [name for name in TYPES if read_back(name) != committed(export.example_path(name))] == []


def test_a_field_of_a_newer_writer_is_ignored() -> None:
    assert [name for name in TYPES if read_back(name, of_tomorrow=1) != read_back(name)] == []


def test_personal_data_stand_only_in_person() -> None:
    schemas = {name: export.schema_of(REGISTRY[name]) for name in TYPES}
    outside = {name: set(outside_person(inlined(schema, schema))) & PRIVATE for name, schema in schemas.items()}
    assert {name: found for name, found in outside.items() if found} == {}


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


def test_types_name_their_major_version() -> None:
    assert [name for name in TYPES if re.fullmatch(r"dozvon\..+\.v\d+", name) is None] == []


def test_models_break_with_nothing_that_is_released() -> None:
    assert export.broken() == []


def test_every_release_froze_its_schemas() -> None:
    releases = re.findall(r"^## (?!Unreleased).+", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert not releases or list(export.RELEASED.glob("*.json")), "run `… libs.common.contracts.export --release`"


def exports_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "HERE", folder)
    monkeypatch.setattr(export, "RELEASED", folder / "released")
    monkeypatch.setattr(asyncapi, "PATH", folder / "asyncapi.yaml")


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that the export writes, frozen as of now; to be copied, for it takes a second to write."""
    folder = tmp_path_factory.mktemp("release")
    for name in ("schemas", "examples"):
        shutil.copytree(export.HERE / name, folder / name)
    with pytest.MonkeyPatch.context() as monkeypatch:
        exports_to(folder, monkeypatch)
        assert export.main(release=True) == 0
    return folder


@pytest.fixture
def released(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, release: Path) -> Path:
    """A copy of the release."""
    shutil.copytree(release, tmp_path, dirs_exist_ok=True)
    exports_to(tmp_path, monkeypatch)
    return tmp_path / "released"


def test_a_release_freezes_every_schema(released: Path) -> None:
    assert sorted(path.stem for path in released.glob("*.json")) == TYPES


@pytest.mark.parametrize("freezing", [False, True])
def test_a_broken_type_is_not_written(monkeypatch: pytest.MonkeyPatch, released: Path, freezing: bool) -> None:
    class Shrunk(EventData):
        event_type = "dozvon.desk.changed.v1"
        owner = "tasks"

    monkeypatch.setitem(REGISTRY, Shrunk.event_type, Shrunk)
    paths = [export.schema_path(Shrunk.event_type), released / f"{Shrunk.event_type}.json"]
    before = [path.read_text() for path in paths]
    assert export.main(release=freezing) == 1
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
