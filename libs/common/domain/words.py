"""The words of what a person says, as they are compared: case does not matter, and ё is е."""

import re
import unicodedata

_WORD = re.compile(r"\w+")


def spelled(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return tuple(_WORD.findall(folded))
