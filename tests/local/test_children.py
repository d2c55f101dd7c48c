"""Child processes of the local stack."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest_asyncio

from deploy.local.children import Children
from deploy.local.jars import CHECKOUT
from tests.support.patience import PATIENCE

PARENT = """
import asyncio, os, pathlib, sys
from deploy.local.children import Children

async def main():
    children = Children(pathlib.Path(sys.argv[1]), print)
    await children.start("sleeper", ["timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)"], os.environ)
    print(children.pids()["sleeper"], flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""
SLEEPER = ["timeit", "-n", "1", "-r", "1", "import time; time.sleep(60)"]


@pytest_asyncio.fixture
async def children(tmp_path: Path) -> AsyncIterator[Children]:
    family = Children(tmp_path, said.append)
    said.clear()
    yield family
    await family.stop()


said: list[str] = []


async def _until(condition: object) -> None:
    assert callable(condition)
    async with asyncio.timeout(PATIENCE):
        while not condition():
            await asyncio.sleep(0.02)


async def test_children_run_from_the_tree_that_is_given(tmp_path: Path) -> None:
    script = tmp_path / "deploy" / "local" / "child.py"
    script.parent.mkdir(parents=True)
    script.write_text("print('another tree')")
    family = Children(tmp_path, said.append, tmp_path)
    await family.start("one", ["any.module"], os.environ)
    await _until(lambda: "another tree" in (tmp_path / "one.log").read_text())
    await family.stop()


async def test_a_dead_child_is_restarted_and_said(children: Children) -> None:
    await children.start("sleeper", SLEEPER, os.environ)
    first = children.pids()["sleeper"]
    os.kill(first, signal.SIGKILL)
    await _until(lambda: children.pids().get("sleeper", first) != first)
    assert said[0].startswith("sleeper died (signal 9")


async def test_a_halted_child_stays_down_until_started_again(children: Children) -> None:
    await children.start("sleeper", SLEEPER, os.environ)
    await children.halt("sleeper")
    await asyncio.sleep(0.7)
    assert children.pids() == {}


async def test_stop_ends_all_children(children: Children) -> None:
    await children.start("one", SLEEPER, os.environ)
    await children.start("two", SLEEPER, os.environ)
    pids = list(children.pids().values())
    await children.stop()
    assert [pid for pid in pids if psutil.pid_exists(pid)] == []


async def test_a_stopped_child_is_not_said_to_have_died(children: Children) -> None:
    await children.start("sleeper", SLEEPER, os.environ)
    await children.stop()
    assert said == []


async def test_a_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(tmp_path), stdout=asyncio.subprocess.PIPE, cwd=CHECKOUT
    )
    assert parent.stdout
    child = psutil.Process(int(await parent.stdout.readline()))
    parent.kill()
    await parent.wait()
    await _until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


async def test_output_goes_to_the_childs_own_log(children: Children, tmp_path: Path) -> None:
    await children.start("noisy", ["this"], os.environ)
    await _until(lambda: b"Zen of Python" in (tmp_path / "noisy.log").read_bytes())
    assert said == [] or "noisy died" in said[0]
