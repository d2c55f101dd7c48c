"""A copy of a frozen dataclass is what the standard library's would be."""

import dataclasses
from dataclasses import dataclass, field

import pytest

from libs.common.domain.frozen import replace
from services.assignment.offers.rules import Offer
from services.assignment.pools.rules import PoolState, Seat
from services.tasks.engine.effects import AssignTask
from services.tasks.engine.facts import Facts
from services.tasks.engine.state import Task
from services.tasks.numbers.rules import Figures


@dataclass(frozen=True, slots=True)
class Base:
    first: int
    many: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Derived(Base):
    last: list[int] = field(default_factory=list)


def test_some_fields_change_and_the_others_are_the_same() -> None:
    given = Derived(1, (2, 3), [4])
    made = replace(given, first=5)
    assert made == dataclasses.replace(given, first=5) == Derived(5, (2, 3), [4])
    assert made.last is given.last
    assert given.first == 1
    assert hash(replace(Base(1), first=2)) == hash(Base(2))


def test_a_copy_is_frozen_too() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        replace(Base(1)).first = 2  # type: ignore[misc]  # that is what it is about


def test_a_field_that_there_is_not_is_refused() -> None:
    with pytest.raises(KeyError):
        replace(Base(1), second=2)  # type: ignore[call-arg]  # that is what it is about


@dataclass(frozen=True)
class Loose:
    one: int


@dataclass(frozen=True, slots=True)
class Computed:
    one: int
    two: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "two", self.one + 1)


@pytest.mark.parametrize("given", [Loose(1), Computed(1)])
def test_what_is_not_only_slots_is_refused(given: Loose | Computed) -> None:
    with pytest.raises(TypeError):
        replace(given, one=2)


@pytest.mark.parametrize("kind", [Task, Facts, AssignTask, Figures, Offer, Seat, PoolState])
def test_what_changes_on_the_way_of_a_lead_can_be_copied(kind: type) -> None:
    given: object = object.__new__(kind)
    for each in dataclasses.fields(kind):
        object.__setattr__(given, each.name, each.name)
    assert replace(given) == given  # type: ignore[type-var]  # it is a dataclass, of any kind
