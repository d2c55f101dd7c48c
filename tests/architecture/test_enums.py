"""A closed set is declared once: whoever needs its words imports them, and nobody translates member by member."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

import pytest

from tests.architecture.sources import ROOT, Source, sources

# Where copies of one set are meant, both places with the reason; none is.
EXCEPTIONS: Mapping[frozenset[str], str] = {}


def enums(source: Source) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the name and the values of every StrEnum of a file."""
    for node in source.nodes:
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base).endswith("StrEnum") for base in node.bases):
            members = (part.value for part in node.body if isinstance(part, ast.Assign))
            yield node.name, frozenset(ast.unparse(value) for value in members)


def copies(files: list[Source]) -> list[list[str]]:
    """Return the places of each set that is declared more than once, under whatever names."""
    places: dict[frozenset[str], list[str]] = defaultdict(list)
    for source in files:
        for name, values in enums(source):
            places[values].append(f"{source.name}: {name}")
    return [found for found in places.values() if len(found) > 1 and frozenset(found) not in EXCEPTIONS]


def test_no_closed_set_is_declared_twice() -> None:
    ours = [source for source in sources() if source.name.startswith(("libs/", "services/"))]
    assert copies(ours) == []


@pytest.mark.parametrize("name", ["Tone", "Colour"])
def test_the_check_sees_a_copy_whatever_its_name(name: str) -> None:
    texts = ('class Tone(StrEnum):\n    RED = "red"', f'class {name}(enum.StrEnum):\n    ROT = "red"')
    files = [Source(ROOT / f"{number}.py", text) for number, text in enumerate(texts)]
    assert copies(files) == [["0.py: Tone", f"1.py: {name}"]]
