"""Apache Kafka's jars: fetched once into a cache that checkouts share, and held to `kafka.lock.json`.

The lock names every jar, so nothing is resolved: what is fetched is what was tried.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from deploy.local.process import LocalStackError, lock_file

LOCK = Path(__file__).with_name("kafka.lock.json")
CHECKOUT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Jars:
    """The jars of one lock file: (Maven coordinate, sha256) of each."""

    sums: tuple[tuple[str, str], ...]

    @classmethod
    def of_lock(cls, lock: Path = LOCK) -> Self:
        """Read a lock file: a JSON array of {artifact, version, sha256}."""
        entries = json.loads(lock.read_text())
        return cls(tuple((f"{entry['artifact']}:{entry['version']}", entry["sha256"]) for entry in entries))

    @cached_property
    def files(self) -> dict[str, str]:
        """The expected sha256 by file name."""
        return {f"{name.split(':')[1]}-{name.split(':')[2]}.jar": digest for name, digest in self.sums}

    @cached_property
    def folder(self) -> str:
        """A name that changes with the lock, so that two versions lie in one cache."""
        return f"kafka-{hashlib.sha256(repr(self.sums).encode()).hexdigest()[:12]}"

    def verify(self, folder: Path, advice: str = "") -> None:
        """Raise a LocalStackError unless `folder` holds exactly these jars with these sums."""
        found = {path.name: path for path in folder.iterdir()}
        if odd := sorted(found.keys() ^ self.files.keys()):
            raise LocalStackError(f"refused: jars in {folder} differ from the lock: {', '.join(odd)}{advice}")
        for name, digest in self.files.items():
            with found[name].open("rb") as jar:
                if hashlib.file_digest(jar, "sha256").hexdigest() != digest:
                    raise LocalStackError(f"refused: {found[name]} has not the sha256 of the lock{advice}")


def default_cache() -> Path:
    """`$DOZVON_CACHE`, else `~/.cache/dozvon`, and Kafka's folder in it."""
    return Path(os.environ.get("DOZVON_CACHE") or Path.home() / ".cache" / "dozvon") / "kafka"


def fetch(cache_dir: Path, on_progress: Callable[[str], None], jars: Jars | None = None) -> Path:
    """Return the folder of verified jars, fetched first where the cache lacks them.

    Two processes may call it at once: the second waits and finds the work done.
    """
    jars = jars or Jars.of_lock()
    target = cache_dir / jars.folder
    cache_dir.mkdir(parents=True, exist_ok=True)
    with lock_file(cache_dir / "lock", wait=True):
        if not target.exists():
            _fetch(jars, target, on_progress)
    jars.verify(target, "; delete that folder to fetch it again")
    return target


def _fetch(jars: Jars, target: Path, on_progress: Callable[[str], None]) -> None:
    with tempfile.TemporaryDirectory(dir=target.parent, prefix="fetching-") as name:
        fresh = Path(name) / "jars"
        fresh.mkdir()
        coordinates = [coordinate for coordinate, _ in jars.sums]
        for count, path in enumerate(_downloaded(Path(name), coordinates), 1):
            shutil.move(path, fresh)
            on_progress(f"fetching Kafka: {count} of {len(coordinates)} jars")
        jars.verify(fresh)
        fresh.rename(target)


def _downloaded(folder: Path, coordinates: list[str]) -> Iterator[str]:
    # In a process of its own: the library's sockets, warnings and logging are not ours to have.
    command = [sys.executable, "-m", "deploy.local.jars", str(folder), *coordinates]
    errors = folder / "errors"
    with (
        errors.open("wb") as stderr,
        subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=stderr, text=True) as child,
    ):
        for line in child.stdout or ():
            yield line.strip()
    if child.returncode:
        reason = (errors.read_text().strip().splitlines() or ["no answer"])[-1]
        raise LocalStackError(f"cannot fetch Kafka: {reason}")


def download(repository: Path, coordinates: list[str]) -> None:
    """Fetch each `group:artifact:version` from Maven Central and print the path of its jar."""
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=repository / "repository")
    for coordinate in coordinates:
        group, artifact, version = coordinate.split(":")
        print(context.project(group, artifact).at_version(version).artifact().resolve(), flush=True)


if __name__ == "__main__":
    download(Path(sys.argv[1]), sys.argv[2:])
