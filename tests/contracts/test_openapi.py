"""The documents of the four APIs, and the one of all: what every operation of them says."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from deploy.documents import roles
from deploy.documents.__main__ import broken
from deploy.documents.made import MERGED, committed, documents, merged, path_of, text_of
from libs.common.platform.db.roles import SERVICES
from tests.support.remembered import remembered_of_code

Json = dict[str, Any]  # a document is read as it is
NAMES = (*SERVICES, MERGED)
COMMITTED: Mapping[str, Json] = {name: committed(name) for name in NAMES}
WHOLE = COMMITTED[MERGED]
OPERATIONS: list[Json] = [operation for item in WHOLE["paths"].values() for operation in item.values()]


def ids(wanted: Iterable[Json]) -> list[str]:
    return sorted(str(operation["operationId"]) for operation in wanted)


def resolved(part: Json) -> Json:
    if "$ref" not in part:
        return part
    _, _, kind, name = part["$ref"].split("/")
    return resolved(WHOLE["components"][kind][name])


def parameters(operation: Json) -> list[Json]:
    return [resolved(one) for one in operation.get("parameters", [])]


def texts(value: object) -> Iterator[str]:
    """Every description and summary."""
    match value:
        case dict():
            yield from (str(part) for key, part in value.items() if key in {"description", "summary"})
            for part in value.values():
                yield from texts(part)
        case list():
            for part in value:
                yield from texts(part)


def described(document: Json) -> Iterator[tuple[str, Json]]:
    """Everything of a document that must have a description, by its place."""
    for name, schema in document["components"]["schemas"].items():
        yield name, schema
        yield from ((f"{name}.{field}", part) for field, part in schema.get("properties", {}).items())
    for item in document["paths"].values():
        for operation in item.values():
            yield operation["operationId"], operation
            yield from ((f"{operation['operationId']} {one['name']}", one) for one in parameters(operation))


@pytest.fixture(scope="module")
def made(pytestconfig: pytest.Config) -> Mapping[str, Json]:
    """What the code says today: it takes seconds to make."""
    return remembered_of_code(getattr(pytestconfig, "cache", None), "code/documents", documents)


def examples() -> Iterator[tuple[Json, object]]:
    """Each example of a JSON body or answer after its schema."""
    for operation in OPERATIONS:
        for part in (operation.get("requestBody", {}), *operation["responses"].values()):
            content = part.get("content", {}).get("application/json", {})
            if "schema" in content:
                yield content["schema"], content["example"]


@pytest.mark.req("U25")
@pytest.mark.parametrize("name", NAMES)
def test_what_is_committed_is_what_the_code_says(made: Mapping[str, Json], name: str) -> None:
    assert path_of(name).read_text("utf-8") == text_of(made[name]), "run `make contracts`"


@pytest.mark.req("U23")
def test_the_table_of_roles_is_what_the_routes_declare(made: Mapping[str, Json]) -> None:
    table = roles.with_roles({name: made[name] for name in SERVICES})
    assert roles.DOCUMENT.read_text("utf-8") == table, "run `make contracts`"


@pytest.mark.req("U23")
def test_every_operation_has_its_row_or_a_sender_who_proves_themselves() -> None:
    bare = ids(one for one in OPERATIONS if "x-scopes" not in one)
    assert bare == [
        "ask_to_unsubscribe", "deliver", "deliver_by_get", "report", "report_by_get", "unsubscribe",
    ]  # fmt: skip


@pytest.mark.req("U25")
def test_clients_of_what_is_committed_are_not_let_down(made: Mapping[str, Json]) -> None:
    assert broken(made) == []


@pytest.mark.req("U25")
def test_operations_are_called_by_what_they_do_and_by_one_name_each() -> None:
    found = ids(OPERATIONS)
    assert [name for name in found if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []
    assert len(found) == len(set(found))


def test_two_meanings_of_one_name_are_refused() -> None:
    other = {**COMMITTED["tasks"], "components": {"schemas": {"TaskOut": {"type": "string"}}}}
    with pytest.raises(ValueError, match="TaskOut"):
        merged({"tasks": COMMITTED["tasks"], "other": other})


@pytest.mark.req("U25")
def test_schemas_have_names_that_people_say() -> None:
    assert [name for name in WHOLE["components"]["schemas"] if not re.fullmatch(r"[A-Z][A-Za-z]+", name)] == []


@pytest.mark.req("U25")
@pytest.mark.parametrize("name", NAMES)
def test_every_schema_field_operation_and_parameter_is_described(name: str) -> None:
    assert [place for place, part in described(COMMITTED[name]) if not part.get("description")] == []


@pytest.mark.req("U25")
def test_no_text_names_a_requirement_of_ours() -> None:
    assert [text for text in texts(WHOLE) if re.search(r"\b[SPU]\d*\.\d+\b", text)] == []


@pytest.mark.req("U25")
def test_every_refusal_has_a_status_and_names_its_codes() -> None:
    for operation in OPERATIONS:
        assert "default" not in operation["responses"]
        refusals = [resolved(answer) for status, answer in operation["responses"].items() if status >= "4"]
        schemas = [answer["content"]["application/problem+json"]["schema"] for answer in refusals]
        assert all(schema["allOf"][1]["properties"]["code"]["enum"] for schema in schemas)


@pytest.mark.req("U25")
def test_what_may_be_tried_again_says_when() -> None:
    for operation in OPERATIONS:
        headers = {status: resolved(answer).get("headers", {}) for status, answer in operation["responses"].items()}
        again = {"429", "503"} | ({"409"} if "`not_known_yet`" in str(operation["responses"].get("409")) else set())
        assert {status for status, shown in headers.items() if "Retry-After" in shown} == headers.keys() & again


def is_planned(operation: Json) -> bool:
    """Return whether a version is needed to apply alone, and not to plan."""
    return any(one["name"] == "mode" for one in parameters(operation))


@pytest.mark.req("U6", "U25")
def test_a_version_is_required_where_it_is_428_without() -> None:
    needed = {
        op["operationId"]
        for op in OPERATIONS
        for one in parameters(op)
        if one["name"] == "If-Match" and one["required"]
    }
    assert needed == {op["operationId"] for op in OPERATIONS if "428" in op["responses"] and not is_planned(op)}


@pytest.mark.req("U25")
def test_a_stale_version_is_answered_with_the_schema_of_what_is_there() -> None:
    for operation in (op for op in OPERATIONS if "412" in op["responses"] and not is_planned(op)):
        stale = operation["responses"]["412"]["content"]["application/problem+json"]["schema"]["allOf"][1]
        assert (
            stale["properties"]["current"] == operation["responses"]["200"]["content"]["application/json"]["schema"]
        )


@pytest.mark.req("U34")
def test_what_is_made_says_where_it_is() -> None:
    made = [op for op in OPERATIONS if "201" in op["responses"]]
    without = ids(op for op in made if "Location" not in op["responses"]["201"]["headers"])
    tickets = ["create_notifications_stream_ticket", "create_tasks_stream_ticket"]  # shown once
    assert without == [*tickets, "propose_template"]


@pytest.mark.req("U6")
def test_every_operation_says_how_to_prove_who_calls() -> None:
    assert ids(op for op in OPERATIONS if not op.get("security")) == []


@pytest.mark.req("U23")
def test_every_operation_for_people_says_which_roles_may_call() -> None:
    assert ids(op for op in OPERATIONS if {"bearer": []} in op["security"] and not op.get("x-roles")) == []


@pytest.mark.req("U6")
def test_a_playbook_has_a_body() -> None:
    body = WHOLE["paths"]["/tasks/v1/playbooks"]["post"]["requestBody"]
    assert (body["required"], set(body["content"])) == (True, {"application/yaml", "application/json"})


@pytest.mark.req("U6", "U14", "U15")
@pytest.mark.parametrize(
    ("service", "schemas"),
    [
        ("notifications", {"FeedItem", "StreamPlace", "StreamEnd"}),
        ("tasks", {"TaskChange", "TaskGone", "StreamPlace", "StreamEnd"}),
    ],
)
def test_a_stream_says_its_media_type_its_events_and_how_to_resume(service: str, schemas: set[str]) -> None:
    stream = WHOLE["paths"][f"/{service}/v1/stream"]["get"]
    answer = stream["responses"]["200"]
    described = {reference["$ref"].rpartition("/")[2] for reference in answer["x-events"].values()}
    assert (set(answer["content"]), described) == ({"text/event-stream"}, schemas)
    assert {"Last-Event-ID", "after"} <= {one["name"] for one in parameters(stream)}
    assert stream["security"] == [{"bearer": []}, {"stream_ticket": []}]


@pytest.mark.req("U25")
def test_every_json_body_and_answer_has_an_example_that_its_schema_allows() -> None:
    whole = Resource.from_contents({"$schema": Draft202012Validator.META_SCHEMA["$id"], **WHOLE})
    registry: Registry[Json] = Registry().with_resource("urn:whole", whole)
    checker = Draft202012Validator.FORMAT_CHECKER
    for schema, example in examples():
        away = json.loads(json.dumps(schema).replace('"#/', '"urn:whole#/'))
        Draft202012Validator(away, registry=registry, format_checker=checker).validate(example)


def test_the_document_is_openapi_3_1_and_refers_to_nothing_that_is_not_there() -> None:
    references = set(re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(WHOLE)))
    assert WHOLE["openapi"].startswith("3.1.")
    assert [one for one in references if one[1] not in WHOLE["components"][one[0]]] == []


def test_no_pattern_of_a_text_allows_what_cannot_be_stored() -> None:
    found = set(re.findall(r'"pattern": ("(?:[^"\\]|\\.)*")', json.dumps(WHOLE, ensure_ascii=False)))
    assert len(found) > 10
    assert [pattern for pattern in map(json.loads, found) if allows_nul(pattern)] == []


@pytest.mark.parametrize("pattern", [r"^[^\s]+$", r"^\S$", r"^a.$", r"^[\S]$"])
def test_a_pattern_that_allows_nul_is_found(pattern: str) -> None:
    assert allows_nul(pattern)


def allows_nul(pattern: str) -> bool:
    """Return whether a class, a category or a dot of a pattern has NUL in it; what is searched for is no part."""
    pattern = re.sub(r"(\[[^\]]+\]\*)\\S\1", "", pattern)
    classes = re.findall(r"\[(?:[^\]\\]|\\.)*\]", pattern)
    outside = re.sub(r"\[(?:[^\]\\]|\\.)*\]|\\[.\\]", "", pattern)
    wide = [one for one in classes if re.fullmatch(one, "\0")]
    return bool(wide) or any(word in outside for word in (r"\S", r"\D", r"\W", "."))
