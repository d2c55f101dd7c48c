"""YAML with line numbers: values that know their line, and the list of all faults (P.4)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from typing import TypeVar

import yaml

from libs.common.domain.code import is_code
from services.tasks.playbooks.durations import parse_duration, parse_time
from services.tasks.playbooks.model import PlaybookFault, Title

E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")
D = TypeVar("D")
UNKNOWN = "?"  # placeholder for an unreadable value, so that parsing continues
NO_TITLE = Title(UNKNOWN, UNKNOWN)
DEEPEST = 60  # levels of YAML in one another; a step in four choices is at 20


class InvalidPlaybookError(ValueError):
    """The playbook is invalid; `faults` lists all faults by line."""

    def __init__(self, faults: list[PlaybookFault]) -> None:
        super().__init__("; ".join(f"line {fault.line}: {fault.detail}" for fault in faults[:20]))
        self.faults = tuple(sorted(set(faults)))


@dataclass(frozen=True, slots=True)
class Reference:
    """A use of a name that must be declared."""

    kind: str
    name: str
    line: int
    path: str


@dataclass(slots=True)
class Log:
    """The results of parsing: faults, references, and the line of each path."""

    faults: list[PlaybookFault] = field(default_factory=list)
    references: list[Reference] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)


class Value:
    """A node of the file. Readers record a fault and return a placeholder, so that parsing continues."""

    def __init__(self, node: yaml.Node, path: str, log: Log) -> None:
        self.node = node
        self.path = path
        self.log = log
        self.line = node.start_mark.line + 1
        log.lines[path] = self.line

    def fault(self, code: str, detail: str) -> None:
        """Record a fault of this value."""
        self.log.faults.append(PlaybookFault(self.line, self.path, code, detail))

    @property
    def is_scalar(self) -> bool:
        """Return whether this is a single word or number."""
        return isinstance(self.node, yaml.ScalarNode)

    def word(self) -> str:
        """Return a non-empty scalar as written."""
        if isinstance(self.node, yaml.ScalarNode) and self.node.value.strip():
            return str(self.node.value)
        self.fault("not_a_word", f"{self.path} must be a single non-empty value")
        return UNKNOWN

    def code(self) -> str:
        """Return a code such as `in_work` or `sales-1`."""
        word = self.word()
        return word if word == UNKNOWN else self.checked(word)

    def checked(self, word: str) -> str:
        """Return a word that must be a code."""
        if not is_code(word):
            self.fault("bad_code", f"{word!r} is not a code of lower-case letters, digits, '_', '-' and '.'")
        return word

    def number(self) -> int:
        """Return a whole number from 0 to a million."""
        word = self.word()
        if word.isascii() and word.isdigit() and int(word) <= 1_000_000:
            return int(word)
        self.fault("not_a_number", f"{self.path} must be a whole number, not {word!r}")
        return 0

    def flag(self) -> bool:
        """Return `true` or `false`."""
        word = self.word()
        if word not in ("true", "false"):
            self.fault("not_a_flag", f"{self.path} must be true or false, not {word!r}")
        return word == "true"

    def duration(self) -> timedelta:
        """Return a duration such as `20m`, `1h30m`, `2d`."""
        word = self.word()
        if (found := parse_duration(word)) is None:
            self.fault("not_a_duration", f"{word!r} is not a duration such as 90s, 20m, 1h30m or 2d")
        return found or timedelta(0)

    def clock_time(self) -> time:
        """Return a local time of day, `HH:MM`."""
        word = self.word()
        if (found := parse_time(word)) is None:
            self.fault("not_a_time", f"{word!r} is not a time of day such as 09:30")
        return found or time(0)

    def choice(self, options: type[E]) -> E:
        """Return a member of a closed set."""
        word = self.word()
        if word in {option.value for option in options}:
            return options(word)
        self.fault("unknown_value", f"{word!r} is none of {', '.join(option.value for option in options)}")
        return next(iter(options))

    def refer(self, kind: str) -> str:
        """Return a name that must be declared as `kind`."""
        name = self.word()
        self.log.references.append(Reference(kind, name, self.line, self.path))
        return name

    def title(self) -> Title:
        """Return a text in both languages; a missing language is a fault."""
        section = Section(self)
        title = Title(section.get("ru", Value.word, ""), section.get("en", Value.word, ""))
        section.done()
        for language in ("ru", "en"):
            if not title.of(language):
                self.fault("missing_title", f"{self.path} has no {language} text")
        return title

    def each(self, read: Callable[[str, "Value"], T]) -> dict[str, T]:
        """Read a mapping from codes to declarations."""
        found = {}
        for code, entry in self.entries():
            found[entry.checked(code)] = read(code, entry)
        return found

    def items(self) -> "list[Value]":
        """Return the elements of a list; a single word counts as a list of one."""
        if isinstance(self.node, yaml.SequenceNode):
            return [Value(node, f"{self.path}/{i}", self.log) for i, node in enumerate(self.node.value)]
        if self.is_scalar:
            return [self]
        self.fault("not_a_list", f"{self.path} must be a list")
        return []

    def entries(self) -> "Iterator[tuple[str, Value]]":
        """Yield each key of a mapping with its value; a repeated key is a fault."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fault("not_a_mapping", f"{self.path or 'the playbook'} must be a mapping")
            return
        seen: set[str] = set()
        for key_node, node in self.node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else UNKNOWN
            value = Value(node, f"{self.path}/{key}", self.log)
            value.line = self.log.lines[value.path] = key_node.start_mark.line + 1
            if key in seen:
                value.fault("repeated_key", f"{key!r} stands twice")
            seen.add(key)
            yield key, value


