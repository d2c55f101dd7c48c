"""Run mutmut in a folder of its own and read what became of each mutant."""

import contextlib
import json
import os
import subprocess
import sys
from ast import AsyncFunctionDef, ClassDef, FunctionDef, Module, parse
from collections.abc import Iterator, Sequence
from pathlib import Path

from mutmut.mutation.data import SourceFileMutationData
from mutmut.mutation.diff_apply import get_diff_for_mutant
from mutmut.stats import status_by_exit_code
from mutmut.utils.format_utils import orig_function_and_class_names_from_key

from tests.mutation.modules import ROOT, judges
from tests.mutation.mutants import Mutant

WORKERS = 2
KILLED = frozenset({"killed", "timeout", "segfault"})
# The same examples each time, none remembered: the survivors of two runs over the same code are the same.
# Without the plugin that collects garbage before it looks for lost exceptions: half of what a quick mutant costs.
PYTEST = (
    "--pure",
    "-m",
    "not more",
    "-p",
    "no:cacheprovider",
    "-p",
    "no:unraisableexception",
    "--hypothesis-profile=ci",
)
# What the type checker proves that nothing comes to: no test can say a word to a change of it.
UNREACHED = "assert_never("
# A mutant that loops is given up after (its tests' time + 2 s) x 5: a busy machine is not taken for a kill.
PATIENCE = {"timeout_multiplier": 5.0, "timeout_constant": 2.0}


class MutationError(RuntimeError):
    """mutmut did not come to its end; the message is the last it said."""


def prepare(folder: Path, paths: Sequence[str]) -> None:
    """Make a folder that looks like the repository and mutates `paths` alone."""
    for name in ("libs", "services", "deploy", "tests"):
        (folder / name).symlink_to(ROOT / name)
    settings = {
        "source_paths": ["libs", "services", "deploy"],
        "only_mutate": list(paths),
        "pytest_add_cli_args": list(PYTEST),
        "pytest_add_cli_args_test_selection": list(judges(paths)),
        **PATIENCE,
    }
    # A JSON value of strings, numbers and lists is a TOML value too.
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    text = (ROOT / "pyproject.toml").read_text()
    (folder / "pyproject.toml").write_text("\n".join((text, "[tool.mutmut]", *lines, "")))


def run(folder: Path) -> None:
    """Try every mutant. Raises MutationError when the tests fail without any."""
    command = [str(Path(sys.executable).with_name("mutmut")), "run", "--max-children", str(WORKERS)]
    log = folder / "mutmut.log"
    with log.open("w") as output:
        # A machine that is in another zone than we expect shows what leans on the machine's zone.
        environment = {**os.environ, "PYTHONHASHSEED": "0", "TZ": "Asia/Kolkata"}
        done = subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT)
    if done.returncode:
        raise MutationError("\n".join(log.read_text(errors="replace").splitlines()[-40:]))


def results(folder: Path, paths: Sequence[str]) -> Iterator[Mutant]:
    """Return all mutants and their fates, by path and in the order of the lines."""
    with contextlib.chdir(folder):
        for path in paths:
            data = SourceFileMutationData(path=path)
            data.load()
            source = Path(path).read_text()
            made = (_mutant(data, name, source) for name in data.exit_code_by_key)
            tried = (mutant for mutant in made if UNREACHED not in mutant.was)
            yield from sorted(tried, key=lambda mutant: (mutant.line, mutant.was, mutant.became))


def _mutant(data: SourceFileMutationData, name: str, source: str) -> Mutant:
    status = status_by_exit_code[data.exit_code_by_key[name]]
    function, class_name = orig_function_and_class_names_from_key(name)
    diff = get_diff_for_mutant(name, path=data.path).splitlines()
    line, was, became = changed(diff, top_of_function(source, function, class_name))
    return Mutant(
        path=str(data.path),
        line=line,
        function=f"{class_name}.{function}" if class_name else function,
        was=was,
        became=became,
        status=status,
        killed=status in KILLED,
        seconds=data.durations_by_key.get(name, 0.0),
    )


def changed(diff: Sequence[str], top: int) -> tuple[int, str, str]:
    """Return where a unified diff of one function begins to differ, what stood there and what stands there now."""
    start = next(index for index, text in enumerate(diff) if text.startswith("@@"))
    first = int(diff[start].split()[1].removeprefix("-").partition(",")[0])
    body = diff[start + 1 :]
    before = next(index for index, text in enumerate(body) if text[:1] in {"-", "+"})
    was = " ".join(text[1:].strip() for text in body if text.startswith("-"))
    became = " ".join(text[1:].strip() for text in body if text.startswith("+"))
    return top + first - 1 + before, was, became


def top_of_function(source: str, function: str, class_name: str | None) -> int:
    """Return the line on which a function or the comment above it begins."""
    node = _find(parse(source), function, class_name)
    lines = source.splitlines()
    top = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    while top > 1 and _is_quiet(lines[top - 2]):
        top -= 1
    while not lines[top - 1].strip():
        top += 1
    return top


def _is_quiet(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _find(tree: Module, function: str, class_name: str | None) -> FunctionDef | AsyncFunctionDef:
    classes = (node for node in tree.body if isinstance(node, ClassDef) and node.name == class_name)
    body = tree.body if class_name is None else next(classes).body
    return next(node for node in body if isinstance(node, FunctionDef | AsyncFunctionDef) and node.name == function)
