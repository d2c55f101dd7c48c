"""docs/requirements.md says which test proves what, and is never older than the tests."""

from pathlib import Path

import pytest

from libs.common.testkit import requirements_report
from libs.common.testkit.requirements_report import REPORT, proofs, report

TESTS = """
import pytest
@pytest.mark.req("S1.10", "S1.9")
async def test_a_late_call_is_refused() -> None: ...
class TestQueue:
    @pytest.mark.req("P.3")
    def test_next_says_why(self) -> None: ...
def test_without_a_mark() -> None: ...
"""


def test_committed_report_is_what_the_marks_say() -> None:
    assert REPORT.read_text() == report(), "run `make contracts`"


def test_marks_are_found_in_natural_order(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(TESTS)
    assert list(proofs(tmp_path)) == ["P.3", "S1.9", "S1.10"]


def test_a_mark_on_the_module_counts_for_every_test(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text(f'pytestmark = [pytest.mark.req("S9.9"), pytest.mark.slow]\n{TESTS}')
    assert [name for _, name in proofs(tmp_path)["S9.9"]] == [
        "test_next_says_why",
        "test_a_late_call_is_refused",
        "test_without_a_mark",
    ]


def test_report_links_a_sentence_to_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requirements_report, "ROOT", tmp_path)
    (tmp_path / "test_it.py").write_text(TESTS)
    assert "## P.3\n\n- [next says why](../test_it.py)\n" in report(tmp_path)


def test_rows_of_the_review_and_cases_have_parts_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(requirements_report, "ROOT", tmp_path)
    marked = '@pytest.mark.req("long-id", "U10", "U9", "S1.9")\ndef test_it() -> None: ...\n'
    (tmp_path / "test_it.py").write_text(marked)
    heads = [line for line in report(tmp_path).splitlines() if line.startswith("#")]
    assert heads[1:] == ["## S1.9", "# What users met", "## U9", "## U10", "# Inputs from the field", "## long-id"]


def test_a_mark_that_names_nothing_known_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text('@pytest.mark.req("longid")\ndef test_it() -> None: ...\n')
    with pytest.raises(ValueError, match="longid"):
        report(tmp_path)
