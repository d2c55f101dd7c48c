"""Write the `dozvon` command into a virtual environment: `python deploy/command.py FOLDER`.

The project is not installed: its code runs from where it lies, and the command knows where. Standard library alone.
"""

import shlex
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_TEXT = """#!/bin/sh
exec env PYTHONPATH={root} {python} -P -m libs.common.platform.cli "$@"
"""


def main(folder: str) -> int:
    """Write it; an older one is replaced."""
    binaries = Path(folder).absolute() / "bin"
    command = binaries / "dozvon"
    python = shlex.quote(str(binaries / "python"))
    command.write_text(_TEXT.format(root=shlex.quote(str(ROOT)), python=python))
    command.chmod(0o755)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
