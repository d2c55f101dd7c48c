"""Whether a document only grew: what a client of the committed one sends is taken, what it reads is still there."""

import json
from collections.abc import Iterator, Mapping
from typing import cast

from libs.common.platform.http.openapi.shape import Document

Schema = Mapping[str, object]

#: Keywords that make fewer values possible, and whether a greater value of them does.
_LIMITS = {
    "maxLength": False, "maximum": False, "maxItems": False, "minLength": True, "minimum": True, "minItems": True,
}  # fmt: skip
_EXACT = ("pattern", "format", "const")
_DEEPEST = 20


def breaks(old: Document, new: Document) -> list[str]:
    """Return every way in which a client of `old` is let down by `new`, one line each."""
    found: list[str] = []
    before, after = _operations(old), _operations(new)
    for place, operation in before.items():
        if place not in after:
            found.append(f"{place}: is gone")
        else:
            found += [f"{place}: {line}" for line in _Change(old, new).of(operation, after[place])]
    return found


def _operations(document: Document) -> dict[str, Document]:
    paths = cast("dict[str, dict[str, Document]]", document["paths"])
    return {f"{method.upper()} {path}": op for path, item in paths.items() for method, op in item.items()}


class _Change:
    """Two operations side by side."""

    def __init__(self, old: Document, new: Document) -> None:
        self._documents = {"old": old, "new": new}

    def of(self, old: Document, new: Document) -> Iterator[str]:
        """Yield what breaks: names, parameters, bodies, answers."""
        if old["operationId"] != new["operationId"]:
            yield f"was called {old['operationId']}, is {new['operationId']}"
        yield from self._parameters(old, new)
        yield from self._body(old, new)
        yield from self._answers(old, new)

    def _parameters(self, old: Document, new: Document) -> Iterator[str]:
        before, after = self._named(old, "old"), self._named(new, "new")
        yield from (f"parameter {name} is gone" for name in before.keys() - after.keys())
        yield from (
            f"parameter {name} is required" for name, one in after.items()
            if one.get("required") and not before.get(name, {}).get("required")
        )  # fmt: skip
        for name in before.keys() & after.keys():
            fits = self._fits(("old", _schema(before[name])), ("new", _schema(after[name])), name)
            yield from (f"parameter {line}" for line in fits)

    def _named(self, operation: Document, side: str) -> dict[str, Document]:
        found = (self._resolved(side, one) for one in cast("list[Schema]", operation.get("parameters", [])))
        return {str(one["name"]): cast("Document", one) for one in found}

    def _body(self, old: Document, new: Document) -> Iterator[str]:
        before, after = _content(old.get("requestBody")), _content(new.get("requestBody"))
        if cast("Schema", new.get("requestBody") or {}).get("required") and not before:
            yield "a body is required"
        yield from (f"body {media} is not taken any more" for media in before.keys() - after.keys())
        for media in before.keys() & after.keys():
            yield from self._fits(("old", before[media]), ("new", after[media]), "body")

    def _answers(self, old: Document, new: Document) -> Iterator[str]:
        before, after = (cast("dict[str, Schema]", one["responses"]) for one in (old, new))
        for status in sorted(status for status in before if status < "4"):
            if status not in after:
                yield f"{status} is gone"
                continue
            found, there = _content(before[status]), _content(after[status])
            yield from (f"{status} {media} is gone" for media in found.keys() - there.keys())
            for media in found.keys() & there.keys():
                yield from self._fits(
                    ("new", there[media]), ("old", found[media]), f"answer {status}", is_read=True
                )

    def _fits(
        self, one: tuple[str, Schema], other: tuple[str, Schema], at: str, depth: int = 0, *, is_read: bool = False
    ) -> Iterator[str]:
        """Yield why some value of `one` is none of `other`; what is read may have more members."""
        if depth > _DEEPEST:
            return
        first, second = (self._resolved(*side) for side in (one, other))
        for variant in _variants(first):
            a = one[0], self._resolved(one[0], variant)
            choices = [self._resolved(other[0], choice) for choice in _variants(second)]
            alike = [choice for choice in choices if choice.get("type") == a[1].get("type")] or choices
            reasons = [[*self._one(a, (other[0], b), at, depth, is_read=is_read)] for b in alike]
            yield from min(reasons, key=len)

    def _one(
        self, one: tuple[str, Schema], other: tuple[str, Schema], at: str, depth: int, *, is_read: bool
    ) -> Iterator[str]:
        (_, a), (_, b) = one, other
        if len(_variants(a)) > 1 or len(_variants(b)) > 1:
            yield from self._fits(one, other, at, depth + 1, is_read=is_read)
            return
        if "type" in b and a.get("type") != b["type"] and (a.get("type"), b["type"]) != ("integer", "number"):
            yield f"{at}: {a.get('type', 'anything')} is not {b['type']}"
        elif "enum" in b and not is_read and (gone := _values(a) - _values(b)):
            yield f"{at}: {', '.join(sorted(gone))} is not taken any more"
        else:
            yield from _limits(a, b, at) if not is_read else ()
            yield from self._members(one, other, at, depth, is_read=is_read)

    def _members(
        self, one: tuple[str, Schema], other: tuple[str, Schema], at: str, depth: int, *, is_read: bool
    ) -> Iterator[str]:
        (left, a), (right, b) = one, other
        mine, theirs = (cast("dict[str, Schema]", side.get("properties", {})) for side in (a, b))
        missing = set(cast("list[str]", b.get("required", []))) - set(cast("list[str]", a.get("required", [])))
        yield from (f"{at}.{name}: is {'not always there' if is_read else 'required'}" for name in sorted(missing))
        lost = theirs.keys() - mine.keys() if is_read else mine.keys() - theirs.keys()
        if is_read or b.get("additionalProperties") is False:
            yield from (f"{at}.{name}: is gone" for name in sorted(lost))
        for name in sorted(mine.keys() & theirs.keys()):
            pair = (left, mine[name]), (right, theirs[name])
            yield from self._fits(*pair, f"{at}.{name}", depth + 1, is_read=is_read)
        if isinstance(a.get("items"), Mapping) and isinstance(b.get("items"), Mapping):
            pair = (left, cast("Schema", a["items"])), (right, cast("Schema", b["items"]))
            yield from self._fits(*pair, f"{at}[]", depth + 1, is_read=is_read)

    def _resolved(self, side: str, part: Schema) -> Schema:
        reference = part.get("$ref")
        if not isinstance(reference, str):
            return part
        _, _, kind, name = reference.split("/")
        components = cast("dict[str, dict[str, Schema]]", self._documents[side]["components"])
        return components[kind][name]


def _variants(schema: Schema) -> list[Schema]:
    found = schema.get("anyOf") or schema.get("oneOf")
    return cast("list[Schema]", found) if found else [schema]


def _values(schema: Schema) -> set[str]:
    return {
        json.dumps(value, ensure_ascii=False) for value in cast("list[object]", schema.get("enum", ["another"]))
    }


def _limits(old: Schema, new: Schema, at: str) -> Iterator[str]:
    for name, is_least in _LIMITS.items():
        before, after = cast("tuple[float | None, ...]", (old.get(name), new.get(name)))
        if after is not None and (before is None or (after > before if is_least else after < before)):
            yield f"{at}: {name} was {before}, is {after}"
    for name in _EXACT:
        if name in new and old.get(name) != new[name]:
            yield f"{at}: {name} was {old.get(name)}, is {new[name]}"


def _schema(parameter: Schema) -> Schema:
    return cast("Schema", parameter.get("schema", {}))


def _content(part: object) -> dict[str, Schema]:
    content = part.get("content", {}) if isinstance(part, Mapping) else {}
    return {media: cast("Schema", one.get("schema", {})) for media, one in content.items()}
