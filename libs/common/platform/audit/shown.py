"""What an operation declares of the persons in its answers, and how they are found there."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from libs.common.platform.http.pagination import Page

F = TypeVar("F", bound=Callable[..., object])

_NAME = "__shows__"


def shows(*whose: str) -> Callable[[F], F]:
    """Say that an endpoint gives out personal data, and where its answer names whose they are.

    `lead:lead_id` is a kind and a path from the answer, of a page from each item; a name that the answer lacks is a
    parameter of the request. A path without a kind ends at what has `kind` and `id`.
    """

    def named(endpoint: F) -> F:
        setattr(endpoint, _NAME, whose)
        return endpoint

    return named


def shown_by(endpoint: Callable[..., object]) -> tuple[str, ...] | None:
    """Return what `shows` has named, None for an endpoint without personal data; `functools.wraps` keeps it."""
    found: tuple[str, ...] | None = getattr(endpoint, _NAME, None)
    return found


@dataclass(frozen=True, slots=True)
class Shown:
    """What an answer gave out: of whom (`lead:<id>`), of which desks, and in how many items."""

    whose: Sequence[str]
    desks: Sequence[str]
    count: int


def shown_in(answer: object, places: Sequence[str], given: Mapping[str, object]) -> Shown:
    """Return what an answer gives out; `given` are the parameters of its request."""
    items = answer.items if isinstance(answer, Page) else [answer]
    whose = {name for item in items for place in places for name in _names(item, place, given)}
    desks = {str(item.desk) for item in items if hasattr(item, "desk")}
    return Shown(sorted(whose), sorted(desks), len(items))


def _names(item: object, place: str, given: Mapping[str, object]) -> Iterator[str]:
    kind, _, path = place.rpartition(":")
    first, *rest = path.split(".")
    start = getattr(item, first) if hasattr(item, first) else given.get(first)
    for value in _ends(start, rest):
        yield f"{kind}:{value}" if kind else f"{getattr(value, 'kind', '')}:{getattr(value, 'id', '')}"


def _ends(value: object, path: Sequence[str]) -> Iterator[object]:
    """Yield what a path leads to, of a list from each of its members."""
    if value is None:
        return
    if isinstance(value, list | tuple):
        for member in value:
            yield from _ends(member, path)
    elif path:
        yield from _ends(getattr(value, path[0]), path[1:])
    else:
        yield value
