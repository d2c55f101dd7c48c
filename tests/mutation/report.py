"""docs/mutation.md: the score of each module and every survivor. No date, no duration: it changes with the code."""

from collections.abc import Sequence
from itertools import groupby

from tests.mutation.mutants import Equivalent, Mutant, Score, score, without

FLOOR = 80

HEAD = """\
# Mutation score of rules and engine

Written by `make soak`. Each mutant is one small change in a function that decides (`rules.py`, `engine/`). It is
killed when a pure test of its service fails, or when those tests do not end. Below {floor} % the command fails.

| module | mutants | killed | score |
| --- | ---: | ---: | ---: |
"""


def render(mutants: Sequence[Mutant], listed: Sequence[Equivalent]) -> str:
    """Return the whole document."""
    counted = without(mutants, listed)
    left = [mutant for mutant in counted if not mutant.killed]
    return "\n".join((HEAD.format(floor=FLOOR) + table(counted), *_survivors(left), *_equivalents(mutants, listed)))


def table(counted: Sequence[Mutant]) -> str:
    """Return a line per module and one for all."""
    lines = [_line(f"`{path}`", score(list(group))) for path, group in groupby(counted, lambda mutant: mutant.path)]
    return "\n".join((*lines, _line("**all**", score(counted)), ""))


def _line(name: str, one: Score) -> str:
    return f"| {name} | {one.total} | {one.killed} | {one.percent:.1f} % |"


def _survivors(left: Sequence[Mutant]) -> list[str]:
    if not left:
        return []
    parts = ["## Survivors", "", "No pure test says a word to these. `no tests`: none comes by.", ""]
    for path, group in groupby(left, lambda mutant: mutant.path):
        parts += [f"### {path}", "", "```diff", *(text for mutant in group for text in _change(mutant)), "```", ""]
    return parts


def _change(mutant: Mutant) -> list[str]:
    fate = "" if mutant.status == "survived" else f" ({mutant.status})"
    return [f"@@ {mutant.line} {mutant.function}{fate}", f"- {mutant.was}", f"+ {mutant.became}"]


def _equivalents(mutants: Sequence[Mutant], listed: Sequence[Equivalent]) -> list[str]:
    known = [entry for entry in listed if any(entry.is_of(mutant) for mutant in mutants)]
    if not known:
        return []
    parts = ["## Equivalent", "", "Changes that no test can see; not counted above.", ""]
    return [*parts, *(text for entry in known for text in _excuse(entry)), ""]


def _excuse(entry: Equivalent) -> list[str]:
    return [f"- {entry.path}, {entry.function}: `{entry.became}` for `{entry.was}`. {entry.reason}"]
