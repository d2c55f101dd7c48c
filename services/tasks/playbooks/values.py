"""The kinds of values that a playbook is made of: how each is read, and what an editor knows of it.

The fields of the model name them in `Annotated`; `grammar.py` has pydantic read by them, and `reference.py` makes
the JSON Schema of them. They read words that know their line (`source.py`) and record into the validation's log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import time, timedelta
from enum import StrEnum
from functools import cache, partial
from typing import Annotated, ClassVar, NoReturn, TypeAlias, Union

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    Tag,
    ValidationInfo,
    create_model,
)
from pydantic.json_schema import JsonSchemaValue, SkipJsonSchema
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from libs.common.domain.code import PATTERN, is_code
from services.tasks.playbooks.durations import DURATION, TIME, parse_duration, parse_time
from services.tasks.playbooks.source import Entries, Items, Log, Node, Reference, Word

JSON = JsonSchemaValue
#: Stands in a schema for a reference to another part, which pydantic knows by a name of its own.
PART = "x-part"
_DEFERRED = ConfigDict(extra="forbid", defer_build=True)
_STRING: JSON = {"type": "string"}


class Declared:
    """A part of a playbook whose fields are its keys; unknown keys are refused."""

    __slots__ = ()
    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")


@dataclass(frozen=True, slots=True)
class Kind:
    """A value read from one node. `read` raises by `wrong`, or records a fault and returns a stand-in."""

    read: Callable[[Node, Log], object]
    schema: JSON = field(hash=False)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_plain_validator_function(lambda node, info: self.read(node, log_of(info)))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JSON:
        return dict(self.schema)


@dataclass(frozen=True, slots=True)
class Shape:
    """A node rewritten before its type reads it; `schema` says what an editor may find instead."""

    rewrite: Callable[[Node, Log], Node]
    schema: Callable[[JSON], JSON] = field(default=lambda inner: inner)

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(
            lambda node, info: self.rewrite(node, log_of(info)), handler(source)
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JSON:
        return self.schema(handler(schema))


def log_of(info: ValidationInfo) -> Log:
    """Return the log that validation was given."""
    if not isinstance(info.context, Log):
        raise TypeError("a playbook is read with a log")
    return info.context


def wrong(code: str, detail: str) -> NoReturn:
    """Refuse a value."""
    raise PydanticCustomError(code, "{detail}", {"detail": detail})


def word_of(node: Node) -> Word:
    """Return a node that must be a single non-empty word."""
    if isinstance(node, Word) and node.strip():
        return node
    wrong("not_a_word", f"{node.path} must be a single non-empty value")


def _code(node: Node, _: Log) -> str:
    word = word_of(node)
    if not is_code(word):
        wrong("bad_code", f"{str(word)!r} is not a code of lower-case letters, digits, '_', '-' and '.'")
    return str(word)


def _number(node: Node, _: Log) -> int:
    word = word_of(node)
    if word.isascii() and word.isdigit() and int(word) <= 1_000_000:
        return int(word)
    wrong("not_a_number", f"{node.path} must be a whole number, not {str(word)!r}")


def _flag(node: Node, _: Log) -> bool:
    word = word_of(node)
    if word in ("true", "false"):
        return word == "true"
    wrong("not_a_flag", f"{node.path} must be true or false, not {str(word)!r}")


def _duration(node: Node, _: Log) -> timedelta:
    word = word_of(node)
    if (found := parse_duration(word)) is not None:
        return found
    wrong("not_a_duration", f"{str(word)!r} is not a duration such as 90s, 20m, 1h30m or 2d")


def _clock_time(node: Node, _: Log) -> time:
    word = word_of(node)
    if (found := parse_time(word)) is not None:
        return found
    wrong("not_a_time", f"{str(word)!r} is not a time of day such as 09:30")


CODE = Kind(_code, {**_STRING, "pattern": PATTERN, "description": "a code such as `sales-1`"})
NUMBER = Kind(_number, {"type": "integer", "minimum": 0, "maximum": 1_000_000, "description": "a whole number"})
FLAG = Kind(_flag, {"type": "boolean", "description": "`true` or `false`"})
DURATION_KIND = Kind(
    _duration, {**_STRING, "pattern": f"^{DURATION}$", "description": "a duration such as `90s`, `1h30m` or `2d`"}
)
TIME_KIND = Kind(_clock_time, {**_STRING, "pattern": f"^{TIME}$", "description": "a time of day such as `09:30`"})

Code: TypeAlias = Annotated[str, CODE]
Number: TypeAlias = Annotated[int, NUMBER]
Flag: TypeAlias = Annotated[bool, FLAG]
Duration: TypeAlias = Annotated[timedelta, DURATION_KIND]
ClockTime: TypeAlias = Annotated[time, TIME_KIND]


#: What a name refers to, by the kind of the reference.
_SAID: Mapping[str, str] = {
    "outcome": "an outcome of `outcomes`",
    "field": "a field of an outcome",
    "status": "a status of `statuses`",
    "problem": "a problem, or a directory of them",
    "task_type": "a type of `task_types`",
    "attempts": "a policy of `attempts`",
    "message": "a message of `messages`",
    "timer": "a timer of `timers`",
    "lane": "a lane of `lanes`",
    "signal": "a signal of intake",
    "order_status": "the status of an order",
    "channel": "a channel",
    "template": "the code of a template",
    "twin": "a twin of `twins`",
    "call_sheet": "a call sheet of `call_sheets`",
    "counter": "a counter of `counters`",
    "charge": "a charge of `charges`",
    "questionnaire": "a questionnaire of `questionnaires`",
    "choice": "a code that the field offers, or `true` or `false`",
}


def choice(options: type[StrEnum]) -> Kind:
    """Return the kind of a closed set's members."""
    values = [option.value for option in options]

    def read(node: Node, _: Log) -> StrEnum:
        word = word_of(node)
        if word in values:
            return options(word)
        wrong("unknown_value", f"{str(word)!r} is none of {', '.join(values)}")

    return Kind(read, {"enum": values})


