"""TCP ports on the loopback interface."""

import secrets
import socket
from contextlib import ExitStack, suppress
from itertools import chain

from deploy.local.process import LocalStackError

# Below the range from which the kernel takes client ports: a kept port is not lost to another process's
# outgoing connection between two runs, and a client that retries cannot connect to itself.
CANDIDATES = range(15_000, 32_000)


def free_ports(count: int) -> list[int]:
    """Return `count` different ports of 127.0.0.1 that are free now."""
    ports: list[int] = []
    with ExitStack() as held:
        first = secrets.randbelow(len(CANDIDATES))
        for port in chain(CANDIDATES[first:], CANDIDATES[:first]):
            if len(ports) == count:
                break
            with suppress(OSError):
                held.enter_context(_bound(port))
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
