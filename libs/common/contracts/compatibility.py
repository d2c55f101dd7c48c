"""Whether a published schema only grew (CONTRIBUTING, *Rules that tests hold*).

Allowed: new optional fields. A change that an old reader cannot read, or that makes an old event unreadable, is a
break and needs a new event type. A new value of an enum is a break too: readers are strict and park it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Schema: TypeAlias = Mapping[str, Json]

#: Keywords that say nothing about which values are allowed, and those that are compared by themselves.
_SILENT = frozenset({"title", "description", "default", "examples", "$defs", "$schema", "$id"})
_OWN = frozenset({"properties", "required", "enum", "anyOf", "items", "additionalProperties"})


def breaks(old: Schema, new: Schema) -> list[str]:
    """Return the breaking differences, one line each; empty when the schema only grew."""
    return list(_differences(inlined(old, old), inlined(new, new), "$"))


def _differences(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for keyword in sorted((old.keys() | new.keys()) - _SILENT - _OWN):
        if old.get(keyword) != new.get(keyword):
            yield f"{at}: {keyword} was {old.get(keyword)!r}, is {new.get(keyword)!r}"
    if ("enum" in old) != ("enum" in new):
        yield f"{at}: {'is' if 'enum' in new else 'is no longer'} an enum"
    else:
        yield from (
            f"{at}: value {value} is gone" for value in _list(old, "enum") if value not in _list(new, "enum")
        )
        yield from (
            f"{at}: value {value} is new" for value in _list(new, "enum") if value not in _list(old, "enum")
        )
    yield from _fields(old, new, at)
    for keyword in {"items", "additionalProperties"} & (old.keys() | new.keys()):
        yield from _differences(_map(old, keyword), _map(new, keyword), f"{at}[]")
    for variant in _maps(old, "anyOf"):
        if all([*_differences(variant, other, at)] for other in _maps(new, "anyOf")):
            yield f"{at}: no longer allows {variant}"
    for variant in _maps(new, "anyOf"):
        if all([*_differences(other, variant, at)] for other in _maps(old, "anyOf")):
            yield f"{at}: newly allows {variant}"


def _fields(old: Schema, new: Schema, at: str) -> Iterator[str]:
    before, after = _map(old, "properties"), _map(new, "properties")
    for name in sorted(before.keys() - after.keys()):
        yield f"{at}.{name}: removed"
    for name in sorted(set(_list(old, "required")) ^ set(_list(new, "required"))):
        yield f"{at}.{name}: {'became' if name in _list(new, 'required') else 'is no longer'} required"
    for name in sorted(before.keys() & after.keys()):
        yield from _differences(_map(before, name), _map(after, name), f"{at}.{name}")


def inlined(schema: Schema, root: Schema) -> Schema:
    """Return a part of `root` with references replaced by what they point to (payloads do not nest themselves)."""
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return inlined(_map(_map(root, "$defs"), reference.removeprefix("#/$defs/")), root)
    return {key: _inlined_value(value, root) for key, value in schema.items() if key != "$defs"}


def _inlined_value(value: Json, root: Schema) -> Json:
    if isinstance(value, Mapping):
        return inlined(value, root)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_inlined_value(item, root) for item in value]
    return value


def _map(schema: Schema, key: str) -> Schema:
    value = schema.get(key)
    return value if isinstance(value, Mapping) else {}


def _list(schema: Schema, key: str) -> list[str]:
    value = schema.get(key)
    return [str(item) for item in value] if isinstance(value, Sequence) else []


def _maps(schema: Schema, key: str) -> list[Schema]:
    value = schema.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, Sequence) else []
