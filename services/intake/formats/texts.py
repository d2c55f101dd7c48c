"""A field's text as it was meant: entities decoded, nothing invisible around it; and the stand-ins for nothing."""

import re
from html import unescape
from unicodedata import category

# With its semicolon: without it, `?a=1&copy=2` would lose its name.
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[a-zA-Z][a-zA-Z0-9]{1,30});")
_UNFILLED = re.compile(
    r"\{+[^{}]*\}+|\$\{[^{}]*\}|%+[A-Za-z_][\w.:-]*%+|\[+[A-Za-z_][\w.-]*\]+|<%?=?\s*[A-Za-z_][\w.-]*\s*%?>|#[A-Z_]+#"
)
_NOTHING = frozenset({
    "null", "(null)", "undefined", "none", "(none)", "nan", "nil", "[object object]", "[object undefined]", "n/a",
    "#n/a", "-", "--", "---", "—", "–", "not set", "(not set)", "unset",
})  # fmt: skip
_INITIALS = frozenset("nNuU")  # of those that begin with a word
_LONGEST = 30  # characters of a stand-in that is no template's place


def plain(text: str) -> str:
    """Return a text, its HTML entities decoded, also if encoded twice, without what is invisible around it."""
    for _ in range(2):
        if "&" not in text:
            break
        text = _ENTITY.sub(lambda match: unescape(match[0]), text)
    return text.strip() if text.isascii() else _trimmed(text)


def stands_for_nothing(text: str) -> bool:
    """Return whether a text is empty, says that there is nothing, or is an unfilled place of a template."""
    if text and text[0].isalnum() and text[0] not in _INITIALS:
        return False
    text = text.strip()
    if not text:
        return True
    if text[0] in "{$%[<#" and _UNFILLED.fullmatch(text):
        return True
    if len(text) > _LONGEST:
        return False
    return text.casefold() in _NOTHING or (not text.isascii() and not _trimmed(text))


def _trimmed(text: str) -> str:
    """Return a text without spaces, control characters and zero-width ones at its ends."""
    if text[:1].isalnum() and text[-1:].isalnum():
        return text
    start, end = 0, len(text)
    while start < end and _unseen(text[start]):
        start += 1
    while end > start and _unseen(text[end - 1]):
        end -= 1
    return text[start:end]


def _unseen(character: str) -> bool:
    return character.isspace() or (character != "\x00" and category(character) in {"Cf", "Cc"})
