"""Which modules have a mutation score, and whose tests judge them."""

from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PATTERNS = ("services/*/*/rules.py", "services/tasks/engine/*.py", "libs/common/connect/*/rules.py")


def measured(root: Path = ROOT) -> Sequence[str]:
    """Return the paths of all modules that decide without I/O, sorted."""
    found = {path for pattern in PATTERNS for path in root.glob(pattern) if path.stat().st_size}
    return sorted(str(path.relative_to(root)) for path in found)


def chosen(names: Sequence[str], paths: Sequence[str]) -> Sequence[str]:
    """Return the paths of the modules or packages that were named; all when none was. Raises LookupError."""
    if not names:
        return paths
    return sorted({path for name in names for path in _below(name, paths)})


def judges(paths: Sequence[str]) -> Sequence[str]:
    """Return the folders of the tests that may kill a mutant: those of the module's own service or package."""
    return sorted({f"tests/{path.removeprefix('libs/').split('/')[1]}" for path in paths})


def _below(name: str, paths: Sequence[str]) -> Sequence[str]:
    place = name.replace(".", "/")
    found = [path for path in paths if path == f"{place}.py" or path.startswith(f"{place}/")]
    if not found:
        raise LookupError(f"{name} has no mutation score; these have: {', '.join(map(_dotted, paths))}")
    return found


def _dotted(path: str) -> str:
    return path.removesuffix(".py").replace("/", ".")
