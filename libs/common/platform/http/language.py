"""The language of titles and messages: Accept-Language, Russian by default."""

from functools import lru_cache
from typing import NamedTuple

from libs.common.contracts.shared import Language

__all__ = ["Language", "Text", "language_of"]


_BY_TAG = {language.value: language for language in Language}


class Text(NamedTuple):
    """A text for people in both languages."""

    ru: str
    en: str

    def in_language(self, language: Language) -> str:
        return self.en if language is Language.EN else self.ru


@lru_cache(maxsize=512)
def language_of(header: str | None, default: Language = Language.RU) -> Language:
    """Return the supported language with the greatest weight (RFC 9110 §12.5.4); malformed parts are ignored."""
    best, best_weight = default, 0.0
    for part in (header or "")[:500].split(","):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        language = _match(tag.strip().lower(), default)
        if language is not None and weight > best_weight:
            best, best_weight = language, weight
    return best


def _match(tag: str, default: Language) -> Language | None:
    if tag == "*":
        return default
    primary = tag.partition("-")[0]
    return _BY_TAG.get(primary)


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if not name:
        return 1.0
    try:
        return float(value) if name.strip() == "q" else 1.0
    except ValueError:
        return 0.0
