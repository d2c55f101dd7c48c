"""Places of streams, and who sees a task or sees it no more: pure."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.tasks.live.rules import Cursor, Me, Where, lost, sees

ANNA, BORIS = UUID(int=1), UUID(int=2)
ME = Me(ANNA, frozenset({ANNA}), frozenset({"callback"}))
PLACES = st.builds(Cursor, st.integers(0, 10**18 - 1), st.integers(0, 10**18 - 1))
WHO = st.sampled_from([None, ANNA, BORIS])
POOLS = st.sampled_from(["callback", "sales"])
TASKS = st.builds(Where, st.just("demo"), POOLS, WHO, WHO, st.frozensets(st.just(ANNA)), st.booleans())


@given(PLACES)
def test_a_place_is_read_as_it_was_written(place: Cursor) -> None:
    assert Cursor.parse(str(place)) == place


@given(st.text(max_size=50))
def test_any_text_is_a_place_or_none(text: str) -> None:
    found = Cursor.parse(text)
    assert found is None or Cursor.parse(str(found)) == found


@pytest.mark.parametrize("text", ["", "7", "7-", "-7", "\u0667-7", "7-7-7", "1" * 19 + "-1", "+1-1", "1 -1"])
def test_nonsense_is_no_place(text: str) -> None:
    assert Cursor.parse(text) is None


@given(TASKS)
def test_who_sees_a_task_has_not_lost_it(task: Where) -> None:
    assert not (sees(ME, task) and lost(ME, task))


@given(TASKS)
def test_who_is_no_operator_sees_and_loses_nothing(task: Where) -> None:
    assert (sees(Me(), task), lost(Me(), task)) == (False, False)


@pytest.mark.req("P.6")
@pytest.mark.parametrize(
    ("task", "seen", "gone"),
    [
        (Where("demo", "callback", None, None), True, False),
        (Where("demo", "sales", None, None), False, False),
        (Where("demo", "sales", ANNA, None), True, False),
        (Where("demo", "sales", BORIS, ANNA), True, False),
        (Where("demo", "callback", BORIS, None), False, False),
        (Where("demo", "callback", BORIS, None, was_free=True), False, True),
        (Where("demo", "sales", BORIS, None, was_free=True), False, False),
        (Where("demo", "sales", BORIS, None, left=frozenset({ANNA})), False, True),
        (Where("demo", "callback", None, None, left=frozenset({ANNA})), True, False),
    ],
)
def test_an_operator_sees_their_own_and_what_waits_in_their_pools(task: Where, seen: bool, gone: bool) -> None:
    assert (sees(ME, task), lost(ME, task)) == (seen, gone)
