"""Errors of the use cases, and the table that maps them to HTTP problems."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

from libs.common.messaging.inbox.rehearsal import EventRefusedError
from libs.common.platform.configuration import BadConfigurationError
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import ErrorTable, Fault, NotKnownYetError
from services.tasks.engine.deeds import Left
from services.tasks.engine.effects import Refusal
from services.tasks.engine.fields import MatrixFault
from services.tasks.playbooks.source import InvalidPlaybookError
from services.tasks.playbooks.standing import Missing
from services.tasks.processes.store import LostRaceError


class NotFoundError(Exception):
    """The object does not exist, or the caller may not see it; `what` names it where a request names several."""

    def __init__(self, what: Text | None = None) -> None:
        super().__init__()
        self.detail = what


def no_desk(code: str) -> Text:
    return Text(f"нет такого отдела: {code}", f"no such desk: {code}")


class AlreadyExistsError(Exception):
    """An object with this code exists; `existing` is its id."""

    def __init__(self, existing: str) -> None:
        super().__init__()
        self.context = {"existing": existing}


class BadPlaybookError(Exception):
    """The playbook has faults; each names its line."""

    def __init__(self, error: InvalidPlaybookError) -> None:
        super().__init__(str(error))
        self.faults = [
            Fault(fault.path, fault.code, f"line {fault.line}: {fault.detail}") for fault in error.faults
        ]


class MisspeltError(Exception):
    """Names of a playbook that are slips of the pen for names that its desk has."""

    def __init__(self, found: Sequence[Missing]) -> None:
        super().__init__()
        self.faults = [Fault(each.path, f"unknown_{each.kind}", _misspelt(each)) for each in found]


def _misspelt(each: Missing) -> Text:
    known = ", ".join(each.nearest)
    return Text(f"{each.name!r} неизвестно; похожие: {known}", f"{each.name!r} is not known; there is {known}")


class RedistributionStateError(Exception):
    """Only a plan is applied, and only what was applied is undone; `state` is what it is."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.context = {"state": state}


class SameOperatorError(Exception):
    """A redistribution takes from an operator and gives to others."""

    faults = (
        Fault(
            "/to_operator_ids",
            "same_operator",
            Text("среди них тот, чьи заявки распределяют", "the operator whose leads go is one of them"),
        ),
    )


class NoOperatorError(Exception):
    """The caller is not an operator."""


class NotEligibleError(Exception):
    """The operator may not work this task; `reasons` lists every failed check (P.3)."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(", ".join(reasons))
        self.context = {"reasons": list(reasons)}


class NotOnShiftError(Exception):
    """The operator is off shift, and the pool lets only those on shift take its tasks (S2.3)."""


class TaskRefusedError(Exception):
    """The engine refused a request about a task."""


class TaskClosedError(TaskRefusedError):
    """The task has ended."""


class TakenByOtherError(TaskRefusedError):
    """Another operator has the task."""


class NotOfferedYetError(TaskRefusedError):
    """The corridor of the task has not opened (S4.4)."""


class PushedOnlyError(TaskRefusedError):
    """The task is pushed: operators cannot take it."""


class NotTakenError(TaskRefusedError):
    """The task must be taken first."""


class NotHeldError(TaskRefusedError):
    """No operator has the task."""


class AlreadyTheirsError(TaskRefusedError):
    """The operator has the task already, or has lent it."""


class NotLentError(TaskRefusedError):
    """The task is not lent."""


class LeadEndedError(TaskRefusedError):
    """The lead's process has ended."""


class UnknownOperatorError(Exception):
    """No operator has this id."""

    faults = (Fault("/operator_id", "unknown_operator", Text("такого оператора нет", "there is no such operator")),)


