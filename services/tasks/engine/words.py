"""What a sender says, compared by whole words: case does not matter, and ё is е."""

import re
import unicodedata
from collections.abc import Iterable

_WORD = re.compile(r"\w+")


def says(text: str | None, phrases: Iterable[str]) -> bool:
    """Return whether a text has one of the phrases: their words, one after the other and whole."""
    said = spelled(text or "")
    return any(_within(spelled(phrase), said) for phrase in phrases)


def spelled(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return tuple(_WORD.findall(folded))


def _within(phrase: tuple[str, ...], said: tuple[str, ...]) -> bool:
    places = range(len(said) - len(phrase) + 1)
    return bool(phrase) and any(said[at : at + len(phrase)] == phrase for at in places)
