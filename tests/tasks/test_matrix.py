"""The matrix of ways to end a task (S1.7): what does not fit is named with its place, and said in two languages."""

import re
from datetime import timedelta
from uuid import UUID

import pytest

from services.tasks.engine.events import OutcomeGiven
from services.tasks.engine.matrix import FARTHEST_CALLBACK, LONGEST_COMMENT, outcome_faults
from services.tasks.playbooks.model import Outcome, Requires, TaskType
from services.tasks.playbooks.terms import Need, Result, Title
from tests.tasks.support import ANNA, SCHOOL, START

REASONS = ("busy", "no_answer")
SOON = START + timedelta(minutes=1)
TASK = UUID(int=1)
SECOND = timedelta(seconds=1)


def kind(requires: Requires) -> TaskType:
    """A type of task with one outcome that requires this."""
    some = next(iter(SCHOOL.task_types.values()))
    done = Outcome("done", Title("Сделано", "Done"), Result.COMPLETED, (), requires)
    return TaskType(**{**{name: getattr(some, name) for name in TaskType.__slots__}, "outcomes": {"done": done}})


def found(requires: Requires, comment: str = "поговорили", outcome: str = "done", **given: object) -> list[str]:
    """The faults of an outcome, `place code`; that each is said in both languages is checked here."""
    event = OutcomeGiven(TASK, outcome, comment, "x", ANNA, supervisor=False, **given)  # type: ignore[arg-type]  # names of its fields
    faults = outcome_faults(kind(requires), event, START)
    assert [fault for fault in faults if not re.match(r"[А-Я][а-я].*[а-я]", fault.detail.ru)] == []
    assert [fault for fault in faults if not re.match(r"[A-Z][a-z]* .*[a-z]", fault.detail.en)] == []
    return [f"{fault.pointer} {fault.code}" for fault in faults]


NEEDS_ALL = Requires(Need.REQUIRED, Need.REQUIRED, Need.REQUIRED, REASONS)
NEEDS_NOTHING = Requires(Need.OPTIONAL, Need.OPTIONAL, Need.OPTIONAL, REASONS)
FORBIDS_ALL = Requires(Need.FORBIDDEN, Need.FORBIDDEN, Need.FORBIDDEN)


@pytest.mark.parametrize(
    ("requires", "given"),
    [
        (NEEDS_ALL, {"call_made": True, "callback_at": SOON, "problem": "busy"}),
        (NEEDS_NOTHING, {"call_made": True, "callback_at": SOON, "problem": "no_answer"}),
        (NEEDS_NOTHING, {}),
        (FORBIDS_ALL, {}),
        (FORBIDS_ALL, {"call_made": False}),
        (NEEDS_NOTHING, {"callback_at": START + FARTHEST_CALLBACK}),
        (NEEDS_NOTHING, {"comment": "x" * LONGEST_COMMENT}),
    ],
)
def test_what_fits_has_no_fault(requires: Requires, given: dict[str, object]) -> None:
    assert found(requires, **given) == []  # type: ignore[arg-type]  # names of its fields


@pytest.mark.parametrize(
    ("requires", "given", "faults"),
    [
        (
            NEEDS_ALL,
            {},
            ["/call_made call_required", "/callback_at callback_required", "/problem problem_required"],
        ),
        (
            FORBIDS_ALL,
            {"call_made": True, "callback_at": SOON, "problem": "busy"},
            ["/call_made call_forbidden", "/callback_at callback_forbidden", "/problem problem_forbidden"],
        ),
        (NEEDS_NOTHING, {"comment": " -!"}, ["/comment comment_required"]),
        (NEEDS_NOTHING, {"comment": "x" * (LONGEST_COMMENT + 1)}, ["/comment comment_too_long"]),
        (NEEDS_NOTHING, {"callback_at": START}, ["/callback_at callback_in_past"]),
        (NEEDS_NOTHING, {"callback_at": START + FARTHEST_CALLBACK + SECOND}, ["/callback_at callback_too_far"]),
        (NEEDS_NOTHING, {"problem": "bored"}, ["/problem unknown_problem"]),
        (NEEDS_ALL, {"call_made": False, "callback_at": SOON, "problem": "busy"}, ["/call_made call_required"]),
        (
            NEEDS_NOTHING,
            {"outcome": "gone", "comment": ""},
            ["/comment comment_required", "/outcome unknown_outcome"],
        ),
    ],
)
def test_everything_that_does_not_fit_is_named(
    requires: Requires, given: dict[str, object], faults: list[str]
) -> None:
    assert found(requires, **given) == faults  # type: ignore[arg-type]  # names of its fields


@pytest.mark.parametrize("given", [{"call_made": True, "callback_at": SOON}, {"problem": "bored"}])
def test_the_reasons_to_choose_from_are_told(given: dict[str, object]) -> None:
    requires = NEEDS_ALL if "call_made" in given else NEEDS_NOTHING
    event = OutcomeGiven(TASK, "done", "да", "x", ANNA, supervisor=False, **given)  # type: ignore[arg-type]  # names of its fields
    (fault,) = outcome_faults(kind(requires), event, START)
    assert (fault.detail.ru.endswith(": busy, no_answer"), fault.detail.en.endswith(": busy, no_answer")) == (
        True,
        True,
    )


def test_the_outcomes_to_choose_from_are_told() -> None:
    some = next(iter(SCHOOL.task_types.values()))
    event = OutcomeGiven(TASK, "gone", "да", "x", ANNA, supervisor=False)
    (fault,) = outcome_faults(some, event, START)
    known = ", ".join(some.outcomes)
    assert [text.rpartition(": ")[2] for text in (fault.detail.ru, fault.detail.en)] == [known] * 2
