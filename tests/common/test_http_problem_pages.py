"""Every shared problem type has its page, and no page outlives its type."""

from pathlib import Path

import pytest

from libs.common.http.catalogue import CATALOGUE, ProblemType

PAGES = Path(__file__).parents[2] / "docs" / "problems"


@pytest.mark.parametrize("kind", CATALOGUE.values(), ids=lambda kind: kind.code)
def test_the_page_shows_code_status_and_titles(kind: ProblemType) -> None:
    page = (PAGES / f"{kind.code}.md").read_text("utf-8")
    assert all(part in page for part in (f"# {kind.code}", f"**{kind.status}**", *kind.title, "What to do"))


def test_the_index_lists_every_type() -> None:
    index = (PAGES / "README.md").read_text("utf-8")
    assert not [code for code in CATALOGUE if f"| [{code}]({code}.md) |" not in index]
