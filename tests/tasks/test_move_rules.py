"""What becomes of the tasks of who goes and who comes back, judged under the lock (S2.2, S4.6)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from libs.common.contracts.shared import Presence
from services.tasks.engine.state import Brief, MoveReason, OperatorId, Task
from services.tasks.free.rules import Asked, Known, made
from services.tasks.moves.rules import goes_back, has_come
from services.tasks.operators.rules import OperatorProfile, fitting
from tests.tasks.support import ANNA, BORIS, CALLBACK, DESK, FREE, START, blank, facts, started

pytestmark = pytest.mark.req("S2.2", "S4.6")

THERE = OperatorProfile(
    ANNA.id, "anna", active=True, roles=frozenset({"operator"}), desks=frozenset({DESK.code}),
    pools=frozenset(), products=frozenset({"*"}), presence=Presence.CHECKED_IN,
)  # fmt: skip
AT_HOME, ABSENT = replace(THERE, presence=Presence.CHECKED_OUT), replace(THERE, absent_until=START)
PAUSED, DISMISSED = replace(THERE, away=True), replace(THERE, active=False)
ELSEWHERE, LEARNING = replace(THERE, desks=frozenset({"cars"})), replace(THERE, roles=frozenset({"trainee"}))
STOOD_IN = replace(started(CALLBACK).task, operator_id=BORIS.id, original_id=ANNA.id)
CLARA = OperatorId(UUID(int=3))
FOR_ANNA = replace(STOOD_IN, operator_id=None, brief=Brief("Сверить счёт", "chief", personal=True))


@pytest.mark.parametrize("task", [STOOD_IN, FOR_ANNA, replace(STOOD_IN, contacted_id=ANNA.id)])
def test_what_a_stand_in_has_not_begun_goes_back(task: Task) -> None:
    assert goes_back(blank(CALLBACK, facts()), task, THERE)


@pytest.mark.parametrize(
    "changed",
    [
        {"original_id": None},
        {"original_id": CLARA},
        {"operator_id": ANNA.id},
        {"operator_id": None},
        {"taken_at": START},
        {"lender_id": BORIS.id},
        {"contacted_id": BORIS.id},
    ],
)
def test_what_has_changed_since_it_was_looked_for_stays(changed: dict[str, Any]) -> None:
    assert not goes_back(blank(CALLBACK, facts()), replace(STOOD_IN, **changed), THERE)


def test_what_is_of_another_owner_s_lead_by_now_stays() -> None:
    state = blank(CALLBACK, facts())
    state.owner = BORIS
    assert not goes_back(state, STOOD_IN, THERE)


@pytest.mark.parametrize("who", [ELSEWHERE, LEARNING, DISMISSED, AT_HOME, ABSENT, PAUSED])
def test_nothing_goes_back_to_who_may_not_have_it_or_is_not_there(who: OperatorProfile) -> None:
    assert not goes_back(blank(CALLBACK, facts()), STOOD_IN, who)


@pytest.mark.parametrize("who", [None, ELSEWHERE, LEARNING, DISMISSED, AT_HOME, ABSENT, PAUSED])
def test_only_a_deputy_who_is_there_and_may_have_a_task_stands_in(who: OperatorProfile | None) -> None:
    assert fitting(who, DESK.code, "operator") is None


def test_a_deputy_of_the_desk_and_role_stands_in() -> None:
    assert fitting(THERE, DESK.code, "operator") == THERE


@pytest.mark.parametrize(
    ("reason", "now", "come"),
    [
        (MoveReason.ABSENT, ABSENT, False),
        (MoveReason.ABSENT, THERE, True),
        (MoveReason.ABSENT, AT_HOME, True),
        (MoveReason.OFF_SHIFT, AT_HOME, False),
        (MoveReason.OFF_SHIFT, THERE, True),
        (MoveReason.AWAY, AT_HOME, False),
        (MoveReason.INACTIVE, DISMISSED, False),
        (MoveReason.INACTIVE, None, False),
    ],
)
def test_who_has_come_back_leaves_nothing_behind(
    reason: MoveReason, now: OperatorProfile | None, *, come: bool
) -> None:
    assert has_come(reason, now) is come


@pytest.mark.parametrize(("changed", "stands_in"), [({}, True), ({"roles": LEARNING.roles}, False),
                                                    ({"desks": ELSEWHERE.desks}, False)])  # fmt: skip
def test_a_free_task_of_an_absent_person_is_the_pool_s_if_their_deputy_may_not_have_it(
    changed: dict[str, Any], *, stands_in: bool
) -> None:
    asked = Asked(DESK.code, "Сверить счёт", None, START, ANNA.id, None, None, None, None, None, important=False)
    absent = replace(ABSENT, absent_until=START + timedelta(hours=1), deputy_id=BORIS.id)
    deputy = replace(THERE, id=BORIS.id, name=BORIS.name, **changed)
    event = made(asked, Known(DESK, (), (), (), absent, None, deputy), FREE.task_types[FREE.fallback], "chief")
    assert (event.operator, event.original_id) == (BORIS if stands_in else None, ANNA.id)
