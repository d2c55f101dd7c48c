"""A mutant, its fate, and the reasons why some need none."""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

EQUIVALENTS = Path(__file__).with_name("equivalents.toml")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change of one line, and what the tests said to it."""

    path: str
    line: int
    function: str
    was: str
    became: str
    status: str
    killed: bool
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A change that no test can see, and why. Lines move, so a change is known by its text."""

    path: str
    function: str
    was: str
    became: str
    reason: str

    def is_of(self, mutant: Mutant) -> bool:
        """Tell whether this is the mutant."""
        mine = (self.path, self.function, self.was, self.became)
        return mine == (mutant.path, mutant.function, mutant.was, mutant.became)


@dataclass(frozen=True, slots=True)
class Score:
    """How many of the mutants that could be killed were."""

    killed: int
    total: int

    @property
    def percent(self) -> float:
        """Of nothing, all was killed."""
        return 100 * self.killed / self.total if self.total else 100.0


def equivalents(path: Path = EQUIVALENTS) -> Sequence[Equivalent]:
    """Read the list."""
    listed: Sequence[Mapping[str, str]] = tomllib.loads(path.read_text()).get("equivalent", [])
    return [Equivalent(**entry) for entry in listed]


def without(mutants: Sequence[Mutant], listed: Sequence[Equivalent]) -> Sequence[Mutant]:
    """Leave out the mutants that need no killing."""
    return [mutant for mutant in mutants if not any(entry.is_of(mutant) for entry in listed)]


def wrongly_listed(mutants: Sequence[Mutant], listed: Sequence[Equivalent], paths: Sequence[str]) -> Sequence[str]:
    """Return what is wrong with the entries of the measured modules: no such mutant, or a test sees it."""
    return [
        f"{entry.path} {entry.function}: {fault}: {entry.became}"
        for entry in listed
        if entry.path in paths and (fault := _fault(entry, mutants))
    ]


def score(mutants: Sequence[Mutant]) -> Score:
    """Count."""
    return Score(sum(mutant.killed for mutant in mutants), len(mutants))


def _fault(entry: Equivalent, mutants: Sequence[Mutant]) -> str | None:
    found = [mutant for mutant in mutants if entry.is_of(mutant)]
    if not found:
        return "listed as equivalent, but there is no such mutant"
    if all(mutant.killed for mutant in found):
        return "listed as equivalent, but a test kills it"
    return None
