"""Every published type is documented, has one owner, and whoever listens names one that exists."""

import ast
from importlib import import_module
from pathlib import Path
from typing import TypedDict

import pytest

from libs.common.contracts import OWNERS, REGISTRY, EventData, export
from tests.architecture.memory import Memory
from tests.architecture.sources import ROOT, Source, sources


def test_every_event_type_has_a_schema_and_an_example() -> None:
    paths = [path(name) for name in sorted(REGISTRY) for path in (export.schema_path, export.example_path)]
    assert [path for path in paths if not path.is_file()] == []


def test_every_event_type_has_one_of_the_owners() -> None:
    assert [name for name, model in REGISTRY.items() if model.owner not in OWNERS] == []


def test_every_event_type_travels_on_a_topic_of_its_owner() -> None:
    assert [name for name, model in REGISTRY.items() if model.topic.owner != model.owner] == []


@pytest.mark.parametrize("owner", OWNERS)
def test_a_service_reads_every_topic_of_the_events_that_it_subscribes_to(owner: str) -> None:
    module = import_module(f"services.{owner}.subscriptions")
    (source,) = [each for each in sources() if each.path == Path(module.__file__ or "")]
    assert {model.topic for model in subscribed(source)} - set(module.TOPICS) == set()
    assert subscribed(source)


def subscribed(source: Source) -> list[type[EventData]]:
    """Return the models whose `event_type` a table of subscriptions names, as `assignment.OperatorChanged`."""
    nodes = (node for node in source.nodes if isinstance(node, ast.Attribute))
    named = {ast.unparse(node.value) for node in nodes if node.attr == "event_type"}
    return [model for model in REGISTRY.values() if f"{_module(model)}.{model.__name__}" in named]


def _module(model: type[EventData]) -> str:
    return model.__module__.rpartition(".")[2]


class Used(TypedDict):
    """What a file calls, and what it imports under which name."""

    calls: list[str]
    spelled: dict[str, str]


def used(source: Source) -> Used:
    spelled = {
        f"{node.module}.{alias.name}": alias.asname or alias.name
        for node in source.nodes
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    calls = {ast.unparse(node.func) for node in source.nodes if isinstance(node, ast.Call)}
    return Used(calls=sorted(calls), spelled=spelled)


def foreign_calls(used: Used, owner: str) -> set[str]:
    """Return how a file spells the event models of other owners that it makes: `Changed`, `intake.Changed`."""
    spelled = used["spelled"]
    foreign = [model for model in REGISTRY.values() if model.owner != owner]
    direct = {spelled.get(f"{model.__module__}.{model.__name__}", "") for model in foreign}
    by_module = {f"{spelled.get(model.__module__, '')}.{model.__name__}" for model in foreign}
    return (direct | by_module) & set(used["calls"])


@pytest.mark.parametrize("owner", OWNERS)
def test_only_the_owner_makes_its_events(memory: Memory, owner: str) -> None:
    files = [source for source in sources() if source.name.startswith("services/")]
    own = [(source, said) for source, said in memory.of(used, files) if source.name.split("/")[1] == owner]
    assert [f"{source.name}: {name}" for source, said in own for name in foreign_calls(said, owner)] == []


@pytest.mark.parametrize(
    "text",
    [
        "from libs.common.contracts.intake import OrderChanged\nOrderChanged(lead_id=1)",
        "from libs.common.contracts import intake as leads\nleads.OrderChanged(lead_id=1)",
    ],
)
def test_the_check_sees_a_foreign_event_however_it_is_spelled(text: str) -> None:
    source = Source(ROOT / "services" / "tasks" / "x.py", text)
    assert foreign_calls(used(source), "tasks") != set()
