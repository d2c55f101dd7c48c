"""Names that are not known: on their way, or misspelt."""

from collections.abc import Collection
from difflib import SequenceMatcher, get_close_matches

ALIKE = 0.85  # of difflib: one character of seven


def nearest(name: str, known: Collection[str]) -> tuple[str, ...]:
    """Return the known names that look like one, the likest first."""
    return tuple(get_close_matches(name, known))


def is_slip(name: str, known: Collection[str]) -> bool:
    """Return whether an unknown name is a slip of the pen for a known one, and no name of its own.

    Both have nearly the same characters and the same digits: `calback` is a slip for `callback`, `callback2` the
    name of a playbook that was activated a moment ago.
    """
    return any(
        _digits(name) == _digits(other) and SequenceMatcher(None, name, other).ratio() >= ALIKE for other in known
    )


def _digits(name: str) -> str:
    return "".join(filter(str.isdigit, name))
