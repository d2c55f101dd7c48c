import re
import subprocess
import sys
import tomllib
from importlib.metadata import distribution
from pathlib import Path

from packaging.requirements import Requirement

from deploy.runtime_lock import entries, needed_by, normal, runtime

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text()
DIRECT = [
    Requirement(line) for line in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
]

SMALL = """\
# made by a tool
a==1 \\
    --hash=sha256:aa
    # via dozvon (pyproject.toml)
b-two[x]==2 ; python_version < '4' \\
    --hash=sha256:bb
    # via
    #   a
    #   dev-tool
c==3 \\
    --hash=sha256:cc
    # via dev-tool
dev-tool==4 \\
    --hash=sha256:dd
    # via dozvon (pyproject.toml)
"""


def applies(requirement: Requirement, extra: str = "") -> bool:
    return requirement.marker is None or requirement.marker.evaluate({"extra": extra})


def needs(requirement: Requirement) -> list[Requirement]:
    """What an installed distribution requires here, with the extras that were asked for."""
    lines = map(Requirement, distribution(requirement.name).requires or [])
    return [line for line in lines if any(applies(line, extra) for extra in ("", *requirement.extras))]


#: A tool asks for more of a package that we need too: a lock says of which package an entry is, not for whom.
OF_TOOLS = {"linkify-it-py", "uc-micro-py"}


def installed_closure() -> set[str]:
    found: dict[str, set[str]] = {}
    left = [requirement for requirement in DIRECT if applies(requirement)]
    while left:
        one = left.pop()
        if normal(one.name) not in found or not one.extras <= found[normal(one.name)]:
            found[normal(one.name)] = found.get(normal(one.name), set()) | one.extras
            left += needs(one)
    return set(found)


def locked_here(name: str) -> bool:
    marker = re.search(r"==\S+ *; *([^\\\n]+)", entries(LOCK)[name])
    return marker is None or applies(Requirement(f"x; {marker[1]}"))


def test_the_runtime_is_what_the_installed_dependencies_need() -> None:
    chosen = set(runtime({normal(requirement.name) for requirement in DIRECT}, entries(LOCK)))
    assert {name for name in chosen if locked_here(name)} - OF_TOOLS == installed_closure()


def test_what_only_tools_need_is_left_out() -> None:
    assert runtime({"a"}, entries(SMALL)) == ["a", "b-two"]


def test_an_entry_keeps_its_hashes_and_markers() -> None:
    entry = entries(SMALL)["b-two"]
    assert entry.startswith("b-two[x]==2 ; python_version < '4'")
    assert "--hash=sha256:bb" in entry


def test_one_or_many_may_need_an_entry() -> None:
    lock = entries(SMALL)
    assert (needed_by(lock["c"]), needed_by(lock["b-two"])) == ({"dev-tool"}, {"a", "dev-tool"})


def test_the_command_prints_a_lock_that_pip_can_check() -> None:
    command = [sys.executable, "deploy/runtime_lock.py", "pyproject.toml", "requirements.lock"]
    printed = entries(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout)
    assert [name for name, entry in printed.items() if "--hash=sha256:" not in entry] == []
    assert {"fastapi", "aiokafka"} <= set(printed)
