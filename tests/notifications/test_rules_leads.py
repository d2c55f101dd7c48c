"""Who works a lead: who is responsible, else who was given its last task (U16)."""

from typing import cast
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.contracts import EventData
from libs.common.contracts.tasks import (
    LeadOwnerChanged,
    TaskAssigned,
    TaskCompleted,
    TaskDeferred,
    TaskFailed,
    TaskLent,
    TaskReassigned,
    TaskReleased,
    TaskReturned,
    TaskTaken,
)
from services.notifications.leads.convert import LeadEvent, change_of
from services.notifications.leads.rules import Working, after
from tests.notifications.test_feed import ANNA, BORIS, DUE

TASK, OTHER = UUID(int=3), UUID(int=4)
GIVEN = (TaskAssigned, TaskTaken, TaskReassigned, TaskLent, TaskReturned)
ENDED = (TaskReleased, TaskCompleted, TaskFailed, TaskDeferred)


def event(kind: type[EventData], operator: UUID | None = ANNA, task: UUID = TASK, **members: object) -> LeadEvent:
    """Any event of a task, with all that such an event may need."""
    given = {
        "task_id": task, "lead_id": OTHER, "task_type": "call", "title": {"ru": "Звонок", "en": "Call"},
        "due_at": DUE, "operator_id": operator, "decision_id": OTHER, "pool": "callback", "actor": "system",
        "from_operator_id": BORIS, "to_operator_id": operator, "until": DUE, "reason": "test", "taken": True,
        "outcome": "done", "successor_id": OTHER, **members,
    }  # fmt: skip
    return cast("LeadEvent", kind.model_validate(given))


def worked(*events: LeadEvent) -> Working:
    working = Working()
    for sequence, one in enumerate(events, 1):
        working = after(working, change_of(one), sequence)
    return working


@pytest.mark.parametrize("kind", GIVEN)
def test_who_has_been_given_a_task_is_told(kind: type[EventData]) -> None:
    assert worked(event(kind)).listener == ANNA


@pytest.mark.parametrize("kind", ENDED)
def test_whose_task_is_over_is_told_no_more(kind: type[EventData]) -> None:
    assert worked(event(TaskAssigned), event(kind)).listener is None


@pytest.mark.parametrize("kind", ENDED)
def test_the_end_of_another_task_changes_nothing(kind: type[EventData]) -> None:
    assert worked(event(TaskAssigned), event(kind, BORIS, OTHER)).listener == ANNA


@pytest.mark.parametrize("owned", [event(TaskAssigned, owns_lead=True), event(LeadOwnerChanged)])
def test_who_is_responsible_is_told_whoever_has_the_task(owned: LeadEvent) -> None:
    assert worked(owned, event(TaskTaken, BORIS, OTHER)).listener == ANNA


def test_a_lead_that_nobody_is_responsible_for_any_more_is_its_task_s() -> None:
    assert worked(event(LeadOwnerChanged), event(TaskTaken, BORIS), event(LeadOwnerChanged, None)).listener == BORIS


@given(
    st.lists(st.sampled_from([event(kind) for kind in (*GIVEN, *ENDED, LeadOwnerChanged)]), max_size=8), st.data()
)
def test_an_older_event_changes_nothing(events: list[LeadEvent], data: st.DataObject) -> None:
    working = worked(*events)
    late = data.draw(st.sampled_from([event(kind, BORIS) for kind in (*GIVEN, *ENDED, LeadOwnerChanged)]))
    assert after(working, change_of(late), data.draw(st.integers(0, working.sequence))) == working
