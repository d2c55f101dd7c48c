"""A closed set is declared once: whoever needs its words imports them, and nobody translates member by member."""

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping

import pytest

from tests.architecture.memory import Memory
from tests.architecture.sources import ROOT, Source, sources

# Where copies of one set are meant, both places with the reason; none is.
EXCEPTIONS: Mapping[frozenset[str], str] = {}


def enums(source: Source) -> dict[str, list[str]]:
    """Return the values of every StrEnum of a file, by its place and name."""
    return {
        f"{node.lineno}: {node.name}": [
            ast.unparse(part.value) for part in node.body if isinstance(part, ast.Assign)
        ]
        for node in source.nodes
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("StrEnum") for base in node.bases)
    }


def copies(found: Iterable[tuple[Source, dict[str, list[str]]]]) -> list[list[str]]:
    """Return the places of each set that is declared more than once, under whatever names."""
    places: dict[frozenset[str], list[str]] = defaultdict(list)
    for source, sets in found:
        for name, values in sets.items():
            places[frozenset(values)].append(f"{source.name}:{name}")
    return [all_of for all_of in places.values() if len(all_of) > 1 and frozenset(all_of) not in EXCEPTIONS]


def test_no_closed_set_is_declared_twice(memory: Memory) -> None:
    ours = [source for source in sources() if source.name.startswith(("libs/", "services/"))]
    assert copies(memory.of(enums, ours)) == []


@pytest.mark.parametrize("name", ["Tone", "Colour"])
def test_the_check_sees_a_copy_whatever_its_name(name: str) -> None:
    texts = ('class Tone(StrEnum):\n    RED = "red"', f'class {name}(enum.StrEnum):\n    ROT = "red"')
    files = [Source(ROOT / f"{number}.py", text) for number, text in enumerate(texts)]
    assert copies((source, enums(source)) for source in files) == [["0.py:1: Tone", f"1.py:1: {name}"]]
