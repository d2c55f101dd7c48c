"""Arrows point inward: import-linter's contracts, and what rules may know, name by name."""

import ast
import importlib
import inspect
import sys
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cache

import pytest
from importlinter.cli import lint_imports

from libs.common.contracts import REGISTRY
from tests.architecture.memory import Memory
from tests.architecture.sources import ROOT, Source, sources

# orjson and python_multipart are codecs: bytes in, values out.
PURE_LIBRARIES = (
    "libs.common.connect.command.rules",
    "libs.common.platform.clock",
    "libs.common.domain",
    "orjson",
    "python_multipart",
    "urllib.parse",
)
# The language of playbooks and the configuration of formats are declared for these: text in, values out.
_LANGUAGE = {"source", "values", "terms", "limits", "conditions", "fields", "messages", "asks", "verbs", "sheets"}
_LANGUAGE |= {"keeps", "model", "dealings"}
DECLARED = {f"services.tasks.playbooks.{name}" for name in _LANGUAGE}
DECLARED |= {"services.intake.formats.config"}
LIBRARIES_OF_DECLARATIONS = {"pydantic", "pydantic_core", "yaml"}
# Words of the domain that published events use too. Only enums: two sets of the same words, translated
# member by member, would say nothing; the event classes beside them stay out of reach.
SHARED_WORDS = "libs.common.contracts.shared"
IMPURE = frozenset(
    {"asyncio", "concurrent", "contextvars", "http", "io", "logging", "multiprocessing", "os", "pathlib", "queue"}
    | {"random", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess", "tempfile"}
    | {"threading", "time", "urllib", "weakref"}
)
IMPURE_CALLS = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "uuid1", "uuid4", "uuid7"}


def imports(source: Source) -> Iterator[tuple[str, str]]:
    """Yield (module, name) of every import; a plain `import x` has no name."""
    for node in source.nodes:
        match node:
            case ast.Import(names=names):
                yield from ((alias.name, "") for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from ((module, alias.name) for alias in names)


@cache
def modules() -> Mapping[str, Source]:
    return {source.module: source for source in sources() if not source.is_test}


@cache
def rules() -> Sequence[str]:
    return sorted(name for name in modules() if name.startswith("services.") and name.endswith(".rules"))


@cache  # it reads the tree
def modules_of_rules() -> list[str]:
    """Return all rules, and every module of their own service that they are made of."""
    found, waiting = set(), list(rules())
    while waiting:
        name = waiting.pop()
        found.add(name)
        service = ".".join(name.split(".")[:2])
        named = {module for module, _ in imports(modules()[name]) if module.startswith(f"{service}.")}
        own = named & modules().keys()
        waiting += own - found
    return sorted(found)


def allowed(module: str, name: str) -> bool:
    top = module.partition(".")[0]
    if module == SHARED_WORDS:
        return issubclass(getattr(importlib.import_module(module), name), Enum)
    standard = top in sys.stdlib_module_names and top not in IMPURE
    return standard or module in modules_of_rules() or module.startswith(PURE_LIBRARIES)


def renamed(source: Source) -> list[tuple[str, str]]:
    """Return what a file imports under another name, and that name."""
    return [
        (f"{node.module}.{part.name}", part.asname)
        for node in source.nodes
        if isinstance(node, ast.ImportFrom)
        for part in node.names
        if part.asname not in (None, part.name)
    ]


def aliases(memory: Memory) -> list[tuple[str, str, str]]:
    """Return (importing module, what it imports, under which other name) for all services."""
    services = [source for name, source in modules().items() if name.startswith("services.")]
    found = memory.of(renamed, services)
    return [(source.module, what, alias) for source, names in found for what, alias in names]


def test_import_contracts_hold(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.syspath_prepend(str(ROOT))
    assert lint_imports(no_cache=True) == 0, capsys.readouterr().out


def foreign(name: str) -> Iterator[str]:
    """Yield what a module of rules imports and may not."""
    also = LIBRARIES_OF_DECLARATIONS if name in DECLARED else set()
    for module, what in imports(modules()[name]):
        if module.partition(".")[0] not in also and not allowed(module, what):
            yield f"{name}: {module}.{what}"


def test_rules_import_nothing_but_what_is_pure() -> None:
    assert [what for name in modules_of_rules() for what in foreign(name)] == []


def test_rules_read_no_clock_and_draw_no_ids() -> None:
    calls = [
        (name, node) for name in modules_of_rules() for node in modules()[name].nodes if isinstance(node, ast.Call)
    ]
    impure = tuple(IMPURE_CALLS)
    assert [f"{name}:{call.lineno}" for name, call in calls if ast.unparse(call.func).endswith(impure)] == []


def test_an_event_module_goes_by_its_own_name_in_every_service(memory: Memory) -> None:
    owners = {module.__name__ for module in map(inspect.getmodule, REGISTRY.values()) if module is not None}
    assert {(name, alias) for _, name, alias in aliases(memory) if name in owners} == set()


def test_an_engine_module_goes_by_one_name_that_means_nothing_else(memory: Memory) -> None:
    ours = {(name, alias) for _, name, alias in aliases(memory) if name.startswith("services.tasks.engine.")}
    meanings = {name for _, name, alias in aliases(memory) if alias in {alias for _, alias in ours}}
    assert len(ours) == len({name for name, _ in ours}) == len(meanings)


def test_every_service_has_rules() -> None:
    assert {name.split(".")[1] for name in rules()} == {"intake", "tasks", "assignment", "notifications"}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("asyncio", ""),
        ("datetime", "datetime"),
        ("pydantic", "BaseModel"),
        (SHARED_WORDS, "Customer"),
        (SHARED_WORDS, "Stage"),
    ],
)
def test_the_check_tells_words_and_values_from_frameworks_and_models(module: str, name: str) -> None:
    assert allowed(module, name) is ((module, name) in {("datetime", "datetime"), (SHARED_WORDS, "Stage")})
