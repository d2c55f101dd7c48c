"""Texts that an earlier release stored: the language that it had is a part of today's, and each is held to that."""

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from services.tasks.playbooks.grammar import compiled
from services.tasks.playbooks.source import InvalidPlaybookError

StoredText: TypeAlias = tuple[str, int, str]  # code, version, text


def unreadable(texts: Iterable[StoredText]) -> Iterator[str]:
    """Yield in words each text that cannot be read today, with its first fault."""
    for code, version, text in texts:
        try:
            compiled(text)
        except InvalidPlaybookError as error:
            yield f"{code} {version}, {error.args[0].partition(';')[0]}"