class Section:
    """A mapping whose keys are read one by one; `done` reports the unknown ones."""

    def __init__(self, value: Value) -> None:
        self.value = value
        self._remaining = dict(value.entries())

    def take(self, key: str) -> Value | None:
        """Return the value of an optional key."""
        return self._remaining.pop(key, None)

    def need(self, key: str) -> Value | None:
        """Return the value of a key; its absence is a fault."""
        if (found := self.take(key)) is None:
            self.value.fault("missing_key", f"{self.value.path or 'the playbook'} has no {key!r}")
        return found

    def get(self, key: str, read: Callable[[Value], T], default: D) -> T | D:
        """Read an optional key."""
        found = self.take(key)
        return default if found is None else read(found)

    def must(self, key: str, read: Callable[[Value], T], default: T) -> T:
        """Read a required key; if it is missing, record a fault and return `default`."""
        found = self.need(key)
        return default if found is None else read(found)

    def done(self) -> None:
        """Record every key that was not read as unknown."""
        for key, value in self._remaining.items():
            value.fault("unknown_key", f"unknown key {key!r}")


class _RefusedError(Exception):
    """YAML that no playbook needs."""

    def __init__(self, line: int, code: str, detail: str) -> None:
        super().__init__(detail)
        self.fault = PlaybookFault(line, "", code, detail)


class _Loader(yaml.SafeLoader):
    """Refuses at first sight: nesting takes time by its square, and aliases can blow up a small text."""

    _depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event: yaml.Event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs have no types for it
        line = event.start_mark.line + 1 if event.start_mark else 1
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            raise _RefusedError(line, "alias", "anchors and aliases are not allowed")
        if self._depth == DEEPEST:
            raise _RefusedError(line, "too_deep", f"more than {DEEPEST} levels, one in the other")
        self._depth += 1
        node = super().compose_node(parent, index)
        self._depth -= 1
        return node


def compose(text: str, log: Log) -> Value | None:
    """Parse YAML into a value tree; None (with a fault) when it is not YAML, uses aliases or is nested too deep."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except _RefusedError as refused:
        log.faults.append(refused.fault)
        return None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        log.faults.append(PlaybookFault(line, "", "not_yaml", f"not YAML: {getattr(error, 'problem', error)}"))
        return None
    if node is None:
        log.faults.append(PlaybookFault(1, "", "empty", "the playbook is empty"))
        return None
    return Value(node, "", log)
