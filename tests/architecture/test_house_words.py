"""Words: no file names a machine or an absent document, and names and prose use the words of the glossary."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

from tests.architecture.memory import Memory
from tests.architecture.sources import ROOT, Documented, Source, sources

# Written in pieces, so that this file does not find itself.
FORBIDDEN = {
    "a developer's home": re.compile(r"(?<![\w.])/(?:ro" r"ot|ho" r"me/\w+|Use" r"rs/\w+)/"),
    "a workplace's folder": re.compile(r"(?<![\w.}/])/wo" r"rk/"),
    "a package index": re.compile(
        r"--(?:extra-)?index-u" r"rl|--find-li" r"nks|PIP_\w*IND" r"EX|//[\w.-]*(?:pypi|nexus|artifactory)\."
    ),
    "a paper kept elsewhere": re.compile(
        r"(?<!docs/)\b(?:flow|architecture|evidence|providers|api|style|local-stack)\.m"
        r"d\b|\bspec/requi"
        r"rements\b"
    ),
}
BINARY = {".png", ".ico", ".gz", ".jar", ".whl"}


def committed_files() -> list[Path]:
    """Return what git knows or would take."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    paths = (ROOT / name for name in names if name)
    return [path for path in paths if path.is_file() and path.suffix not in BINARY]


def forbidden(source: Source) -> list[str]:
    return [what for what, pattern in FORBIDDEN.items() if pattern.search(source.text)]


def test_no_file_names_a_machine_a_package_index_or_an_absent_paper(memory: Memory) -> None:
    files = [Source(path, path.read_text(errors="replace")) for path in committed_files()]
    assert [f"{source.name}: {what}" for source, found in memory.of(forbidden, files) for what in found] == []


# The glossary (docs/glossary.md): the word that stands for each of these in identifiers, comments and docstrings.
INSTEAD = {
    "admission": "row",
    "admit": "authenticate, parse",
    "admits": "authenticates, parses",
    "admitted": "authenticated, parsed",
    "amend": "backfill",
    "amends": "backfills",
    "anybody": "any caller, any operator",
    "astray": "conflict",
    "door": "authentication",
    "drill": "a plain name",
    "everybody": "all",
    "floor": "low watermark, snapshot, entry time",
    "front": "Api",
    "gather": "linger",
    "hook": "webhook",
    "hooks": "webhooks",
    "lane": "partition, slot",
    "lanes": "partitions, slots",
    "letter": "dead letter, outbound message",
    "letters": "dead letters, outbound messages",
    "nobody": "no operator, no caller",
    "rig": "Stack",
    "somebody": "an operator, a person",
    "tell": "return, publish, say",
    "teller": "a plain name",
    "tells": "returns, publishes, says",
    "told": "returned, published, said",
    "whatever": "any",
    "whoever": "the one that",
    "world": "Desk",
}
# Whole expressions in which such a word is right.
ALLOWED = re.compile(
    r"asyncio\.gather|dead[-_ ]?letters?|front[- ]ends?|/hooks\b|excepthook|hookimpl|lower-case letters",
    re.IGNORECASE,
)
FOLDERS = (
    "deploy",
    "libs/common",
    "services",
    "tests/contracts",
    "tests/domain",
    "tests/intake",
    "tests/messaging",
    "tests/platform",
)
# A file or a folder, and the word that is right in it.
EXCEPTIONS = {
    ("deploy/standins/journal.py", "told"): "a key of the journal's file",
    ("libs/common/contracts/tasks.py", "lane"): "a playbook's queue: the one meaning of the word",
    ("libs/common/messaging/deadletters/api.py", "letter"): "in the path's template, a label of metrics",
    ("libs/common/platform/http/json.py", "hook"): "an argument of json.loads",
    ("libs/common/contracts/desks.py", "lanes"): "a playbook's queues: the one meaning of the word",
    ("services/assignment/", "nobody"): "a stored code of decisions",
    ("services/intake/configuration/", "hooks"): "a field of the API",
    ("services/intake/sources/schemas.py", "hook"): "a field of the API",
    ("services/notifications/", "hook"): "a column and a field of the API",
    ("services/notifications/configuration/", "hooks"): "a field of the API",
    ("services/tasks/", "lane"): "a playbook's queue: the one meaning of the word",
    ("services/tasks/", "lanes"): "a playbook's queues: the one meaning of the word",
    ("tests/intake/test_active_playbooks.py", "lanes"): "a playbook's queues: the one meaning of the word",
    ("services/tasks/", "nobody"): "a value in playbooks; a released migration",
}


def prose_and_names(source: Source) -> Iterator[tuple[int, str]]:
    """Yield (line, text) of all names, comments and docstrings; other strings are data."""
    documented = (node for node in source.nodes if isinstance(node, Documented))
    for node in documented:
        if text := ast.get_docstring(node, clean=False):
            yield node.body[0].lineno, text
    tokens = list(tokenize.generate_tokens(io.StringIO(source.text).readline))
    for line, group in groupby(tokens, key=lambda token: token.start[0]):
        named = (token for token in group if token.type in (tokenize.NAME, tokenize.COMMENT) or token.string == ".")
        wanted = (token.string for token in named)
        yield line, " ".join(wanted).replace(" . ", ".")


def words(text: str) -> set[str]:
    """Return the words of a text, those inside `snake_case` and `CamelCase` too."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", ALLOWED.sub(" ", text))}


def house_words(source: Source) -> list[tuple[int, str]]:
    """Return the words of a source that have another word in the glossary, with their lines."""
    return [(line, word) for line, text in prose_and_names(source) for word in sorted(words(text) & INSTEAD.keys())]


def found_words(memory: Memory) -> list[tuple[str, int, str]]:
    """Return (file, line, word) of all that have another word in the glossary."""
    found = memory.of(house_words, filter(in_folders, sources()))
    return [(source.name, line, word) for source, words in found for line, word in words]


def is_exception(name: str, word: str) -> bool:
    return any(word == right and name.startswith(place) for place, right in EXCEPTIONS)


def in_folders(source: Source) -> bool:
    return source.name.startswith(tuple(f"{folder}/" for folder in FOLDERS))


def test_names_and_prose_use_the_words_of_the_glossary(memory: Memory) -> None:
    found = [(name, line, word) for name, line, word in found_words(memory) if not is_exception(name, word)]
    assert [f"{name}:{line}: {word}: {INSTEAD[word]}" for name, line, word in found] == []


def test_every_exception_is_needed(memory: Memory) -> None:
    used = {(name, word) for name, _, word in found_words(memory)}
    unneeded = [
        (place, right)
        for place, right in EXCEPTIONS
        if not any(word == right and name.startswith(place) for name, word in used)
    ]
    assert unneeded == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("def test_nobody_waits() -> None: ...", {"nobody"}),
        ("class OpenedLetter: ...", {"letter"}),
        ("x = 1  # Tell the front", {"tell", "front"}),
        ('"""A dead letter, `/hooks/{key}`, asyncio.gather, a front end."""', set()),
        ('SQL = "SELECT astray"', set()),
    ],
)
def test_words_are_found_in_names_comments_and_docstrings(text: str, found: set[str]) -> None:
    source = Source(ROOT / "libs" / "x.py", text)
    assert {word for _, word in house_words(source)} == found
