"""Servers as child processes: started, waited for, found again after a crash, stopped, killed."""

import contextlib
import fcntl
import os
import re
import shutil
import subprocess
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from signal import Signals
from typing import IO, ClassVar

import psutil

POLL_SECONDS = 0.02


class LocalStackError(RuntimeError):
    """The local stack cannot run; the message is the one line that a person is shown."""


def lock_file(path: Path, *, wait: bool) -> IO[bytes]:
    """Take an exclusive lock that ends when the handle is closed or its process dies.

    Raises LocalStackError at once if another holds it and `wait` is false.
    """
    handle = path.open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise LocalStackError(f"{path.parent} is in use by another running stack") from None
    return handle


def wait_gone(processes: Iterable[psutil.Process], seconds: float) -> bool:
    """Wait until all are dead (a zombie is dead); false when `seconds` were not enough."""
    deadline = time.monotonic() + seconds
    remaining = list(processes)
    while remaining := [process for process in remaining if not _dead(process)]:
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True


def _dead(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def kill_tree(root: psutil.Process) -> None:
    """SIGKILL a process and all below it, and wait until they are gone."""
    with contextlib.suppress(psutil.NoSuchProcess):
        root.suspend()  # a stopped parent forks no child that the list would miss
        family = [*root.children(recursive=True), root]
        for process in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        wait_gone(family, 10)


def end(process: psutil.Process, polite: Signals, seconds: float) -> None:
    """Ask a process to stop, and kill its whole tree when it has not after `seconds`."""
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(polite)
    if not wait_gone([process], seconds):
        kill_tree(process)


@contextlib.contextmanager
def one_line(subject: str) -> Iterator[None]:
    """Turn what the operating system refuses (rights, space, paths) into a LocalStackError."""
    try:
        yield
    except OSError as error:
        where = f": {error.filename}" if error.filename else ""
        raise LocalStackError(f"{subject}: {error.strerror or error}{where}") from error


class EmbeddedServer(ABC):
    """A server process on one data folder, which only one object at a time may use.

    `start` after a crash of the server or of the parent finds what was left and takes the folder over.
    """

    title: ClassVar[str]
    program: ClassVar[str]
    fault: ClassVar[re.Pattern[str]]
    polite: ClassVar[Signals]
    patience: float = 30.0  # seconds from the request to stop until it is killed
    start_seconds: ClassVar[float] = 60.0

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir.expanduser().resolve()
        self.log = self.data_dir / f"{self.title.lower()}.log"
        self._child: subprocess.Popen[bytes] | None = None
        self._lock: IO[bytes] | None = None
        self._log_start = 0
        self._turn = threading.RLock()  # a stop from another thread waits for the start that runs, and undoes it

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect."""

    @property
    @abstractmethod
    def home(self) -> Path:
        """The server's working directory, by which its processes are recognised."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the data folder ready for `command`."""

    @abstractmethod
    def command(self) -> list[str]:
        """The program and its arguments."""

    @abstractmethod
    def ready(self) -> bool:
        """Whether the server serves clients now."""

    def owner(self) -> str | None:
        """The system user to run as, None for our own."""
        return None

    @property
    def pid(self) -> int | None:
        """The process id of the running server."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(self) -> str:
        """Start on the folder and return `url` once clients are served; does nothing if it runs.

        Raises LocalStackError with one clear line, and leaves nothing running, when it cannot.
        """
        with self._turn:
            if self.pid is None:
                try:
                    with one_line(f"{self.title} cannot run in {self.data_dir}"):
                        self._boot()
                except BaseException:
                    self.stop()
                    raise
        return self.url

    def stop(self) -> None:
        """Stop in order, by force when that takes too long; the data stay."""
        with self._turn:
            if (pid := self.pid) is not None:
                end(psutil.Process(pid), self.polite, self.patience)
            self._release()

    def kill(self) -> None:
        """SIGKILL the server and all its processes, as a crash would."""
        if (pid := self.pid) is not None:
            kill_tree(psutil.Process(pid))
        self._release()

    def destroy(self) -> None:
        """Stop the server that runs on the folder and delete the folder with its data."""
        self.stop()
        with lock_file(self.data_dir / "lock", wait=False):
            self._end_leftovers()
            shutil.rmtree(self.data_dir)

    def _release(self) -> None:
        if self._child:
            self._child.wait()
        if self._lock:
            self._lock.close()
        self._child = self._lock = None

    def _boot(self) -> None:
        self._release()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._lock = lock_file(self.data_dir / "lock", wait=False)
        self._end_leftovers()
        self.prepare()
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        self._child = self.spawn(self.command())
        self._await_ready(self._child)

    def spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        """Run a program of the server with its output in the log, out of reach of a terminal's Ctrl-C."""
        user = self.owner()
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.home if self.home.exists() else self.data_dir,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, "LC_ALL": "C.UTF-8"},
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=None if user is None else [],
            )

    def run(self, command: list[str]) -> None:
        """Run a tool of the server to its end; a failure is a LocalStackError with its reason."""
        self._log_start = self.log.stat().st_size if self.log.exists() else 0
        child = self.spawn(command)
        try:
            code = child.wait(self.start_seconds)
        except subprocess.TimeoutExpired:
            raise LocalStackError(f"{self.title} took over {self.start_seconds:.0f} s; see {self.log}") from None
        finally:  # an interrupted start leaves no tool behind
            child.kill()
            child.wait()
        if code:
            raise LocalStackError(f"{self.title} cannot set up {self.data_dir}: {self._reason(code)}")

    def _await_ready(self, child: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + self.start_seconds
        while not self.ready():
            if (code := child.poll()) is not None:
                raise LocalStackError(f"{self.title} cannot run in {self.data_dir}: {self._reason(code)}")
            if time.monotonic() > deadline:
                raise LocalStackError(f"{self.title} did not answer in {self.start_seconds:.0f} s; see {self.log}")
            time.sleep(POLL_SECONDS)

    def _reason(self, code: int) -> str:
        """The line of this run's log that says why, for the message to a person."""
        text = self.log.read_bytes()[self._log_start :].decode(errors="replace")
        found = self.fault.search(text)
        line = found["why"] if found else (text.strip().splitlines() or [f"exit code {code}"])[-1]
        return f"{line.strip()} (see {self.log})"

    def _end_leftovers(self) -> None:
        """Stop what a crashed parent left running on this folder; we hold the lock."""
        found = [process for process in psutil.process_iter() if self._is_ours(process)]
        pids = {process.pid for process in found}
        for process in found:
            with contextlib.suppress(psutil.NoSuchProcess):
                if process.ppid() not in pids:
                    end(process, self.polite, self.patience)
        for process in found:
            kill_tree(process)

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            return process.name() == self.program and Path(process.cwd()) == self.home
        except psutil.Error:
            return False
