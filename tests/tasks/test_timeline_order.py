"""The order of a timeline: causes first, each owner's stream in its own order, then time."""

from datetime import timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.tasks.timeline.rules import Step, ordered
from tests.tasks.support import START


def step(
    number: int, cause: int | None = None, owner: str = "tasks", sequence: int | None = None, at: int = 0
) -> Step:
    causation = None if cause is None else UUID(int=cause)
    return Step(number, UUID(int=number), causation, owner, sequence, START + timedelta(seconds=at))


def numbers(*steps: Step) -> list[int]:
    return [found.id for found in ordered(steps)]


def test_a_consequence_stands_behind_its_cause_whatever_the_clocks_say() -> None:
    assert numbers(step(1, cause=2, owner="notifications", at=0), step(2, at=9)) == [2, 1]


def test_steps_of_different_owners_stand_by_time() -> None:
    assert numbers(step(1, owner="intake", at=5), step(2, owner="tasks", at=3)) == [2, 1]


def test_one_owner_s_steps_keep_their_sequence_even_when_they_came_late() -> None:
    assert numbers(step(1, owner="intake", sequence=7, at=0), step(2, owner="intake", sequence=3, at=9)) == [2, 1]


def test_a_step_of_another_key_stands_by_time_among_the_owner_s_steps() -> None:
    first, second = step(1, owner="intake", sequence=900, at=1), step(2, owner="intake", sequence=901, at=7)
    assert numbers(first, second, step(3, owner="intake", at=4)) == [1, 3, 2]


def test_causes_in_a_circle_fall_back_to_time() -> None:
    assert numbers(step(1, cause=2, owner="a", at=2), step(2, cause=1, owner="b", at=1)) == [2, 1]


@given(st.data(), st.integers(2, 12))
def test_every_step_appears_once_and_behind_its_cause(data: st.DataObject, count: int) -> None:
    steps = [
        step(
            number,
            cause=data.draw(st.one_of(st.none(), st.integers(1, number - 1))) if number > 1 else None,
            owner=data.draw(st.sampled_from(["tasks", "intake"])),
            at=data.draw(st.integers(0, 5)),
        )
        for number in range(1, count + 1)
    ]
    found = numbers(*data.draw(st.permutations(steps)))
    place = {number: index for index, number in enumerate(found)}
    assert sorted(found) == list(range(1, count + 1))
    assert all(each.causation_id is None or place[each.causation_id.int] < place[each.id] for each in steps)
