"""`python -m services.notifications.providers.reference`: write docs/providers.md from what the adapters say."""

import inspect
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from services.notifications.providers.base import Adapter
from services.notifications.providers.registry import ADAPTERS
from services.notifications.providers.values import ChannelKind

DOCUMENT = Path(__file__).parents[3] / "docs/providers.md"
_HEAD = """# Providers of messages

Generated from the adapters by `make contracts`; a test compares. How to add one: CONTRIBUTING.md, *A new provider*.

A *lost answer* is asked for again with its key while the provider recognises that, looked up, or settled by a
report that bears our own name for the message; else the message ends as unknown after the time that is given.
*Asked*: we ask how messages are doing, beside or instead of callbacks.

"""
_COLUMNS = (
    "code", "channel", "calls in 5 s", "to one address", "characters", "repeated key", "lost answer",
    "unknown after", "free text", "callbacks", "asked", "source (confidence)",
)  # fmt: skip


def document() -> str:
    """Return the whole of docs/providers.md."""
    lines = [_row(_COLUMNS), _row(["---"] * len(_COLUMNS)), *(_row(_cells(one)) for one in ADAPTERS)]
    return f"{_HEAD}{chr(10).join(lines)}\n{''.join(_notes())}"


def _cells(one: type[Adapter]) -> Iterator[str]:
    limits = one.limits
    yield f"`{one.code}`"
    yield ", ".join(sorted(one.channels))
    yield str(limits.rate_5s)
    yield "as the account" if limits.pair_interval is None else f"one in {_duration(limits.pair_interval)}"
    yield str(limits.text)
    yield "second message" if limits.remembers is None else f"recognised for {_duration(limits.remembers)}"
    yield ", ".join(_lost(one)) or "stays lost"
    yield _duration(limits.unknown_after)
    yield "always" if limits.window is None else f"{_duration(limits.window)} after the customer's last message"
    yield _callbacks(one)
    yield f"{limits.asked_together} at once" if limits.asked_together else "no"
    yield one.source


def _callbacks(one: type[Adapter]) -> str:
    if one.channels == {ChannelKind.TEAM}:
        return "none: it stays accepted"
    return str(one.proof) if one.limits.reports else f"{one.proof}; a message stays accepted"


def _lost(one: type[Adapter]) -> Iterator[str]:
    if one.limits.remembers is not None:
        yield "repeated"
    if one.looks_up():
        yield "looked up"
    if one.reference("key", "79000000001") is not None:
        yield "named by its report"


def _duration(value: timedelta) -> str:
    seconds = int(value.total_seconds())
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{value.total_seconds():g} s"


def _row(cells: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    return f"| {' | '.join(cells)} |"


def _notes() -> Iterator[str]:
    for one in ADAPTERS:
        yield f"\n## {one.code}\n\n{inspect.cleandoc(inspect.getmodule(one).__doc__ or '')}\n"


if __name__ == "__main__":
    DOCUMENT.write_text(document())
