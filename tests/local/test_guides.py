"""The guides: every command in them is run, in order, against a stack of `make run`, and shows what they say."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.jars import CHECKOUT
from tests.local.run import Run, clean

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(900)]

GUIDES = sorted(path for path in (CHECKOUT / "docs" / "guides").glob("*.md") if path.name != "README.md")
BLOCK = re.compile(r"^```(\S+)(?: +(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ORIGIN = "http://127.0.0.1:8000"
MARK = "-- the end of block"


@dataclass(frozen=True)
class Block:
    """A fenced block: commands, a file to save, or what the commands before it show."""

    kind: str
    name: str
    text: str


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """One stack for all guides."""
    stack = Run(tmp_path_factory.mktemp("guides") / "home")
    stack.start()
    yield stack
    stack.end()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the checkout to the guides' commands, with its `dozvon`."""
    command = tmp_path / ".venv" / "bin" / "dozvon"
    command.parent.mkdir(parents=True)
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {sys.executable} -P -m libs.common.platform.cli "$@"\n'
    )
    command.chmod(0o755)
    for name in ("services", "docs"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    return tmp_path


def blocks(guide: Path) -> list[Block]:
    return [Block(kind, name, text) for kind, name, text in BLOCK.findall(guide.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_works_as_written(run: Run, folder: Path, guide: Path) -> None:
    found = blocks(guide)
    for block in found:
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")
    commands = [block for block in found if block.kind == "sh"]
    script = "".join(f"{block.text}\necho; echo '{MARK} {number}'\n" for number, block in enumerate(commands))
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", script.replace(ORIGIN, run.url("")), "sh"],
        cwd=folder, env=clean() | {"HOME": os.environ["HOME"]}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    shown = re.split(rf"^{MARK} \d+\n", done.stdout, flags=re.MULTILINE)
    assert len(shown) == len(commands) + 1, f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    assert list(unseen(found, shown)) == []


def unseen(found: list[Block], shown: list[str]) -> Iterator[str]:
    """Yield the lines that a guide promises and its commands did not show."""
    number = -1
    for block in found:
        number += block.kind == "sh"
        if block.kind == "text":
            yield from (line for line in block.text.splitlines() if line.strip() not in shown[number])


def test_every_guide_is_listed() -> None:
    listed = (CHECKOUT / "docs" / "guides" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in GUIDES if f"]({path.name})" not in listed] == []
