"""One lock file, and one for what the benchmark compares with: complete, with hashes, of no index in particular.

The image takes the runtime part of ours.
"""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from deploy.runtime_lock import entries, normal, runtime
from tests.architecture.sources import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
PACKAGES = entries(LOCK)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
APART = "bench"  # the extra with a lock and an environment of its own
EXTRAS = [line for name, lines in PROJECT["optional-dependencies"].items() if name != APART for line in lines]
PEERS = PROJECT["optional-dependencies"][APART]
BENCH_LOCK = (ROOT / "requirements-bench.lock").read_text()
BENCH_PACKAGES = entries(BENCH_LOCK)
DIRECT = {normal(Requirement(line).name) for line in PROJECT["dependencies"]}


def pinned(packages: dict[str, str], name: str) -> str:
    found = re.search(r"==(\S+)", packages[normal(name)])
    assert found is not None
    return found[1]


@pytest.mark.parametrize("line", [*PROJECT["dependencies"], *EXTRAS])
def test_every_dependency_is_locked_within_its_bounds(line: str) -> None:
    wanted = Requirement(line)
    assert wanted.specifier.contains(pinned(PACKAGES, wanted.name)), "run `make lock`"


@pytest.mark.parametrize("line", [*PROJECT["dependencies"], *PEERS])
def test_every_dependency_of_the_peers_is_locked_within_its_bounds(line: str) -> None:
    wanted = Requirement(line)
    assert wanted.specifier.contains(pinned(BENCH_PACKAGES, wanted.name)), "run `make lock`"


def test_peers_run_on_the_versions_that_we_run_on() -> None:
    shared = PACKAGES.keys() & BENCH_PACKAGES.keys()
    assert [name for name in shared if pinned(PACKAGES, name) != pinned(BENCH_PACKAGES, name)] == []


@pytest.mark.parametrize("packages", [PACKAGES, BENCH_PACKAGES], ids=["ours", "bench"])
def test_every_locked_package_has_hashes(packages: dict[str, str]) -> None:
    assert [name for name, entry in packages.items() if "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", [LOCK, BENCH_LOCK], ids=["ours", "bench"])
def test_lock_names_no_place_that_packages_come_from(lock: str) -> None:
    assert re.findall(r"^(?:-\w|--(?!hash)).*|\w+://.*", lock, re.MULTILINE) == []


def test_image_gets_neither_tests_nor_embedded_servers() -> None:
    extras = {normal(Requirement(line).name) for line in (*EXTRAS, *PEERS)}
    assert extras.isdisjoint(runtime(DIRECT, PACKAGES))


def test_image_gets_what_the_dependencies_need_themselves() -> None:
    assert {"starlette", "greenlet", "pydantic-core", "urllib3"} <= set(runtime(DIRECT, PACKAGES))
