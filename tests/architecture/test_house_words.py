"""Nothing in the repository depends on, or tells of, the machine it was written on or a paper kept elsewhere."""

import re
import subprocess
from pathlib import Path

from tests.architecture.sources import ROOT

# Written in pieces, so that this file does not find itself.
FORBIDDEN = {
    "a developer's home": re.compile(r"(?<![\w.])/(?:ro" r"ot|ho" r"me/\w+|Use" r"rs/\w+)/"),
    "a workplace's folder": re.compile(r"(?<![\w.}/])/wo" r"rk/"),
    "a package index": re.compile(
        r"--(?:extra-)?index-u" r"rl|--find-li" r"nks|PIP_\w*IND" r"EX|//[\w.-]*(?:pypi|nexus|artifactory)\."
    ),
    "a paper kept elsewhere": re.compile(
        r"\b(?:flow|architecture|evidence|providers|api|style|local-stack)\.m" r"d\b|\bspec/requi" r"rements\b"
    ),
}
BINARY = {".png", ".ico", ".gz", ".jar", ".whl"}


def committed_files() -> list[Path]:
    """Return what git knows or would take."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = (ROOT / name for name in names if name)
    return [path for path in paths if path.is_file() and path.suffix not in BINARY]


def test_no_file_names_a_machine_a_package_index_or_an_absent_paper() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {what}"
        for path in committed_files()
        for what, pattern in FORBIDDEN.items()
        if pattern.search(path.read_text(errors="replace"))
    ]
    assert found == []
