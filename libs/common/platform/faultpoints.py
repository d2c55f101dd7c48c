"""Fault points: named places at which a test can kill the process.

`DOZVON_CRASH_AT=relay.acked:3,sender.sent:1` kills the process (SIGKILL) at the third and the first pass.
Without the variable a point costs one check of a global.
"""

import os
import signal
from collections.abc import Mapping

VARIABLE = "DOZVON_CRASH_AT"
#: The last line on stderr of a process that died at a point starts with this; the point's name follows.
FALLEN = "died at fault point "


def parse(text: str) -> dict[str, int]:
    """Return passes left per point: `point:n[,point:n]`, n ≥ 1. Raises ValueError for anything else."""
    points: dict[str, int] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, count = part.partition(":")
        points[name] = int(count or 1)
        if not name or points[name] < 1:
            raise ValueError(f"{VARIABLE}: {part!r} is not point:n")
    return points


def _armed(environ: Mapping[str, str]) -> dict[str, int]:
    return parse(environ.get(VARIABLE, ""))


_left = _armed(os.environ)


def arm(environ: Mapping[str, str]) -> None:
    """Take the points of another environment than the one at the start: a forked process has its own."""
    _left.clear()
    _left.update(_armed(environ))


def reach(point: str) -> None:
    """Kill the process if the environment names this point and pass."""
    if not _left:
        return
    _left[point] = _left.get(point, 0) - 1
    if _left[point] == 0:
        os.write(2, f"{FALLEN}{point}\n".encode())
        os.kill(os.getpid(), signal.SIGKILL)
