"""One lock file: complete, with hashes, of no index in particular, and the image takes its runtime part."""

import re
import tomllib

import pytest
from packaging.requirements import Requirement

from deploy.runtime_lock import entries, normal, runtime
from tests.architecture.sources import ROOT

LOCK = (ROOT / "requirements.lock").read_text()
PACKAGES = entries(LOCK)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = [line for extra in PROJECT["optional-dependencies"].values() for line in extra]
DIRECT = {normal(Requirement(line).name) for line in PROJECT["dependencies"]}


@pytest.mark.parametrize("line", [*PROJECT["dependencies"], *EXTRAS])
def test_every_dependency_is_locked_within_its_bounds(line: str) -> None:
    wanted = Requirement(line)
    pinned = re.search(r"==(\S+)", PACKAGES[normal(wanted.name)])
    assert pinned is not None
    assert wanted.specifier.contains(pinned[1]), "run `make lock`"


def test_every_locked_package_has_hashes() -> None:
    assert [name for name, entry in PACKAGES.items() if "--hash=sha256:" not in entry] == []


def test_lock_names_no_place_that_packages_come_from() -> None:
    assert re.findall(r"^(?:-\w|--(?!hash)).*|\w+://.*", LOCK, re.MULTILINE) == []


def test_image_gets_neither_tests_nor_embedded_servers() -> None:
    extras = {normal(Requirement(line).name) for line in EXTRAS}
    assert extras.isdisjoint(runtime(DIRECT, PACKAGES))


def test_image_gets_what_the_dependencies_need_themselves() -> None:
    assert {"starlette", "greenlet", "pydantic-core", "urllib3"} <= set(runtime(DIRECT, PACKAGES))
