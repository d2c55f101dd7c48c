from pathlib import Path

import pytest

from tests.bench.before import export
from tests.bench.figures import Count, Goal, Part, Table
from tests.bench.report import all_agree, render
from tests.bench.sizes import APART, EACH, Name, chosen

PART = Part("Chain", "How.", [Table(("a",), [("1",)])], [Goal("burst", 2.0, 1.8, "ms", True, "3.0 ms")])


def test_a_goal_says_what_it_was_what_it_is_and_whether_it_is_reached() -> None:
    assert "| burst | 3.0 ms | 2.00 ms | ≤ 1.80 ms | **not reached** |" in render([PART], {}, "")


def test_missing_rows_are_said_and_fail_the_run() -> None:
    part = Part("Chain", "How.", [], counts=[Count("leads", 3, 2)])
    assert not all_agree([part])
    assert "**leads 2, expected 3**" in render([part], {}, "")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("", (EACH, False)),
        ("smoke", (APART, True)),
        ("chain,peers", ((Name.CHAIN, Name.PEERS), False)),
    ],
)
def test_parts_are_chosen_by_name(words: str, expected: tuple[tuple[Name, ...], bool]) -> None:
    assert chosen(words) == expected


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(ValueError, match="speed"):
        chosen("speed")


def test_a_release_that_the_history_does_not_have_is_said(tmp_path: Path) -> None:
    assert "no v0.0-nowhere" in export(tmp_path, "v0.0-nowhere")
