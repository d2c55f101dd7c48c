"""Parsing of tasks' events, without a database."""

from typing import cast, get_args

import pytest

from libs.common.contracts import REGISTRY, Cause, EventData, Received, export, tasks
from libs.common.contracts.desks import DeskChanged
from libs.common.contracts.erasures import CustomerErased
from libs.common.platform.ids import uuid7
from libs.common.testkit.messaging import NOON
from services.assignment.context import Context
from services.assignment.offers.convert import WorkEvent, parse
from services.assignment.offers.rules import Withdrawn
from services.assignment.offers.snapshot import Snapshot
from services.assignment.pools.rules import DecisionId, OperatorId
from services.assignment.subscriptions import subscriptions

ABOUT_WORK: tuple[type[EventData], ...] = get_args(WorkEvent)
GIVEN_TO: dict[type[EventData], str] = {
    tasks.TaskAssigned: "operator_id",
    tasks.TaskTaken: "operator_id",
    tasks.TaskReassigned: "to_operator_id",
    tasks.TaskLent: "to_operator_id",
    tasks.TaskReturned: "to_operator_id",
}


def received(model: type[EventData]) -> Received[EventData]:
    data = model.model_validate(export.example_of(model))
    return Received(uuid7(), "lead:1", "demo", NOON, 1, Cause.fresh(), data)


def test_assignment_listens_to_exactly_what_it_can_read_to_desks_and_to_erasures() -> None:
    unused = cast("Context", None)  # the table is read, none of its use cases runs
    assert {REGISTRY[name] for name in subscriptions(unused)} == {*ABOUT_WORK, DeskChanged, CustomerErased}


@pytest.mark.parametrize("model", ABOUT_WORK)
def test_a_pool_is_named_by_every_event_that_has_one(model: type[EventData]) -> None:
    event = received(model)
    pool = vars(event.data).get("pool")
    assert parse(event).pool == (None if pool is None else ("demo", pool))


@pytest.mark.parametrize("model", ABOUT_WORK)
def test_work_is_put_on_people_by_assigning_taking_and_moving_alone(model: type[EventData]) -> None:
    event = received(model)
    field = GIVEN_TO.get(model)
    puts = OperatorId(vars(event.data)[field]) if field else None
    assert parse(event).new_holder == puts


@pytest.mark.parametrize("model", [tasks.TaskAssigned, tasks.TaskTaken])
def test_work_given_to_somebody_unknown_here_is_gone(model: type[EventData]) -> None:
    nobody_here = Snapshot({}, {}, {}, lambda: DecisionId(uuid7()))
    assert parse(received(model)).step_at(nobody_here, None) == Withdrawn("given_to_a_stranger")


def test_a_request_for_a_pool_that_is_not_there_is_an_error() -> None:
    with pytest.raises(LookupError, match="no pool"):
        parse(received(tasks.WorkRequested)).step_at(Snapshot({}, {}, {}, lambda: DecisionId(uuid7())), None)


@pytest.mark.parametrize("model", [model for model in REGISTRY.values() if model not in ABOUT_WORK])
def test_an_event_about_something_else_is_refused(model: type[EventData]) -> None:
    with pytest.raises(TypeError, match="not about work"):
        parse(received(model))
