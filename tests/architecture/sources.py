"""The project's own Python files, and what they are made of."""

import ast
import io
import tokenize
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("libs", "services", "deploy")

Function = ast.FunctionDef | ast.AsyncFunctionDef
Documented = Function | ast.ClassDef | ast.Module


@dataclass(frozen=True)
class Source:
    """One file. Line numbers start at 1."""

    path: Path
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree: parsed when somebody looks, for most tests look at a few files."""
        return ast.parse(self.text, str(self.path))

    @cached_property
    def nodes(self) -> Sequence[ast.AST]:
        """All nodes of the tree: walked once, for many tests look at them all."""
        return tuple(ast.walk(self.tree))

    @property
    def name(self) -> str:
        """The path from the root."""
        return str(self.path.relative_to(ROOT))

    @property
    def module(self) -> str:
        """The import path."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    @property
    def is_test(self) -> bool:
        """Tests and what only tests use."""
        return self.name.startswith(("tests/", "libs/common/testkit/"))

    @cached_property
    def functions(self) -> Sequence[Function]:
        """Every function and method, nested ones too."""
        return [node for node in self.nodes if isinstance(node, Function)]

    def lines(self) -> int:
        """Lines of the file without SQL."""
        return len(self.text.splitlines()) - len(self._sql_lines())

    def comment_lines(self) -> int:
        """Lines with a comment that tells a person something."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        comments = (token.string for token in tokens if token.type == tokenize.COMMENT)
        return sum(not comment.startswith(("# noqa", "# type:", "# fmt:")) for comment in comments)

    def docstring_lines(self) -> int:
        """Lines of all docstrings."""
        nodes = (node for node in self.nodes if isinstance(node, Documented))
        return sum(_span(node.body[0]) for node in nodes if ast.get_docstring(node) is not None)

    def _sql_lines(self) -> set[int]:
        """Lines of many-line strings in module constants: statements, not code."""
        constants = (node.value for node in self.tree.body if isinstance(node, ast.Assign) and _is_constant(node))
        strings = (
            part
            for value in constants
            for part in ast.walk(value)
            if isinstance(part, ast.Constant | ast.JoinedStr)
        )
        return {line for part in strings if _span(part) > 1 for line in range(part.lineno, _end(part) + 1)}


@cache
def sources() -> Sequence[Source]:
    """Return all files of libs, services, deploy and tests, sorted."""
    paths = sorted(path for top in (*CODE, "tests") for path in (ROOT / top).rglob("*.py"))
    texts = ((path, path.read_text()) for path in paths)
    return [Source(path, text) for path, text in texts if text.strip()]


def function_lines(function: Function) -> int:
    """Return how long a function is, docstring included, decorators not."""
    return _end(function) - function.lineno + 1


def _span(node: ast.stmt | ast.expr) -> int:
    return _end(node) - node.lineno + 1


def _end(node: ast.stmt | ast.expr) -> int:
    return node.end_lineno or node.lineno


def _is_constant(node: ast.Assign) -> bool:
    return all(isinstance(target, ast.Name) and target.id.isupper() for target in node.targets)
