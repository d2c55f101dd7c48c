"""`make run` as a person uses it: the process, its output, and orders of its demo desk."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.local.jars import CHECKOUT
from deploy.local.ports import free_port
from deploy.standins.client import authorities

UP = "Ctrl-C drains"  # the last line of what is printed once all is up
PATIENCE = 240.0  # of a machine that is busy with something else


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for it. Raises TimeoutError."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError
        time.sleep(0.1)


@dataclass
class Run:
    """One home on one port; a test may start and end it repeatedly."""

    home: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None
    begin: int = 0  # where this start's output begins

    @property
    def terminal(self) -> Path:
        """A file beside the home, or beside what keeps the home from being made."""
        return next(folder for folder in self.home.parents if folder.is_dir()) / f"{self.home.name}.terminal"

    @property
    def said(self) -> str:
        """What this start has printed until now."""
        return self.terminal.read_bytes()[self.begin :].decode()

    def spawn(self, prefix: str = "exec") -> None:
        """Begin to start it; `prefix` is shell in front of the command."""
        self.begin = self.terminal.stat().st_size if self.terminal.exists() else 0
        with self.terminal.open("ab") as terminal, hangups_enabled():
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", f'{prefix} "$0" -m deploy.local', sys.executable],
                cwd=CHECKOUT,
                env={**clean(), "DOZVON_HOME": str(self.home), "PORT": str(self.port), **self.environment},
                stdout=terminal,
                stderr=terminal,
                start_new_session=True,
            )

    def start(self) -> float:
        """Start it unless it runs; return the seconds until it said that it is up."""
        started = time.monotonic()
        if self.process is None:
            self.spawn()
        self.until_said(UP)
        return time.monotonic() - started

    def until_said(self, pattern: str) -> None:
        until(lambda: re.search(pattern, self.said) or self._ended())
        assert re.search(pattern, self.said), self.said

    def end(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal and return the exit code; a process that is not there has ended well."""
        process, self.process = self.process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(PATIENCE)
        finally:
            process.kill()  # in case it ignored the signal

    def fails(self, prefix: str = "exec") -> str:
        """Return the one line that a start ends with, which must end in exit code 1."""
        self.spawn(prefix)
        assert self.process
        assert self.process.wait(PATIENCE) == 1, self.said
        self.process = None
        (line,) = [line for line in self.said.splitlines() if not line.startswith("· ")]
        return line

    def order(self, number: str, phone: str = "8 900 000-00-01") -> str:
        """Let the demo desk's page post an order; return what became of it."""
        source = self.info()["sources"]["landing"]
        order = {"external_id": number, "name": "Анна", "phone": phone, "product": "Крем", "price": "1990"}
        answer = httpx.post(
            source["url"], headers={"X-Source-Token": source["token"]}, json=order, verify=authorities(), timeout=30
        )
        disposition: str = answer.raise_for_status().json()["disposition"]
        return disposition

    def timeline(self, number: str) -> list[dict[str, Any]]:
        """What has become of an order of the demo desk's page; nothing of one that is unknown."""
        asked = {"source": "landing", "external_id": number}
        who = {"Authorization": f"Bearer {self.info()['token']}"}
        answer = httpx.get(
            self.url("/tasks/v1/timeline"), params=asked, headers=who, verify=authorities(), timeout=30
        )
        items: list[dict[str, Any]] = answer.json().get("items", [])
        return items

    def kinds(self, number: str) -> list[str]:
        """The kinds of what has become of it."""
        return [item["kind"] for item in self.timeline(number)]

    def info(self) -> dict[str, Any]:
        made: dict[str, Any] = self.get("/dev/info").json()
        return made

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url(path), verify=authorities(), timeout=30)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def ready(self) -> bool:
        return self.get("/readyz").status_code == httpx.codes.OK

    def alive(self) -> list[psutil.Process]:
        """Every process of this home."""
        return [process for process in psutil.process_iter() if self.home in set(homes(process))]

    def _ended(self) -> bool:
        return self.process is None or self.process.poll() is not None


def homes(process: psutil.Process) -> Iterator[Path]:
    """The home that a process was given, and the folders that it works in."""
    with suppress(psutil.Error):
        if process.status() != psutil.STATUS_ZOMBIE:
            folder = Path(process.cwd())
            yield from (folder, *folder.parents)
            yield Path(process.environ().get("DOZVON_HOME", "/"))


@contextmanager
def hangups_enabled() -> Iterator[None]:
    """Processes started in the block react to SIGHUP, even when we ignore it under `nohup make test`."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        signal.signal(signal.SIGHUP, before)


def clean() -> dict[str, str]:
    """Our environment without what would choose the servers."""
    return {name: value for name, value in os.environ.items() if name not in {"POSTGRES_URL", "KAFKA_BOOTSTRAP"}}
