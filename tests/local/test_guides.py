"""README and the guides: every command is run, in order, against a stack of `make run`, and shows what they say."""

import os
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from deploy.local.jars import CHECKOUT
from deploy.readme import README
from tests.local.run import Run, clean

pytestmark = [pytest.mark.servers, pytest.mark.slow, pytest.mark.timeout(900)]

GUIDES = sorted(path for path in (CHECKOUT / "docs" / "guides").glob("*.md") if path.name != "README.md")
BLOCK = re.compile(r"^```(\S+)(?: +(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ORIGIN = "http://127.0.0.1:8000"
MARK = "-- the end of block"
REFUSAL = re.compile(r"dozvon\.dev/problems/(\w+)")
# What takes two seconds may take more beside other tests; who looks every second goes on doing so.
SLOWER = "sleep() { command sleep $(($1 > 1 ? $1 * 4 : 1)); }\n"


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
def folder(run: Run, tmp_path: Path) -> Path:
    """A folder that looks like the checkout to the guides' commands, with its `dozvon` and the stack's home."""
    command = tmp_path / ".venv" / "bin" / "dozvon"
    command.parent.mkdir(parents=True)
    command.write_text(
        f'#!/bin/sh\nPYTHONPATH={CHECKOUT} exec {sys.executable} -P -m libs.common.platform.cli "$@"\n'
    )
    command.chmod(0o755)
    for name in ("services", "docs"):
        (tmp_path / name).symlink_to(CHECKOUT / name)
    (tmp_path / ".local").symlink_to(run.home)
    return tmp_path


def blocks(guide: Path) -> list[Block]:
    return [Block(kind, name, text) for kind, name, text in BLOCK.findall(guide.read_text(encoding="utf-8"))]


def played(run: Run, folder: Path, guide: Path) -> list[str]:
    """Save the guide's files, run its commands in one shell and return what each block of them has shown."""
    found = blocks(guide)
    for block in found:
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")
    commands = [block for block in found if block.kind == "sh"]
    script = SLOWER + "".join(
        f"{block.text}\necho; echo '{MARK} {number}'\n" for number, block in enumerate(commands)
    )
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", script.replace(ORIGIN, run.url("")), "sh"],
        cwd=folder, env=clean() | {"HOME": os.environ["HOME"]}, capture_output=True, text=True, timeout=600,
    )  # fmt: skip
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    *shown, rest = re.split(rf"^{MARK} \d+\n", done.stdout, flags=re.MULTILINE)
    assert (len(shown), rest) == (len(commands), ""), f"{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
    return shown


SHOWN = (
    '"disposition":"accepted"',  # the order
    '"type":"process_order"',  # the first contact, and what came of it
    '"outcome":"link_sent"',
    '"type":"answer"',  # the customer has written
    '"desk":"school"',  # the numbers
    "dozvon.task.assigned.v1",  # the timeline
    "message_received",
)


@pytest.mark.req("U16", "S2.9", "S4.3", "S4.4", "S4.7", "S4.12")
@pytest.mark.parametrize("taken", [1, 2])
def test_readmes_first_commands_lead_from_an_order_to_the_days_numbers(run: Run, folder: Path, taken: int) -> None:
    """The second time the stack has kept what the first one did."""
    shown = "".join(played(run, folder, README))
    assert (REFUSAL.findall(shown), [line for line in SHOWN if line not in shown]) == ([], [])
    assert f'"totals":{{"taken":{taken},' in shown


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: path.stem)
def test_a_guide_works_as_written(run: Run, folder: Path, guide: Path) -> None:
    found, shown = blocks(guide), played(run, folder, guide)
    assert [*unseen(found, shown), *unforeseen(found, shown)] == []


def promised(found: list[Block]) -> dict[int, list[str]]:
    """Return the lines that a guide says its commands show, by the number of the block of commands."""
    lines: dict[int, list[str]] = defaultdict(list)
    number = -1
    for block in found:
        number += block.kind == "sh"
        if block.kind == "text":
            lines[number] += [line.strip() for line in block.text.splitlines()]
    return lines


def unseen(found: list[Block], shown: list[str]) -> Iterator[str]:
    """Yield the lines that a guide promises and its commands did not show."""
    for number, lines in promised(found).items():
        yield from (line for line in lines if line not in shown[number])


def unforeseen(found: list[Block], shown: list[str]) -> Iterator[str]:
    """Yield the refusals that the commands met and the guide does not show."""
    lines = promised(found)
    for number, text in enumerate(shown):
        yield from (code for code in REFUSAL.findall(text) if code not in " ".join(lines[number]))


def test_every_guide_is_listed() -> None:
    listed = (CHECKOUT / "docs" / "guides" / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in GUIDES if f"]({path.name})" not in listed] == []


@pytest.mark.parametrize("guide", [README, *GUIDES], ids=lambda path: path.stem)
def test_what_a_guide_links_to_is_there(guide: Path) -> None:
    links = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", guide.read_text(encoding="utf-8"))
    assert [link for link in links if not (guide.parent / link).exists()] == []
