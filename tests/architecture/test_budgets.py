"""The budgets of size: the maxima fail, the rest is a mirror (`pytest -s tests/architecture` prints it)."""

import sys
from collections.abc import Sequence
from statistics import median, quantiles
from typing import TypedDict

from tests.architecture.memory import Memory
from tests.architecture.sources import Source, function_lines, sources

MODULE_MAXIMUM = 400
FUNCTION_MAXIMUM = 50


class Size(TypedDict):
    """Of one file. Functions: their lines, by first line and name."""

    lines: int
    functions: dict[str, int]
    comments: int
    docstrings: int


def size(source: Source) -> Size:
    functions = {f"{each.lineno} {each.name}": function_lines(each) for each in source.functions}
    comments, docstrings = source.comment_lines(), source.docstring_lines()
    return Size(lines=source.lines(), functions=functions, comments=comments, docstrings=docstrings)


def sizes(memory: Memory) -> Sequence[tuple[Source, Size]]:
    return memory.of(size, sources())


def test_no_module_is_longer_than_the_maximum(memory: Memory) -> None:
    found = {source.name: size["lines"] for source, size in sizes(memory) if size["lines"] > MODULE_MAXIMUM}
    assert found == {}, report(memory)


def test_no_function_is_longer_than_the_maximum(memory: Memory) -> None:
    found = {
        f"{source.name}:{function}": lines
        for source, size in sizes(memory)
        for function, lines in size["functions"].items()
        if lines > FUNCTION_MAXIMUM
    }
    assert found == {}, report(memory)


def test_report_covers_code_and_tests(memory: Memory) -> None:
    text = report(memory)
    sys.stdout.write(f"\n{text}\n")
    assert "test : code" in text


def report(memory: Memory) -> str:
    code = [size for source, size in sizes(memory) if not source.is_test]
    tests = [size for source, size in sizes(memory) if source.is_test]
    comments, docstrings = (sum(size[kind] for size in code) for kind in ("comments", "docstrings"))
    return "\n".join(
        (
            f"module lines    median/p90/max: {spread([size['lines'] for size in code])}  (90/250/400)",
            f"function lines  median/p90/max: {spread(lengths(code))}  (10/30/50)",
            f"test lines      median/p90/max: {spread(lengths(tests))}  (goal 15)",
            f"per 100 lines: comments {100 * comments / total(code):.1f} (2-5),"
            f" docstrings {100 * docstrings / total(code):.1f} (8-15)",
            f"test : code = {total(tests) / total(code):.2f}  (1.4-2.0)",
        )
    )


def lengths(files: Sequence[Size]) -> list[int]:
    return [lines for size in files for lines in size["functions"].values()]


def spread(values: Sequence[int]) -> str:
    return f"{median(values):.0f}/{quantiles(values, n=10)[-1]:.0f}/{max(values)}"


def total(files: Sequence[Size]) -> int:
    return sum(size["lines"] for size in files)
