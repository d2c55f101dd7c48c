"""`python -m deploy.local` is `make run`; `python -m deploy.local migrate` is `make migrate`."""

import asyncio
import contextlib
import os
import signal
import sys
import traceback
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path

import uvloop

from deploy.local.environment import take_choices
from deploy.local.guide import VARIABLES, guide, variables
from deploy.local.home import home_from_environment
from deploy.local.ports import require_free
from deploy.local.process import LocalStackError, lock_file
from deploy.local.stack import Stack
from libs.common.platform.files import write_whole

_DEFAULT_PORT = "8000"
_PORTS = range(1, 65_536)

Say = Callable[[str], None]


def main(argv: list[str]) -> int:
    """Run the stack until it is asked to stop; 1 and one clear line when it cannot run."""
    os.environ.setdefault("XDG_RUNTIME_DIR", os.environ.get("TMPDIR", "/tmp"))  # noqa: S108 - only named, never written
    terminal = os.dup(sys.stdout.fileno())

    def say(line: str) -> None:
        with contextlib.suppress(OSError):  # the terminal is closed: the stack must still stop in order
            os.write(terminal, f"{line}\n".encode())

    try:
        port, home, choices = _port(), home_from_environment(), take_choices(os.environ)
        with lock_file(home.path / "lock", wait=False), _logging_to(home.logs / "origin.log"):
            stack = Stack(home, port, lambda line: say(f"· {line}"), choices)
            work = stack.migrate_only() if argv == ["migrate"] else _serve(stack, say)
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(_until_asked_to_stop(work, say))
    except LocalStackError as error:
        fault = str(error)
    except OSError as error:
        fault = f"{error.filename or 'the stack'}: {error.strerror or error}"
    else:
        return 0
    say(f"dozvon: {fault}".replace("\n", " "))
    return 1


def _port() -> int:
    text = os.environ.get("PORT") or _DEFAULT_PORT
    port = int(text) if text.isascii() and text.isdigit() else 0
    if port not in _PORTS:
        raise LocalStackError(f"PORT must be a number from 1 to 65535, not {text!r}")
    return port


async def _until_asked_to_stop(work: Coroutine[object, object, None], say: Say) -> None:
    """Do `work`; Ctrl-C, SIGTERM or the end of the terminal cancel it once, and it stops what it started."""
    asked = asyncio.Event()
    numbers = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # `nohup make run` outlives its terminal
        numbers.append(signal.SIGHUP)
    for number in numbers:
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    task, stop = asyncio.create_task(work), asyncio.create_task(asked.wait())
    await asyncio.wait({task, stop}, return_when=asyncio.FIRST_COMPLETED)
    stop.cancel()
    if not task.done():
        say("· stopping: draining requests and workers")
        task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    if asked.is_set():
        say("· stopped")


async def _serve(stack: Stack, say: Say) -> None:
    require_free(stack.port, "set PORT to another one")
    async with stack.running() as (desk, school):
        write_whole(stack.home.path / VARIABLES, variables(stack.url, stack.standins, desk, school), 0o600)
        say(guide(stack.url, str(stack.home.path), desk))
        await asyncio.Event().wait()


@contextlib.contextmanager
def _logging_to(log: Path) -> Iterator[None]:
    """Send what the apps print to a file; an unexpected error goes there too, and one line to the terminal."""
    file = os.open(log, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o644)
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(file, stream.fileno())
    os.close(file)
    try:
        yield
    except (LocalStackError, OSError):
        raise
    except Exception as error:
        traceback.print_exc()
        raise LocalStackError(f"{type(error).__name__}, see {log}") from error


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
