"""YAML with line numbers: words, mappings and lists that know where they stand (P.4).

A word stays the text that was written, as in YAML 1.2's failsafe schema: `on` and `false` are words like any other,
and the grammar says what a word means at its place.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

import yaml
from yaml.composer import Composer

from services.tasks.playbooks.faults import PlaybookFault

UNKNOWN = "?"  # a key that is no word
DEEPEST = 60  # levels of YAML in one another; a step in four choices is at 20


class InvalidPlaybookError(ValueError):
    """The playbook is invalid; `faults` lists all faults by line."""

    def __init__(self, faults: list[PlaybookFault]) -> None:
        super().__init__("; ".join(f"line {fault.line}: {fault.detail}" for fault in faults[:20]))
        self.faults = tuple(sorted(set(faults)))


class Word(str):
    """A scalar as written. `line` counts from 1; `path` is a JSON pointer."""

    __slots__ = ("line", "path")
    line: int
    path: str

    @classmethod
    def at(cls, text: str, line: int, path: str) -> Word:
        """Return a word at its place."""
        word = cls(text)
        word.line, word.path = line, path
        return word


class Entries(dict[str, "Node"]):
    """A mapping; a value's line is that of its key."""

    def __init__(self, line: int, path: str) -> None:
        super().__init__()
        self.line, self.path = line, path

    def having(self, key: str, value: Node) -> Entries:
        """Return a copy with one entry more, in the place of one of the same key."""
        copy = Entries(self.line, self.path)
        copy.update(self)
        copy[key] = value
        return copy


class Items(list["Node"]):
    """A list."""

    def __init__(self, line: int, path: str) -> None:
        super().__init__()
        self.line, self.path = line, path


Node: TypeAlias = Word | Entries | Items


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a name that must be declared."""

    kind: str
    name: Word


@dataclass(slots=True)
class Log:
    """What reading finds out: faults, references, and the line of each path."""

    faults: list[PlaybookFault] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)

    def fault(self, at: Node, code: str, detail: str) -> None:
        """Record a fault at its place."""
        self.faults.append(PlaybookFault(at.line, at.path, code, detail))


class _RefusedError(Exception):
    """YAML that no playbook needs."""

    def __init__(self, line: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = PlaybookFault(line, "", code, detail)


class _Loader(Composer, yaml.CSafeLoader):
    """Refuses at first sight: nesting takes time by its square, and aliases can blow up a small text.

    libyaml reads the text, in a tenth of the time; nodes are composed here, where they can be refused.
    """

    _depth = 0

    def __init__(self, stream: str) -> None:
        yaml.CSafeLoader.__init__(self, stream)
        Composer.__init__(self)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()
        line = event.start_mark.line + 1 if event and event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _RefusedError(line, "alias", "anchors and aliases are not allowed")
        if self._depth == DEEPEST:
            raise _RefusedError(line, "too_deep", f"more than {DEEPEST} levels, one in the other")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def compose(text: str, log: Log) -> Node | None:
    """Parse YAML; None (with a fault) when it is not YAML, uses aliases or is nested too deep."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except _RefusedError as refused:
        log.faults.append(refused.fault)
        return None
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        log.faults.append(PlaybookFault(line, "", "not_yaml", f"not YAML: {getattr(error, 'problem', error)}"))
        return None
    if node is None:
        log.faults.append(PlaybookFault(1, "", "empty", "the playbook is empty"))
        return None
    return _read(node, node.start_mark.line + 1, "", log)


def _read(node: yaml.Node, line: int, path: str, log: Log) -> Node:
    log.lines[path] = line
    match node:
        case yaml.MappingNode():
            return _entries(node, line, path, log)
        case yaml.SequenceNode():
            items = Items(line, path)
            items += [_read(n, n.start_mark.line + 1, f"{path}/{i}", log) for i, n in enumerate(node.value)]
            return items
        case _:
            return Word.at(str(node.value), line, path)


def _entries(node: yaml.MappingNode, line: int, path: str, log: Log) -> Entries:
    entries = Entries(line, path)
    for key_node, value_node in node.value:
        key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else UNKNOWN
        value = _read(value_node, key_node.start_mark.line + 1, f"{path}/{key}", log)
        if key in entries:
            log.fault(value, "repeated_key", f"{key!r} stands twice")
        entries[key] = value
    return entries
