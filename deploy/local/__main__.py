"""`python -m deploy.local` is `make run`; `python -m deploy.local migrate` is `make migrate`."""

import asyncio
import os
import sys
from collections.abc import Callable
from typing import TextIO

import uvloop

from deploy.local.guide import guide
from deploy.local.home import Home, home_from_environment
from deploy.local.ports import require_free
from deploy.local.process import LocalStackError, lock_file
from deploy.local.stack import Stack, until_asked_to_stop

_DEFAULT_PORT = 8000


def main(argv: list[str]) -> int:
    """Run the stack until it is asked to stop; 1 and one clear line when it cannot run."""
    os.environ.setdefault("XDG_RUNTIME_DIR", os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - only named, never written
    terminal = sys.stderr
    try:
        port = int(os.environ.get("PORT", _DEFAULT_PORT))
        home = home_from_environment()
        with lock_file(home.path / "lock", wait=False):
            terminal = _keep_terminal(home)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_migrate(home, terminal) if argv == ["migrate"] else _serve(home, port, terminal))
    except LocalStackError as error:
        return _fail(terminal, str(error))
    except ValueError as error:
        return _fail(terminal, f"PORT must be a number: {error}")
    except OSError as error:
        return _fail(terminal, f"{error.filename or 'the stack'}: {error.strerror or error}")
    return 0


async def _serve(home: Home, port: int, terminal: TextIO) -> None:
    require_free(port, "set PORT to another one")
    say = _progress(terminal)
    stack = Stack(home, port, say)
    async with stack.running():
        if stack.desk is not None:
            print(guide(stack.url, str(home.path), stack.desk), file=terminal, flush=True)
        await until_asked_to_stop()
        say("stopping: draining requests and workers")
    say("stopped")


async def _migrate(home: Home, terminal: TextIO) -> None:
    await Stack(home, 0, _progress(terminal)).migrate_only()


def _progress(terminal: TextIO) -> Callable[[str], None]:
    return lambda text: print(f"· {text}", file=terminal, flush=True)


def _keep_terminal(home: Home) -> TextIO:
    """Send what the apps log to a file, and keep the terminal for what a person should read."""
    terminal = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    log = os.open(home.logs / "origin.log", os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(log, stream.fileno())
    os.close(log)
    return terminal


def _fail(terminal: TextIO, line: str) -> int:
    print(f"dozvon: {line}", file=terminal, flush=True)
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
