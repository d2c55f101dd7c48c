"""The coverage of the desks' rows by the language: every row is there, and what it names exists (P.4)."""

import re
from pathlib import Path

import pytest

from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.vocabulary import VOCABULARY
from tests.tasks.support import LIBRARY

DOCUMENT = Path("docs/playbooks-coverage.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (S\d\.\d+) \| (.+?) \| (.+?) \|$", DOCUMENT, re.MULTILINE)
DESKS = {"S0": 15, "S1": 16, "S2": 13, "S3": 18, "S4": 20}  # rows of each
EXAMPLES = re.findall(r"```yaml playbook\n(.*?)```", DOCUMENT, re.DOTALL)


def test_every_row_of_every_desk_is_covered_once_and_in_order() -> None:
    assert [row for row, _, _ in ROWS] == [
        f"{desk}.{n}" for desk, count in DESKS.items() for n in range(1, count + 1)
    ]


@pytest.mark.parametrize(
    "name", sorted({name for _, _, where in ROWS for name in re.findall(r"`(\S+\.yaml)`", where)})
)
def test_every_playbook_that_is_named_is_read(name: str) -> None:
    folder = LIBRARY if (LIBRARY / name).exists() else Path("tests/tasks")
    parse((folder / name).read_text(encoding="utf-8"), VOCABULARY)


@pytest.mark.req("P.4")
@pytest.mark.parametrize("text", EXAMPLES)
def test_every_example_is_read(text: str) -> None:
    parse(text, VOCABULARY)


@pytest.mark.parametrize(("row", "said", "where"), ROWS)
def test_a_row_is_shown_by_a_playbook_or_says_why_none_does(row: str, said: str, where: str) -> None:
    if where == "example below":
        assert re.search(rf"\({row}\b|\b{row}\b", DOCUMENT.partition("## Examples")[2])
    else:
        assert where.startswith("`") or "To come" in said or "not of a playbook" in said


def test_the_language_names_the_document() -> None:
    assert "(playbooks-coverage.md)" in Path("docs/playbooks.md").read_text(encoding="utf-8")
