"""Every problem type, shared or a service's own, has its page, and no page outlives its type."""

from importlib import import_module
from pathlib import Path

import pytest

from libs.common.platform.db.roles import SERVICES
from libs.common.platform.http.catalogue import CATALOGUE, ProblemType, type_of
from libs.common.platform.http.problems import ErrorTable

PAGES = Path(__file__).parents[2] / "docs" / "problems"


def kinds() -> list[ProblemType]:
    """Return all types, a service's own as its table of errors names them; a code may have several statuses."""
    found = {(kind.code, kind.status): kind for kind in CATALOGUE.values()}
    for service in SERVICES:
        table: ErrorTable = import_module(f"services.{service}.errors").ERRORS
        for rule in table.values():
            kind = rule if isinstance(rule, ProblemType) else type_of(*rule)
            found[kind.code, kind.status] = kind
    return list(found.values())


@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: f"{kind.code}-{kind.status}")
def test_the_page_shows_code_status_and_titles(kind: ProblemType) -> None:
    page = (PAGES / f"{kind.code}.md").read_text("utf-8")
    assert all(part in page for part in (f"# {kind.code}", f"**{kind.status}**", *kind.title, "What to do"))


@pytest.mark.req("U31")
def test_what_may_not_be_done_to_a_dead_letter_has_its_page() -> None:
    assert "wrong_state" in CATALOGUE
    assert (PAGES / "wrong_state.md").is_file()


def test_the_index_lists_every_type() -> None:
    index = (PAGES / "README.md").read_text("utf-8")
    assert not [kind for kind in kinds() if f"| [{kind.code}]({kind.code}.md) | {kind.status} |" not in index]


def test_no_page_outlives_its_type() -> None:
    assert {page.stem for page in PAGES.glob("*.md")} - {"README"} == {kind.code for kind in kinds()}
