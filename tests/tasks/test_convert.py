"""The published events that processes apply, without a database."""

from typing import cast, get_args

import pytest

from libs.common.contracts import REGISTRY, EventData, export
from libs.common.contracts.intake import LeadReceived
from services.tasks.context import Context
from services.tasks.processes.convert import ProcessEvent, for_processes
from services.tasks.subscriptions import subscriptions

UNUSED = cast("Context", None)  # the table is read, none of its use cases runs
APPLIED: tuple[type[EventData], ...] = get_args(ProcessEvent)


def test_processes_take_in_exactly_the_types_that_are_given_to_them() -> None:
    table = subscriptions(UNUSED)
    given = {REGISTRY[name] for name, use_case in table.items() if use_case is table[LeadReceived.event_type]}
    assert given == set(APPLIED)


@pytest.mark.parametrize("model", [model for model in REGISTRY.values() if model not in APPLIED])
def test_an_event_that_means_nothing_to_a_process_is_refused(model: type[EventData]) -> None:
    with pytest.raises(TypeError, match="means nothing to a process"):
        for_processes(model.model_validate(export.example_of(model)))
