"""The AsyncAPI document of all events."""

import re
from functools import cache
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from libs.common.contracts import REGISTRY, asyncapi, export

Json = dict[str, Any]  # a document is read as it is
NAMES = sorted(model.__name__ for model in REGISTRY.values())


@cache
def text() -> str:
    """What the code says today: it takes a second to make."""
    return export.asyncapi_text()


@cache
def document() -> Json:
    found: Json = yaml.load(text(), yaml.CSafeLoader)  # the safe one, in C
    return found


def there(reference: str) -> Json:
    found = document()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


@pytest.mark.req("U25")
def test_what_is_committed_is_what_the_registry_says() -> None:
    assert asyncapi.PATH.read_text("utf-8") == text(), "run `make contracts`"


@pytest.mark.req("U25")
def test_every_event_type_is_a_message_of_its_topic() -> None:
    found = {
        there(message["$ref"])["name"]: channel["address"]
        for channel in document()["channels"].values()
        for message in channel["messages"].values()
    }
    assert found == {name: f"dozvon.{model.topic}" for name, model in REGISTRY.items()}


def test_every_reference_leads_somewhere() -> None:
    assert all(there(reference) for reference in set(re.findall(r"'?(#/[\w/]+)", text())))


def test_no_text_names_a_requirement_of_ours() -> None:
    assert re.findall(r"\b[SPU]\d*\.\d+\b", text()) == []


def test_there_is_a_message_of_each_event() -> None:
    assert sorted(document()["components"]["messages"]) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_example_of_a_message_is_one(name: str) -> None:
    message = document()["components"]["messages"][name]
    whole = Resource.from_contents({"$schema": Draft202012Validator.META_SCHEMA["$id"], **document()})
    registry: Registry[Json] = Registry().with_resource("urn:whole", whole)
    schema = {"$ref": "urn:whole" + message["payload"]["$ref"]}
    (example,) = message["examples"]
    Draft202012Validator(schema, registry=registry).validate(example["payload"])
