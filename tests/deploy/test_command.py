"""The `dozvon` command as `make` and the image have it: a program that runs in any folder."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import command
from libs.common.testkit.database import StackDatabase

Dozvon = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def dozvon(tmp_path: Path, stack_db: StackDatabase) -> Dozvon:
    """The command of an environment whose path has a space, called from another folder."""
    binaries = tmp_path / "an environment" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (binaries / "python").chmod(0o755)
    command.main(str(binaries.parent))
    (tmp_path / "libs").mkdir()
    environment = {**os.environ, "TASKS_POSTGRES_URL": stack_db.url("tasks")}

    def call(*arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [str(binaries / "dozvon"), "dead-letters", *arguments, "--service", "tasks"]
        return subprocess.run(argv, cwd=tmp_path, env=environment, capture_output=True, text=True)

    return call


async def test_it_lists_what_is_parked(dozvon: Dozvon) -> None:
    done = dozvon("list")
    assert (done.returncode, done.stdout, done.stderr) == (0, "nothing is parked\n", "")


@pytest.mark.parametrize("arguments", [("show", "7"), ("retry", "7"), ("discard", "7", "--note", "a test")])
async def test_what_it_cannot_do_is_said_and_seen_in_its_exit_code(dozvon: Dozvon, arguments: list[str]) -> None:
    done = dozvon(*arguments)
    assert (done.returncode, done.stderr) == (1, "dozvon: there is no parked event 7\n")
