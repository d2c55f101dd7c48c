"""Grouping: which events of a batch go to a use case in one call, as many as order per key allows."""

from collections.abc import Hashable, Iterable
from typing import TypeVar

T = TypeVar("T")
H = TypeVar("H", bound=Hashable)


def grouped(events: Iterable[tuple[T, Hashable, H]]) -> list[tuple[H, list[T]]]:
    """Return calls (handler, events) for (event, key, handler) triples.

    Each event joins the first call of its handler that is not before the call of its key's previous event:
    within a key, and within a call, the order stays.
    """
    calls: list[tuple[H, list[T]]] = []
    last: dict[Hashable, int] = {}
    for event, key, handler in events:
        place = last.get(key, 0)
        while place < len(calls) and calls[place][0] != handler:
            place += 1
        if place == len(calls):
            calls.append((handler, []))
        calls[place][1].append(event)
        last[key] = place
    return calls
