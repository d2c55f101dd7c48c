"""TCP ports on the loopback interface."""

import fcntl
import os
import secrets
import socket
import tempfile
from contextlib import ExitStack, suppress
from functools import cached_property
from itertools import chain
from pathlib import Path

from deploy.local.process import LocalStackError

# Below the range from which the kernel takes client ports: a kept port is not lost to another process's
# outgoing connection between two runs, and a client that retries cannot connect to itself.
CANDIDATES = range(15_000, 32_000)


class Register:
    """The ports that processes of this machine have drawn, each a locked byte of one file while its process runs.

    Who has drawn a port may listen on it much later, or stop listening for a while: until then it looks free.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._own: set[int] = set()

    def take(self, port: int) -> bool:
        """Take a port for this process; False: it was taken. Raises LocalStackError where it cannot be noted."""
        if port in self._own:  # a process does not lock itself out
            return False
        file = self._file
        try:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        except (BlockingIOError, PermissionError):  # by the system one or the other
            return False
        self._own.add(port)
        return True

    @cached_property
    def _file(self) -> int:
        """The open file: closing it anywhere in the process would give all ports back."""
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise LocalStackError(f"ports cannot be noted in {self._path}: {error.strerror}") from error


_REGISTER = Register(Path(tempfile.gettempdir()) / f"dozvon-ports-{os.getuid()}.lock")


def free_ports(count: int) -> list[int]:
    """Return `count` different ports of 127.0.0.1 that are free now, and that no running process has drawn."""
    ports: list[int] = []
    with ExitStack() as held:
        first = secrets.randbelow(len(CANDIDATES))
        for port in chain(CANDIDATES[first:], CANDIDATES[:first]):
            if len(ports) == count:
                break
            with suppress(OSError):
                held.enter_context(_bound(port))
                if _REGISTER.take(port):
                    ports.append(port)
    if len(ports) < count:
        raise LocalStackError("no free port on 127.0.0.1")
    return ports


def free_port() -> int:
    """Return one free port of 127.0.0.1."""
    return free_ports(1)[0]


def require_free(port: int, purpose: str) -> None:
    """Raise a LocalStackError that names the port and its purpose if the port cannot be listened on."""
    try:
        _bound(port).close()
    except OSError as error:
        raise LocalStackError(f"port {port} of 127.0.0.1 cannot be used ({purpose}): {error.strerror}") from error


def _bound(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
    except OSError:
        listener.close()
        raise
    return listener
