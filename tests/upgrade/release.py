"""The product of a commit, run as it was: the one place that knows where a release keeps its modules."""

import asyncio
import io
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from deploy.local.children import Children
from deploy.runtime_lock import entries
from libs.common.platform.db.roles import SERVICES
from libs.common.testkit.database import PASSWORD
from tests.support.stack import ProcessStack

ROOT = Path(__file__).resolve().parents[2]
SETUP = "deploy.setup"
SERVICE = "services.{}"
#: The stand-ins for providers: one module for all of them.
STANDIN = "standins/__main__.py"

_PINNED = re.compile(r"==([^\s;]+)")


def full_commit(name: str) -> str:
    """Return a commit's full hash. Raises CalledProcessError for what git does not know."""
    return _git("rev-parse", "--verify", f"{name}^{{commit}}").decode().strip()


def committed_at(commit: str) -> str:
    """Return when a commit was made, in UTC."""
    seconds = int(_git("show", "--no-patch", "--format=%ct", commit))
    return datetime.fromtimestamp(seconds, UTC).isoformat()


def export(commit: str, into: Path) -> None:
    """Write a commit's files, and nothing else, into a folder."""
    with zipfile.ZipFile(io.BytesIO(_git("archive", "--format=zip", commit))) as archive:
        archive.extractall(into)


def other_packages(tree: Path) -> list[str]:
    """Return what is installed here in another version than the release's lock says."""
    found = []
    for name, entry in entries((tree / "requirements.lock").read_text()).items():
        pinned = _PINNED.search(entry)
        try:
            here = version(name)
        except PackageNotFoundError:  # of another platform
            continue
        if pinned and pinned[1] != here:
            found.append(f"{name} {here} instead of {pinned[1]}")
    return found


@dataclass
class ReleaseStack(ProcessStack):
    """Eight processes and the stand-in of an exported release."""

    tree: Path = ROOT

    def __post_init__(self) -> None:
        super().__post_init__()
        self.children = Children(self.home / "logs", self.said.append, self.tree)

    async def set_up(self) -> None:
        """Make roles, schemas, topics and tables by the release's own commands. Raises CalledProcessError."""
        passwords = {f"{service.upper()}_DB_PASSWORD": PASSWORD for service in SERVICES}
        await self._command(SETUP, env={**passwords, **self._servers(self.database.admin_url)})
        for service in SERVICES:
            url = self.database.url(service)
            await self._command(SERVICE.format(service), "migrate", env=self._servers(url))

    async def start_process(self, name: str) -> None:
        if name != "standins":
            await super().start_process(name)
            return
        found = next(path for path in self.tree.rglob(STANDIN) if "tests" not in path.parts)
        module = ".".join(found.parent.relative_to(self.tree).parts)
        await self.children.start(name, [module, *self.standin_arguments], os.environ)

    def _servers(self, postgres_url: str) -> Mapping[str, str]:
        partitions = str(self.partitions)
        kafka = {"KAFKA_BOOTSTRAP": self.bootstrap, "TOPIC_PREFIX": self.prefix, "TOPIC_PARTITIONS": partitions}
        return {"POSTGRES_URL": postgres_url, **kafka}

    async def _command(self, module: str, *arguments: str, env: Mapping[str, str]) -> None:
        command = [sys.executable, "-m", module, *arguments]
        whole = {**os.environ, **env}
        await asyncio.to_thread(subprocess.run, command, cwd=self.tree, env=whole, check=True)


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], cwd=ROOT, check=True, capture_output=True).stdout  # noqa: S607
