"""Make a virtual environment that the Makefile's targets run in: `python3 deploy/venv.py FOLDER STAMP [LOCK]`.

Standard library alone, and nothing that an older Python could not parse, so that it can say what is missing.
Two makes at once take turns; the stamp is written last, so an interrupted environment is made anew.
"""

import fcntl
import subprocess
import sys
from pathlib import Path

LOCK = Path(__file__).resolve().parent.parent / "requirements.lock"


def main(folder: str, stamp: str, lock: str = "") -> int:
    """Return 0 when the environment is ready, else the code of the failed step, which has printed why."""
    if sys.version_info < (3, 11):  # noqa: UP036 - any Python may run this file
        name, major, minor = sys.executable, sys.version_info[0], sys.version_info[1]
        sys.exit(f"Python 3.11 or newer is needed, {name} is {major}.{minor}; name another: make PYTHON=python3.12")
    pinned = Path(lock) if lock else LOCK
    with pinned.open() as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        if Path(stamp).exists():
            return 0
        print(f"Setting up {folder} (once, about a minute) ...", flush=True)
        return make(folder, stamp, pinned)


def make(folder: str, stamp: str, lock: Path) -> int:
    """Build the environment from nothing."""
    pip = [str(Path(folder, "bin", "python")), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in ([sys.executable, "-m", "venv", "--clear", folder], [*pip, "--require-hashes", "-r", str(lock)]):
        code = subprocess.run(command, check=False).returncode
        if code:
            return code
    Path(stamp).touch()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
