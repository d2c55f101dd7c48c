"""`make soak`: the mutation score of rules and engine, or of the modules that are named."""

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from tests.mutation.modules import ROOT, chosen, measured
from tests.mutation.mutants import Mutant, equivalents, score, without, wrongly_listed
from tests.mutation.report import FLOOR, render
from tests.mutation.workspace import MutationError, prepare, results, run

REPORT = ROOT / "docs" / "mutation.md"


def main() -> int:
    """Return 1 below the floor, or when the list of equivalent mutants is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument(
        "modules", nargs="*", help="modules or packages; all rules and the engine when none is named"
    )
    names = parser.parse_args().modules
    try:
        paths = chosen(names, measured())
        mutants = tried(paths)
    except (LookupError, MutationError) as error:
        sys.stderr.write(f"{error.args[0]}\n")
        return 1
    text = render(mutants, equivalents())
    if names:
        say(text)
    else:
        REPORT.write_text(text)
    return verdict(mutants, paths)


def tried(paths: Sequence[str]) -> Sequence[Mutant]:
    """Try all mutants of the modules, and say how long that took."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dozvon-mutation-") as folder:
        prepare(Path(folder), paths)
        run(Path(folder))
        mutants = list(results(Path(folder), paths))
    for path, group in groupby(mutants, lambda mutant: mutant.path):
        ones = list(group)
        say(f"{path}: {len(ones)} mutants, {sum(one.seconds for one in ones):.0f} s of tests")
    say(f"{len(mutants)} mutants in {time.monotonic() - started:.0f} s")
    return mutants


def verdict(mutants: Sequence[Mutant], paths: Sequence[str]) -> int:
    """Say the score of all; return the exit code."""
    listed = equivalents()
    wrong = wrongly_listed(mutants, listed, paths)
    for line in wrong:
        say(line)
    whole = score(without(mutants, listed))
    say(f"{whole.killed} of {whole.total} mutants killed: {whole.percent:.1f} %, at least {FLOOR} % are wanted")
    return 1 if wrong or whole.percent < FLOOR else 0


def say(line: str) -> None:
    """Print a line now."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
