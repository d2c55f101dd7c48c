"""A desk file: YAML, with the line of every member, and what it takes from other files and the environment."""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from libs.common.platform.http.faults import pointer

Document: TypeAlias = dict[str, object]

#: A mapping with one member of such a name stands for a text that is kept elsewhere.
REFERENCES = ("file", "env")
_PLAYBOOK_LINE = re.compile(r"line (\d+): (.*)", re.DOTALL)


class BadFileError(Exception):
    """The file cannot be read; each line says where and why."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = lines


class _Loader(yaml.SafeLoader):
    """Words stay words: `no`, `on` and `09:00` are texts here, as in YAML 1.2's core schema."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _tag, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?", "-+0123456789."),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), list(_first))


@dataclass(frozen=True, slots=True)
class DeskFile:
    """A read desk file: its document with its references resolved, and where each member stands.

    `faults`: members that refer to what is not there, or are given twice, each with what is wrong.
    """

    path: Path
    document: Document
    lines: Mapping[str, int]
    files: Mapping[str, Path] = field(default_factory=dict)
    faults: tuple[tuple[str, str], ...] = ()

    @property
    def desk(self) -> str:
        return str(self.document["desk"])

    def place(self, at: str, detail: str) -> str:
        """Return a fault with its file and line; one within a playbook names the playbook's own file."""
        source = next(
            (file for start, file in self.files.items() if _within(at, start.removesuffix("/source"))), None
        )
        found = _PLAYBOOK_LINE.fullmatch(detail)
        if source is not None and found:
            return f"{source}:{found[1]}: {found[2]}"
        return f"{self.path}:{self.line(at)}: {at or '/'}: {detail}"

    def line(self, at: str) -> int:
        """Return the line of a member, or of what it is missing in."""
        while at and at not in self.lines:
            at = at.rpartition("/")[0]
        return self.lines.get(at, 1)


def read(path: Path, environment: Mapping[str, str] | None = None) -> DeskFile:
    """Read a desk file. Raises BadFileError for what is no YAML, or names no desk."""
    try:
        text = path.read_text(encoding="utf-8")
        node = yaml.compose(text, _Loader)
        loader = _Loader(text)
        document = loader.get_data()
    except OSError as error:
        raise BadFileError([f"{path}: {error.strerror}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        raise BadFileError(
            [f"{path}:{mark.line + 1 if mark else 1}: {getattr(error, 'problem', error)}"]
        ) from error
    lines: dict[str, int] = {}
    doubles = list(_places(node, (), lines)) if node is not None else []
    if not isinstance(document, dict) or not isinstance(document.get("desk"), str):
        raise BadFileError([f"{path}:1: a desk file names its desk: `desk: <code>`"])
    resolver = _Resolver(path.parent, os.environ if environment is None else environment, {}, [])
    resolved = resolver.resolve(document, ())
    faults = sorted((*doubles, *resolver.faults), key=lambda fault: lines.get(fault[0], 1))
    assert isinstance(resolved, dict)  # noqa: S101 - no reference stands for the whole file
    return DeskFile(path, resolved, lines, resolver.files, tuple(faults))


def _within(at: str, start: str) -> bool:
    return at == start or at.startswith(f"{start}/")


def _places(node: yaml.Node, path: tuple[object, ...], lines: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Note the line of every member; yield those that are given twice, of which YAML would drop the first."""
    lines.setdefault(pointer(path), node.start_mark.line + 1)
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            at = (*path, key.value)
            if key.value in seen:
                yield pointer(at), "given twice"
            seen.add(key.value)
            lines[pointer(at)] = key.start_mark.line + 1
            yield from _places(value, at, lines)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _places(value, (*path, number), lines)


@dataclass(slots=True)
class _Resolver:
    """Puts texts in the place of references to them."""

    folder: Path
    environment: Mapping[str, str]
    files: dict[str, Path]
    faults: list[tuple[str, str]]

    def resolve(self, value: object, path: tuple[object, ...]) -> object:
        if isinstance(value, list):
            return [self.resolve(each, (*path, number)) for number, each in enumerate(value)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (name := next(iter(value))) in REFERENCES and isinstance(value[name], str):
            return self._text(name, value[name], pointer(path))
        return {str(name): self.resolve(each, (*path, name)) for name, each in value.items()}

    def _text(self, kind: str, name: str, at: str) -> str:
        if kind == "env":
            if (found := self.environment.get(name)) is None:
                self.faults.append((at, f"the environment has no {name}"))
            return found or ""
        self.files[at] = self.folder / name
        try:
            text = self.files[at].read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self.faults.append((at, f"{name} cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"))
            return ""
        # An editor ends a secret's file with a line break that is not the secret's.
        return text if at.endswith("/source") else text.rstrip("\r\n")
