"""What a sender says, compared by whole words: case does not matter, and ё is е."""

from collections.abc import Iterable

from libs.common.domain.words import spelled


def says(text: str | None, phrases: Iterable[str]) -> bool:
    """Return whether a text has one of the phrases: their words, one after the other and whole."""
    said = spelled(text or "")
    return any(_within(spelled(phrase), said) for phrase in phrases)


def _within(phrase: tuple[str, ...], said: tuple[str, ...]) -> bool:
    places = range(len(said) - len(phrase) + 1)
    return bool(phrase) and any(said[at : at + len(phrase)] == phrase for at in places)
