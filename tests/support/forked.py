"""The product's processes forked from one that has imported all of it: a start costs a tenth of the CPU.

They run the same code from there on. The local stack and the benchmarks start theirs anew.
"""

import asyncio
import multiprocessing
import os
import runpy
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing import forkserver
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from deploy.local.children import Child, Children, Running
from libs.common.platform import faultpoints

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(["tests.support.preloaded"])


@dataclass
class Forked:
    """A forked process, as asyncio shows one that it has started itself."""

    process: ForkServerProcess

    @property
    def pid(self) -> int:
        assert self.process.pid is not None
        return self.process.pid

    @property
    def returncode(self) -> int | None:
        return self.process.exitcode

    async def wait(self) -> int:
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self.process.sentinel, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(self.process.sentinel)
        self.process.join()
        return self.process.exitcode or 0

    def terminate(self) -> None:
        self.process.terminate()

    def kill(self) -> None:
        self.process.kill()


@dataclass
class ForkedChildren(Children):
    """Children that are forked."""

    async def spawn(self, child: Child) -> Running:
        """Fork one life of a child."""
        given = (child.module, {**child.env, **child.once}, child.log)
        process = _CONTEXT.Process(target=_live, args=given)
        await asyncio.to_thread(process.start)
        return Forked(process)


def end() -> None:
    """End the process that is forked and wait for it: only then does its CPU count for ours."""
    forkserver._forkserver._stop()  # type: ignore[attr-defined]  # there is no public way


def _live(module: Sequence[str], env: Mapping[str, str], log: Path) -> None:
    """Become the process that `python -m` would have started."""
    os.setsid()
    os.environ.clear()
    os.environ.update(env)
    faultpoints.arm(env)
    said = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for number in (1, 2):
        os.dup2(said, number)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    sys.argv = [*module]
    runpy.run_module(module[0], run_name="__main__", alter_sys=True)


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)
