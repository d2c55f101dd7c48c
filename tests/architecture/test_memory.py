"""A rule is asked once for each text, and anew where the text or a rule has changed."""

import runpy
from pathlib import Path

import pytest

from tests.architecture.memory import Memory
from tests.architecture.sources import ROOT, Source

ASKED: list[str] = []  # the texts that the rule of these tests was asked of


def length(source: Source) -> int:
    ASKED.append(source.text)
    return len(source.text)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    ASKED.clear()
    (tmp_path / "test_length.py").write_text("LONGEST = 3")
    return tmp_path


@pytest.fixture
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> pytest.Cache:
    return pytest.Cache(tmp_path / "cache", request.config, _ispytest=True)


def said(memory: Memory, *texts: str) -> list[tuple[str, int]]:
    """Return what a memory says of files: its first file is `0.py`."""
    files = [Source(ROOT / f"{number}.py", text) for number, text in enumerate(texts)]
    return [(source.name, found) for source, found in memory.of(length, files)]


def test_a_rule_is_not_asked_again_in_the_next_run(cache: pytest.Cache, rules: Path) -> None:
    assert (
        said(Memory(cache, rules), "a", "bb") == said(Memory(cache, rules), "a", "bb") == [("0.py", 1), ("1.py", 2)]
    )
    assert ASKED == ["a", "bb"]


def test_a_changed_file_is_judged_anew_and_no_other(cache: pytest.Cache, rules: Path) -> None:
    said(Memory(cache, rules), "a", "bb")
    assert said(Memory(cache, rules), "a", "bbbb") == [("0.py", 1), ("1.py", 4)]
    assert ASKED == ["a", "bb", "bbbb"]


def test_all_files_are_judged_anew_by_changed_rules(cache: pytest.Cache, rules: Path) -> None:
    said(Memory(cache, rules), "a", "bb")
    (rules / "test_length.py").write_text("LONGEST = 4")
    said(Memory(cache, rules), "a", "bb")
    assert ASKED == ["a", "bb"] * 2


def test_all_files_are_judged_anew_by_a_rule_whose_own_file_has_changed(cache: pytest.Cache, rules: Path) -> None:
    (rules / "elsewhere").mkdir()
    own = rules / "elsewhere" / "rule.py"
    found: list[tuple[Source, int]] = []
    for answer in (1, 2):
        own.write_text(f"def rule(source): return {answer}")
        found += Memory(cache, rules).of(runpy.run_path(str(own))["rule"], [Source(ROOT / "0.py", "a")])
    assert [answer for _, answer in found] == [1, 2]


def test_files_of_one_text_keep_their_names(cache: pytest.Cache, rules: Path) -> None:
    assert said(Memory(cache, rules), "a", "a") == [("0.py", 1), ("1.py", 1)]


def test_without_a_cache_a_rule_is_asked_each_time(rules: Path) -> None:
    said(Memory(None, rules), "a")
    said(Memory(None, rules), "a")
    assert ASKED == ["a", "a"]
