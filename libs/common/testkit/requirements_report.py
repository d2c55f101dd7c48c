"""Write docs/requirements.md: which test proves which requirement (`@pytest.mark.req("S4.4")`).

A mark names a requirement of the desks, a row of the users' review (`U7`) or an input that others met in the field
(`long-id`); each kind has a part of the report. A mark that names none of them is an error: it would prove nothing.

Run `python -m libs.common.testkit.requirements_report`; a test holds the committed file against the marks.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
REPORT = ROOT / "docs" / "requirements.md"
HEAD = """# Requirements and their proofs

Each of the desks' requirements, by its id, and the tests that prove it by driving the public API and the events.
Made from the marks in the tests by `make contracts`.
"""
REVIEW_HEAD = """# What users met

Each row of the review in which the product was tried as its users meet it, and the tests that prove it mended.
"""
CASES_HEAD = """# Inputs from the field

Each kind of input that hurt others in the field, by the name of its first case, and the tests of the whole kind.
"""
CASES = frozenset({
    "placeholder-id", "long-id", "raw-query", "amounts", "phones", "phone-corrected", "retries-without-id", "bom",
    "unstorable", "multipart", "gzip", "cp1251-form", "brackets", "entities-and-null", "name-with-link", "dates",
    "cost_money", "rerun", "callback-mixed", "idempotent-yaml", "pool-tie", "backlog",
})  # fmt: skip
MARK = "pytest.mark.req"
_REQUIREMENT = re.compile(r"[A-Z]\d*\.\d+")
_REVIEW_ROW = re.compile(r"U\d+")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def proofs(tests: Path) -> dict[str, list[tuple[Path, str]]]:
    """Return, per requirement in natural order, the file and name of each test that is marked with it."""
    found: dict[str, list[tuple[Path, str]]] = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        text = path.read_text()
        if MARK in text:  # to parse the others takes seconds
            for name, requirement in _marks(ast.parse(text)):
                found[requirement].append((path, name))
    return {requirement: found[requirement] for requirement in sorted(found, key=_natural)}


def report(tests: Path = ROOT / "tests") -> str:
    """Return the text of docs/requirements.md."""
    parts: dict[str, list[str]] = {HEAD: [], REVIEW_HEAD: [], CASES_HEAD: []}
    for mark, found in proofs(tests).items():
        parts[_head_of(mark)].append(_section(mark, found))
    return "\n".join(text for head, sections in parts.items() if sections for text in (head, *sections))


def _head_of(mark: str) -> str:
    """Return the head of the part that a mark belongs to. Raises ValueError for one that names nothing known."""
    if _REQUIREMENT.fullmatch(mark):
        return HEAD
    if _REVIEW_ROW.fullmatch(mark):
        return REVIEW_HEAD
    if mark in CASES:
        return CASES_HEAD
    raise ValueError(f"a mark names no requirement, row or case: {mark}")


def _section(requirement: str, found: list[tuple[Path, str]]) -> str:
    lines = (f"- [{_sentence(name)}](../{path.relative_to(ROOT).as_posix()})\n" for path, name in found)
    return f"## {requirement}\n\n{''.join(lines)}"


def _marks(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """Yield (test, requirement) of a file; a mark on the module (`pytestmark`) or a class counts for all in it."""
    of_module = [
        requirement
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark"
        for requirement in _named(node.value)
    ]
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            of_class = [requirement for mark in node.decorator_list for requirement in _named(mark)]
            yield from _of_functions(node.body, [*of_module, *of_class])
    yield from _of_functions(tree.body, of_module)


def _of_functions(body: list[ast.stmt], inherited: list[str]) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, Function) and node.name.startswith("test_"):
            own = [requirement for mark in node.decorator_list for requirement in _named(mark)]
            yield from ((node.name, requirement) for requirement in dict.fromkeys([*inherited, *own]))


def _named(value: ast.expr) -> Iterator[str]:
    """Yield the ids of every `pytest.mark.req(...)` in an expression."""
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == MARK:
            yield from (str(ast.literal_eval(argument)) for argument in node.args)


def _sentence(name: str) -> str:
    return name.removeprefix("test_").replace("_", " ")


def _natural(requirement: str) -> tuple[int | str, ...]:
    return tuple(int(part) if part.isdigit() else part for part in re.split(r"(\d+)", requirement))


def main() -> None:
    REPORT.parent.mkdir(exist_ok=True)
    REPORT.write_text(report())


if __name__ == "__main__":
    main()
