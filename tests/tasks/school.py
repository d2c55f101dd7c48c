"""A lead of the school by the engine alone, with tasks of any types open at once."""

from dataclasses import replace

from libs.common.contracts.shared import PaymentKind, PaymentStatus
from services.tasks.engine.events import OutcomeGiven
from services.tasks.engine.facts import Dealings, Paid
from services.tasks.engine.state import new_task
from tests.tasks.support import SCHOOL, EngineProcess, started


def having(*kinds: str) -> EngineProcess:
    """Return a lead of the school, paid in full, with one open task of each of these types."""
    process = started(SCHOOL)
    state = process.state
    state.tasks = ()
    paid = Dealings(payment=Paid(PaymentKind.MANUAL, PaymentStatus.RECEIVED, doubled=False, fully_paid=True))
    state.facts = replace(state.facts, dealings=paid)
    for kind in kinds:
        task = new_task(
            state, SCHOOL.task_types[kind], process.now, due_at=process.now, offer_from=process.now, rule="test"
        )
        state.tasks, state.opened = (*state.tasks, task), state.opened + 1
    return process


def open_types(process: EngineProcess) -> set[str]:
    return {task.type for task in process.state.open_tasks}


def give(
    process: EngineProcess,
    kind: str,
    outcome: str,
    problem: str | None = None,
    call_made: bool | None = None,
    **fields: object,
) -> None:
    """End the open task of a type with an outcome."""
    [task] = [each for each in process.state.open_tasks if each.type == kind]
    said = OutcomeGiven(task.id, outcome, "so it is", "admin", None, supervisor=True, fields=fields)
    given = replace(said, call_made=call_made, problem=problem)
    process.on(given)