def choices(options: type[StrEnum], said: str) -> Kind:
    """Return the kind of lists of a closed set's members, `said` in words; a single word is a list of one."""
    one = choice(options)
    several: JSON = {"type": "array", "items": one.schema}

    def read(node: Node, log: Log) -> frozenset[object]:
        return frozenset(one.read(item, log) for item in listed(node, log))

    return Kind(read, {"anyOf": [one.schema, several], "description": f"{said}, or a list of them"})


def ref(kind: str) -> Kind:
    """Return the kind of names that must be declared as `kind`."""

    def read(node: Node, log: Log) -> str:
        word = word_of(node)
        log.references.append(Reference(kind, word))
        return str(word)

    return Kind(read, {**_STRING, "description": f"{_SAID[kind]}"})


def refs(kind: str) -> Kind:
    """Return the kind of lists of such names; a single word is a list of one."""
    one = ref(kind)

    def read(node: Node, log: Log) -> tuple[object, ...]:
        return tuple(one.read(item, log) for item in listed(node, log))

    several = {"type": "array", "items": one.schema}
    return Kind(read, {"anyOf": [one.schema, several], "description": f"{_SAID[kind]}, or a list of them"})


def pair(kind: Kind, code: str, detail: str, *, ascending: bool) -> Kind:
    """Return the kind of two values in a list, such as [20m, 40m]."""

    def read(node: Node, log: Log) -> tuple[object, ...]:
        ends = tuple(kind.read(item, log) for item in listed(node, log))
        if len(ends) != 2 or (ascending and ends[0] > ends[1]):  # type: ignore[operator]  # one kind, ordered
            wrong(code, detail)
        return ends

    ends = {"type": "array", "items": kind.schema, "minItems": 2, "maxItems": 2}
    return Kind(read, {**ends, "description": f"two ends, each {kind.schema['description']}"})


def listed(node: Node, _: Log) -> Items:
    """Return a list; a single word is a list of one."""
    match node:
        case Items():
            return node
        case Word():
            items = Items(node.line, node.path)
            items.append(node)
            return items
        case _:
            wrong("not_a_list", f"{node.path} must be a list")


