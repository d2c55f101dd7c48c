"""Print the part of the lock file that the product needs at run time: no extras, hashes kept.

The lock (`requirements.lock`) is one file for everything; a `# via` comment of each entry names the packages
that need it. Standard library alone: it runs in a build stage before anything is installed.
"""

import re
import sys
import tomllib
from pathlib import Path

_ENTRY = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)(?:\[[^\]]*\])?==", re.MULTILINE)


def normal(name: str) -> str:
    """Return a distribution's normalised name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def entries(lock: str) -> dict[str, str]:
    """Split the lock into its entries by normalised name."""
    starts = list(_ENTRY.finditer(lock))
    ends = [match.start() for match in starts[1:]] + [len(lock)]
    return {normal(m["name"]): lock[m.start() : end] for m, end in zip(starts, ends, strict=True)}


def needed_by(entry: str) -> set[str]:
    """Return the packages that need this entry; the project's own extras are written `dozvon (pyproject.toml)`."""
    return {
        normal(name)
        for name in re.findall(r"^ +#(?: via)? +([A-Za-z0-9._-]+)", entry, re.MULTILINE)
        if name != "via"
    }


def runtime(direct: set[str], lock: dict[str, str]) -> list[str]:
    """Return the names reachable from the direct dependencies."""
    found = set(direct)
    while more := {name for name, entry in lock.items() if name not in found and needed_by(entry) & found}:
        found |= more
    return sorted(found)


def main() -> int:
    """Arguments: pyproject.toml, requirements.lock."""
    project = tomllib.loads(Path(sys.argv[1]).read_text())["project"]
    lock = entries(Path(sys.argv[2]).read_text())
    direct = {normal(re.split(r"[\[<>=!~; ]", line, maxsplit=1)[0]) for line in project["dependencies"]}
    sys.stdout.write("".join(lock[name] for name in runtime(direct, lock)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