class UnfitOperatorError(Exception):
    """The operator may not have the task; `reasons` lists every failed check (P.3)."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(", ".join(reasons))
        self.context = {"reasons": list(reasons)}


class PastMomentError(Exception):
    """A loan ends in the future."""

    faults = (Fault("/until", "in_past", Text("время должно быть в будущем", "the time must lie in the future")),)


class OutcomeRefusedError(TaskRefusedError):
    """The outcome does not fit its matrix (S1.7)."""

    def __init__(self, faults: Sequence[MatrixFault]) -> None:
        super().__init__()
        self.faults = [Fault(f.pointer, f.code, Text(f.detail.ru, f.detail.en)) for f in faults]


class WorkedOnError(TaskRefusedError):
    """What followed a wrong outcome was worked on."""

    context: ClassVar[Mapping[str, str]] = {"final": "worked_on"}


class OutcomeFinalError(Exception):
    """The outcome cannot be mended any more; `final` says why."""

    def __init__(self, final: str) -> None:
        super().__init__(final)
        self.context = {"final": final}


class AlreadyLeftError(Exception):
    """Some of what the wrong outcome did stays when it is taken back; `left` names it."""

    def __init__(self, left: Sequence[Left]) -> None:
        super().__init__()
        self.context = {"left": [{"kind": each.kind, "code": each.code} for each in left]}


class BulkActionStateError(Exception):
    """Only a plan is applied, and only what was applied is undone; `state` is what it is."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.context = {"state": state}


class TooManyTasksError(Exception):
    """The filter of a bulk action matches more tasks than one may have."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.context = {"most": most}


class FreeTaskRefusedError(Exception):
    """A free task lacks something, or is addressed to nobody that the desk has; every fault is named."""

    def __init__(self, faults: Sequence[MatrixFault]) -> None:
        super().__init__()
        self.faults = [Fault(f.pointer, f.code, Text(f.detail.ru, f.detail.en)) for f in faults]


class OperatorInactiveError(Exception):
    """The operator is inactive and gets no tasks."""


_REFUSALS: dict[Refusal, type[TaskRefusedError]] = {
    Refusal.TASK_CLOSED: TaskClosedError,
    Refusal.TAKEN_BY_OTHER: TakenByOtherError,
    Refusal.NOT_OFFERED_YET: NotOfferedYetError,
    Refusal.PUSHED_ONLY: PushedOnlyError,
    Refusal.NOT_TAKEN: NotTakenError,
    Refusal.NOT_HELD: NotHeldError,
    Refusal.ALREADY_THEIRS: AlreadyTheirsError,
    Refusal.NOT_LENT: NotLentError,
    Refusal.LEAD_ENDED: LeadEndedError,
    Refusal.WORKED_ON: WorkedOnError,
}


def refused(refusal: Refusal, faults: Sequence[MatrixFault]) -> TaskRefusedError:
    return OutcomeRefusedError(faults) if refusal is Refusal.OUTCOME_REFUSED else _REFUSALS[refusal]()


ERRORS: ErrorTable = {
    BadConfigurationError: (422, "validation_failed"),
    NotFoundError: (404, "not_found"),
    AlreadyExistsError: (409, "already_exists"),
    BadPlaybookError: (422, "invalid_playbook"),
    MisspeltError: (422, "validation_failed"),
    NotKnownYetError: (409, "not_known_yet"),
    NoOperatorError: (403, "no_operator"),
    NotEligibleError: (403, "not_eligible"),
    NotOnShiftError: (409, "not_on_shift"),
    TaskClosedError: (409, "task_closed"),
    TakenByOtherError: (409, "task_taken"),
    NotOfferedYetError: (409, "task_not_offered_yet"),
    PushedOnlyError: (409, "task_pushed_only"),
    NotTakenError: (409, "task_not_taken"),
    NotHeldError: (409, "task_not_held"),
    AlreadyTheirsError: (409, "task_already_theirs"),
    NotLentError: (409, "task_not_lent"),
    LeadEndedError: (409, "lead_ended"),
    UnknownOperatorError: (422, "validation_failed"),
    UnfitOperatorError: (409, "operator_unfit"),
    PastMomentError: (422, "validation_failed"),
    SameOperatorError: (422, "validation_failed"),
    RedistributionStateError: (409, "redistribution_state"),
    BulkActionStateError: (409, "bulk_action_state"),
    TooManyTasksError: (422, "too_many_tasks"),
    WorkedOnError: (409, "outcome_final"),
    OutcomeFinalError: (409, "outcome_final"),
    AlreadyLeftError: (409, "already_left"),
    OutcomeRefusedError: (422, "outcome_refused"),
    FreeTaskRefusedError: (422, "validation_failed"),
    OperatorInactiveError: (409, "operator_inactive"),
    LostRaceError: (409, "conflict"),
    EventRefusedError: (422, "event_refused"),
}
