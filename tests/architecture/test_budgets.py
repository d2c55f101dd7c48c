"""The budgets of size: the maxima fail, the rest is a mirror (`pytest -s tests/architecture` prints it)."""

import sys
from collections.abc import Callable, Sequence
from statistics import median, quantiles

from tests.architecture.sources import Source, function_lines, sources

MODULE_MAXIMUM = 400
FUNCTION_MAXIMUM = 50


def test_no_module_is_longer_than_the_maximum() -> None:
    found = {source.name: source.lines() for source in sources() if source.lines() > MODULE_MAXIMUM}
    assert found == {}, report()


def test_no_function_is_longer_than_the_maximum() -> None:
    found = {
        f"{source.name}:{function.lineno} {function.name}": function_lines(function)
        for source in sources()
        for function in source.functions
        if function_lines(function) > FUNCTION_MAXIMUM
    }
    assert found == {}, report()


def test_report_covers_code_and_tests() -> None:
    text = report()
    sys.stdout.write(f"\n{text}\n")
    assert "test : code" in text


def report() -> str:
    code = [source for source in sources() if not source.is_test]
    tests = [source for source in sources() if source.is_test]
    return "\n".join(
        (
            f"module lines    median/p90/max: {spread([source.lines() for source in code])}  (90/250/400)",
            f"function lines  median/p90/max: {spread(lengths(code))}  (10/30/50)",
            f"test lines      median/p90/max: {spread(lengths(tests))}  (goal 15)",
            f"per 100 lines: comments {density(code, Source.comment_lines)} (2-5),"
            f" docstrings {density(code, Source.docstring_lines)} (8-15)",
            f"test : code = {total(tests) / total(code):.2f}  (1.4-2.0)",
        )
    )


def lengths(files: Sequence[Source]) -> list[int]:
    return [function_lines(function) for source in files for function in source.functions]


def spread(values: Sequence[int]) -> str:
    return f"{median(values):.0f}/{quantiles(values, n=10)[-1]:.0f}/{max(values)}"


def density(files: Sequence[Source], measure: Callable[[Source], int]) -> str:
    return f"{100 * sum(map(measure, files)) / total(files):.1f}"


def total(files: Sequence[Source]) -> int:
    return sum(source.lines() for source in files)
