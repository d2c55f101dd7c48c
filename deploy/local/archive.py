"""Java's archive of what a starting broker loads: with it a broker starts in half the time.

To make one takes as long as four starts, so it is made where many follow: by the tests. A Java that cannot use an
archive, because it is another Java or the file is damaged, starts without it.
"""

import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from deploy.local.process import LocalStackError, lock_file

#: Starts a broker on a folder with further options of Java and stops it again.
Rehearse = Callable[[Path, Sequence[str]], None]


def make(archive: Path, rehearse: Rehearse) -> None:
    """Make the archive unless it is there. Without success it is not: to start slowly is better than not at all.

    Two processes may call it at once: the second waits and finds the work done.
    """
    with lock_file(archive.with_suffix(".lock"), wait=True), suppress(LocalStackError, OSError):
        if not archive.exists():
            _make(archive, rehearse)


def _make(archive: Path, rehearse: Rehearse) -> None:
    with tempfile.TemporaryDirectory(dir=archive.parent, prefix="archiving-") as folder:
        fresh = Path(folder) / archive.name
        rehearse(Path(folder) / "broker", [f"-XX:AOTCacheOutput={fresh}"])
        fresh.rename(archive)
