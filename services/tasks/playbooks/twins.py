"""Twins: second types beside those that name them, made from their nodes before the grammar reads them (S3.5)."""

from services.tasks.playbooks.model import twin_code
from services.tasks.playbooks.source import Entries, Log, Node, Word
from services.tasks.playbooks.values import given

TITLE = "{title}"  # in a twin's title: that of the type


def with_twins(types: Entries, twins: Entries, log: Log) -> Entries:
    """Return the types with the twins that they name; the grammar refuses what could not be read here."""
    found = types
    for code, kind in types.items():
        if not isinstance(kind, Entries):
            continue
        given(kind, log, twin_of="")
        for name in _names(kind.get("twins")):
            twin, made = twins.get(name), twin_code(code, name)
            if made in types:
                log.fault(types[made], "two_types", f"{made!r} is the {name} twin of {code!r} already")
            elif isinstance(twin, Entries):
                found = found.having(made, _twin(kind, twin, code))
    return found


def _names(node: Node | None) -> list[Word]:
    nodes = [node] if isinstance(node, Word) else node or []
    return [name for name in nodes if isinstance(name, Word)]


def _twin(kind: Entries, twin: Entries, code: str) -> Entries:
    found = kind
    for key, node in twin.items():
        found = found.having(key, _title(node, kind.get("title")) if key == "title" else node)
    return found.having("twin_of", Word.at(code, kind.line, kind.path))


def _title(pattern: Node, title: Node | None) -> Node:
    """Return a twin's title with the type's own in its place."""
    if not isinstance(pattern, Entries) or not isinstance(title, Entries):
        return pattern
    found = pattern
    for language, words in pattern.items():
        own = title.get(language)
        if isinstance(words, Word) and isinstance(own, Word):
            found = found.having(language, Word.at(words.replace(TITLE, own), words.line, words.path))
    return found
