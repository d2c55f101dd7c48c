"""Child processes of the stack: started, watched, restarted when they die, stopped together."""

import asyncio
import contextlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

_FIRST_PAUSE = 0.5  # seconds before a dead child is started again; doubled up to the limit
_PAUSE_LIMIT = 10.0
_STOP_SECONDS = 20.0


class Running(Protocol):
    """A process that was started, as asyncio shows it."""

    @property
    def pid(self) -> int: ...

    @property
    def returncode(self) -> int | None: ...

    async def wait(self) -> int: ...

    def terminate(self) -> None: ...

    def kill(self) -> None: ...


@dataclass
class Child:
    """A module to run, as `python -m` would. `once` is added to the environment of its next life alone."""

    module: Sequence[str]
    env: Mapping[str, str]
    log: Path
    once: Mapping[str, str]
    process: Running | None = None
    watcher: asyncio.Task[None] | None = None


@dataclass
class Children:
    """Runs Python modules as processes that end with this one; each writes to its own log file.

    `tree` is the folder that the modules are imported from; our own working directory unless given.
    """

    logs: Path
    say: Callable[[str], None]
    tree: Path | None = None
    _children: dict[str, Child] = field(default_factory=dict)

    async def start(
        self,
        name: str,
        module: Sequence[str],
        env: Mapping[str, str],
        once: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Start `python -m <module…>` and keep it alive until `halt` or `stop`.

        `once` is added to the environment of its first life alone.
        """
        child = Child(module, env, self.logs / f"{name}.log", once)
        self._children[name] = child
        child.process = await self.spawn(child)
        child.watcher = asyncio.create_task(self._watch(name, child), name=f"watch {name}")

    async def halt(self, name: str) -> None:
        """Stop one child and leave it stopped until it is started again."""
        await self._end(self._children[name])

    def pids(self) -> dict[str, int]:
        """Return the process id of each child that runs."""
        return {
            name: child.process.pid
            for name, child in self._children.items()
            if child.process and child.process.returncode is None
        }

    async def stop(self) -> None:
        """Ask all to stop, wait, and kill what is left after 20 s."""
        await asyncio.gather(*(self._end(child) for child in self._children.values()))

    async def spawn(self, child: Child) -> Running:
        """Start the process of one life of a child. Raises OSError."""
        with child.log.open("ab") as log:
            # A session of its own: Ctrl-C reaches the parent alone, which then stops the children in order.
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "deploy.local.child",
                *child.module,
                cwd=self.tree,
                env={**child.env, **child.once},
                stdin=asyncio.subprocess.PIPE,  # never written: its end is how the child notices our death
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    async def _watch(self, name: str, child: Child) -> None:
        pause = _FIRST_PAUSE
        while child.process is not None:
            born = asyncio.get_running_loop().time()
            code = await child.process.wait()
            if asyncio.get_running_loop().time() - born > _PAUSE_LIMIT:
                pause = _FIRST_PAUSE
            child.once = {}
            self.say(f"{name} died ({_why(code)}, see {child.log}); starting it again")
            await asyncio.sleep(pause)
            pause = min(pause * 2, _PAUSE_LIMIT)
            try:
                child.process = await self.spawn(child)
            except OSError as error:  # tried again: the old process is still the dead one
                self.say(f"{name} cannot be started: {error}")

    async def _end(self, child: Child) -> None:
        if child.watcher is not None:
            await cancelled(child.watcher)
        if child.process is not None and child.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.process.terminate()
            try:
                await asyncio.wait_for(child.process.wait(), _STOP_SECONDS)
            except TimeoutError:
                with contextlib.suppress(ProcessLookupError):
                    child.process.kill()
                await child.process.wait()


async def cancelled(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended."""
    task.cancel()
    await asyncio.wait({task})


def _why(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit {code}"
