"""What waits for a person is said once, and cleared once nothing waits."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts.shared import Text
from libs.common.platform.attention.kinds import Kinds, Opens, Waiting
from libs.common.platform.attention.rules import Found, Mark, change

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
KINDS: Kinds = {
    "halted": Waiting("", Opens(Text(ru="Канал {name}", en="Channel {name}"), within=timedelta(minutes=15))),
    "unread": Waiting("", Opens(Text(ru="Не прочитано: {count}", en="Not read: {count}"), limit=10)),
    "away": Waiting(""),
}
marks = st.builds(Mark, st.just("demo"), st.sampled_from(sorted(KINDS)), st.sampled_from(["", "a", "b"]))
looks = st.lists(st.dictionaries(marks, st.integers(1, 20), max_size=6), max_size=6)


def found(kind: str, count: int = 1, ref: str = "") -> Found:
    return Found(Mark("demo", kind, ref), count, NOW, ref)


def test_a_matter_says_what_is_to_be_done_and_until_when() -> None:
    (matter,) = change([found("halted", ref="main")], set(), KINDS, NOW).raised
    assert (matter.title.en, matter.due_at) == ("Channel main", NOW + timedelta(minutes=15))


def test_few_of_a_kind_are_borne_up_to_its_limit() -> None:
    raised = [len(change([found("unread", count)], set(), KINDS, NOW).raised) for count in (9, 10)]
    assert raised == [0, 1]


def test_a_kind_of_an_older_release_is_cleared() -> None:
    gone = Mark("demo", "gone", "")
    assert change([], {gone}, KINDS, NOW).cleared == (gone,)


@given(looks)
def test_each_is_raised_once_until_it_is_cleared_and_cleared_once(seen: list[dict[Mark, int]]) -> None:
    known: set[Mark] = set()
    for counts in [*seen, {}]:
        step = change([Found(mark, count, NOW, mark.ref) for mark, count in counts.items()], known, KINDS, NOW)
        raised, cleared = {each.mark for each in step.raised}, set(step.cleared)
        assert not raised & known
        assert cleared == known - counts.keys()
        known = (known | raised) - cleared
    assert known == set()