def mapped(node: Node, _: Log) -> Entries:
    """Return a node that must be a mapping."""
    if isinstance(node, Entries):
        return node
    wrong("not_a_mapping", f"{node.path or 'the playbook'} must be a mapping")


LIST = Shape(listed)


def short(key: str) -> Shape:
    """Return the shape of a part that a single word stands for: the word is its `key`."""

    def rewrite(node: Node, log: Log) -> Node:
        return Entries(node.line, node.path).having(key, node) if isinstance(node, Word) else mapped(node, log)

    word: JSON = {**_STRING, "description": f"a word: its `{key}`"}
    return Shape(rewrite, lambda inner: {"anyOf": [word, inner]})


def wrapped(key: str, schema: JSON) -> Shape:
    """Return the shape of a part of one field that is written as the field's value; `schema` is the value's."""
    return Shape(lambda node, _: Entries(node.line, node.path).having(key, node), lambda _: dict(schema))


def given(node: Entries, log: Log, **words: str) -> Entries:
    """Return a mapping with fields that its place says and nobody may write."""
    for key, text in words.items():
        if key in node:
            log.fault(node[key], "unknown_key", f"unknown key {key!r}")
        node = node.having(key, Word.at(text, node.line, node.path))
    return node


def _codes(node: Node, log: Log) -> Entries:
    found = mapped(node, log)
    for key, value in found.items():
        if not is_code(key):
            detail = f"{key!r} is not a code of lower-case letters, digits, '_', '-' and '.'"
            log.fault(value, "bad_code", detail)
    return found


def coded(word: str | None = None) -> Shape:
    """Return the shape of parts by code: each gets its key as its code; a bare word is a part's `word`."""

    def rewrite(node: Node, log: Log) -> Node:
        found = Entries(node.line, node.path)
        for key, value in _codes(node, log).items():
            part = (
                Entries(value.line, value.path).having(word, value) if word and isinstance(value, Word) else value
            )
            found[key] = given(part, log, code=key) if isinstance(part, Entries) else part
        return found

    def schema(inner: JSON) -> JSON:
        either = {"anyOf": [{**_STRING, "description": f"a word: its `{word}`"}, inner["additionalProperties"]]}
        return {**inner, "additionalProperties": either} if word else inner

    return Shape(rewrite, schema)


def keyed(kind: str) -> Shape:
    """Return the shape of a mapping whose keys are names that must be declared as `kind`."""

    def rewrite(node: Node, log: Log) -> Node:
        found = mapped(node, log)
        log.references += [Reference(kind, Word.at(key, value.line, value.path)) for key, value in found.items()]
        return found

    return Shape(rewrite)


CODED = coded()
CODES = Shape(_codes)
HIDDEN: object = SkipJsonSchema()  # type: ignore[type-arg]  # a class only for type checkers


@dataclass(frozen=True, slots=True)
class OneOf:
    """A mapping of one key, which says the kind of its value. `kinds` is called late: they may hold each other."""

    kinds: Callable[[], Mapping[str, object]]
    code: str
    detail: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_before_validator_function(
            lambda node, _: self._checked(node), handler.generate_schema(_union(self))
        )

    def _checked(self, node: Node) -> Node:
        if isinstance(node, Entries) and len(node) == 1 and node.keys() <= self.kinds().keys():
            return node
        wrong(self.code, self.detail.format(", ".join(self.kinds())))


@cache
def _union(one: OneOf) -> object:
    alternatives = tuple(_alternative(key, kind) for key, kind in one.kinds().items())
    return Annotated[Union[alternatives], Discriminator(lambda node: next(iter(node)))]  # noqa: UP007 - made at run time


def _alternative(key: str, kind: object) -> object:
    """Return the type of a mapping whose only key is `key`; reading it gives the value."""
    model = create_model(f"{key}_step", __config__=_DEFERRED, **{key: (kind, ...)})  # type: ignore[call-overload]  # a type made at run time
    return Annotated[model, AfterValidator(partial(_value, key)), Tag(key)]


def _value(key: str, model: object) -> object:
    return getattr(model, key)


def keys_of(node: Node | None) -> frozenset[str]:
    """Return the keys of a mapping, none of anything else."""
    return frozenset(node) if isinstance(node, Entries) else frozenset()
