"""Errors of the use cases, and the table that maps them to HTTP problems."""

from collections.abc import Sequence
from uuid import UUID

from libs.common.messaging.inbox.rehearsal import EventRefusedError
from libs.common.platform.configuration import BadConfigurationError
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import ErrorTable, Fault, NotKnownYetError
from services.assignment.absences.rules import AbsenceFault
from services.assignment.plans.rules import PlaceFault
from services.assignment.schedule.rules import PlanFault
from services.assignment.shifts.rules import NotOnShiftError, OperatorInactiveError
from services.assignment.swaps.rules import SwapFault
from services.assignment.wishes.rules import WishFault

_UNHEARD = Text("часы отдела ещё не известны: повторите", "the desk's clock is not known yet: try again")


class NotFoundError(Exception):
    """The object does not exist, or the caller may not see it."""


class NoOperatorError(Exception):
    """Nobody has made an operator with the `sub` of the caller's token."""


class AlreadyExistsError(Exception):
    """An object with this key exists; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class UnknownPoolError(Exception):
    """Some pools do not belong to the operator's desks; `codes` are (position in the request, code)."""

    def __init__(self, codes: Sequence[tuple[int, str]]) -> None:
        super().__init__()
        self.faults = [Fault(f"/pools/{n}/code", "unknown_pool", f"no pool {code!r}") for n, code in codes]


class PoolInUseError(Exception):
    """Operators have seats in the pool that is to be retired; `operators` are the first of their subjects."""

    def __init__(self, operators: Sequence[str]) -> None:
        super().__init__()
        self.context = {"operators": list(operators)}


class HomeDeskError(Exception):
    """An operator's desks must include their home desk."""

    faults = (Fault("/desks", "home_desk_missing", "the home desk must be one of them"),)


class UnknownDepartmentError(Exception):
    """The operator's home desk has no such department; `nearest` look like it."""

    def __init__(self, code: str, nearest: Sequence[str]) -> None:
        super().__init__()
        known = ", ".join(nearest)
        ru, en = f"подразделения {code!r} нет", f"no department {code!r}"
        said = Text(f"{ru}; похожие: {known}", f"{en}; there is {known}") if known else Text(ru, en)
        self.faults = [Fault("/department", "unknown_department", said)]


class UnknownPauseError(Exception):
    """The operator's home desk allows pauses for other reasons; `known` are their codes."""

    def __init__(self, known: Sequence[str]) -> None:
        super().__init__()
        shown = ", ".join(known)
        said = Text(f"можно: {shown}", f"one of: {shown}")
        self.faults = [Fault("/reason", "unknown_pause_reason", said)]


class UnfitHeadError(Exception):
    """Who heads a department works at its desk, and has their home there."""

    faults = (Fault("/head_id", "unfit_head", Text("не работает в этом отделе", "does not work at this desk")),)


class PlanRefusedError(Exception):
    """A shift that cannot be planned as it was asked for; every fault is named."""

    def __init__(self, found: Sequence[PlanFault]) -> None:
        super().__init__()
        self.faults = [Fault(f"/{each.field}", each.code, _plan(each)) for each in found]


class ShiftOverError(Exception):
    """The planned shift has ended, or was cancelled."""


class ShiftBegunError(Exception):
    """The planned shift has begun, or is none any more."""


class LatenessExcusedError(Exception):
    """The lateness is excused already."""


class SwapRefusedError(Exception):
    """A swap that cannot be as it was asked for; every fault is named."""

    def __init__(self, found: Sequence[SwapFault]) -> None:
        super().__init__()
        self.faults = [Fault(f"/{each.field}", each.code, _SWAPS[each.code]) for each in found]


class SwapOverError(Exception):
    """The swap is answered, or a shift of it has begun or changed."""


class NotYoursError(Exception):
    """Another person is to answer it."""


class HandoverDueError(Exception):
    """An operator may not leave yet: the next shift is not here (`next`), or conversations are open."""

    def __init__(
        self, faults: Sequence[Fault], following: Sequence[object], conversations: Sequence[object]
    ) -> None:
        super().__init__()
        self.faults = list(faults)
        self.context = {"next": list(following), "conversations": list(conversations)}


class SupervisorsAloneError(Exception):
    """Only a supervisor lets an operator go all the same."""

    faults = (Fault("/override", "supervisors_alone", Text("решает руководитель", "a supervisor decides")),)


class WishesRefusedError(Exception):
    """Wishes that cannot be kept as they were given; every fault is named."""

    def __init__(self, found: Sequence[WishFault]) -> None:
        super().__init__()
        self.faults = [Fault(f"/wishes/{n.position}/{n.field}", n.code, _MONTHS[n.code]) for n in found]


class MonthRefusedError(Exception):
    """A plan of a month that cannot be as it is; every fault names its place."""

    def __init__(self, found: Sequence[PlaceFault]) -> None:
        super().__init__()
        self.faults = [Fault(f"/places/{n.position}/{n.field}", n.code, _MONTHS[n.code]) for n in found]


class DeskNotHeardOfError(Exception):
    """Assignment has not heard of the desk yet, whose clock it needs."""

    faults = (Fault("/desk", "desk_not_known_yet", _UNHEARD),)


class PlanOverError(Exception):
    """The plan of a month is no draft any more."""


class AbsenceRefusedError(Exception):
    """An absence that cannot be planned as it was asked for; every fault is named."""

    def __init__(self, found: Sequence[AbsenceFault]) -> None:
        super().__init__()
        self.faults = [Fault(f"/{each.field}", each.code, _ABSENCES[each.code]) for each in found]


class AbsenceOverlapsError(Exception):
    """The operator has another absence then; `existing` is its id."""

    def __init__(self, existing: UUID) -> None:
        super().__init__()
        self.context = {"existing": str(existing)}


class AbsenceOverError(Exception):
    """The absence is over, or was cancelled."""


class AmbiguousPoolError(Exception):
    """Several of the caller's desks have a pool of this code."""

    faults = (Fault("/desk", "ambiguous", "several desks have this pool: say which", "query"),)


_PLANS = {
    "operator_inactive": Text("оператор не работает здесь больше", "the operator does not work here any more"),
    "unknown_shift": Text("такой смены в отделе нет", "the desk has no such shift"),
    "in_the_past": Text("это время прошло", "this time is past"),
    "too_far": Text("дальше года", "more than a year ahead"),
    "overlaps": Text("у оператора тогда другая смена", "the operator has another shift then"),
    "not_a_shift": Text("смена длится до 24 часов", "a shift lasts up to 24 hours"),
}

_SWAPS = {
    "unfit_operator": Text("не другой оператор этого отдела", "not another operator of the desk"),
    "not_theirs": Text("не их будущая смена в этом отделе", "no shift to come of theirs at the desk"),
    "overlaps": _PLANS["overlaps"],
    "absent": Text("оператора тогда не будет", "the operator is absent then"),
}

_MONTHS = {
    **_PLANS,
    **_SWAPS,
    "other_month": Text("это другой месяц", "this is another month"),
    "named_twice": Text("названо дважды", "named twice"),
}

_ABSENCES = {
    "operator_inactive": _PLANS["operator_inactive"],
    "ends_before_it_starts": Text("кончается раньше, чем начинается", "it ends before it starts"),
    "in_the_past": _PLANS["in_the_past"],
    "too_far": _PLANS["too_far"],
    "desk_not_known_yet": _UNHEARD,
    "unfit_deputy": Text("замещает другой оператор того же отдела", "another operator of the same desk deputises"),
}


def _plan(found: PlanFault) -> Text:
    said = _PLANS[found.code]
    known = ", ".join(found.nearest)
    return Text(f"{said.ru}; похожие: {known}", f"{said.en}; there is {known}") if known else said


ERRORS: ErrorTable = {
    NotFoundError: (404, "not_found"),
    NoOperatorError: (404, "no_operator"),
    AlreadyExistsError: (409, "already_exists"),
    PoolInUseError: (409, "pool_in_use"),
    BadConfigurationError: (422, "validation_failed"),
    NotOnShiftError: (409, "not_on_shift"),
    OperatorInactiveError: (409, "operator_inactive"),
    NotKnownYetError: (409, "not_known_yet"),
    PlanRefusedError: (422, "validation_failed"),
    ShiftOverError: (409, "shift_over"),
    ShiftBegunError: (409, "shift_begun"),
    SwapRefusedError: (422, "validation_failed"),
    SwapOverError: (409, "swap_over"),
    NotYoursError: (409, "not_yours"),
    HandoverDueError: (409, "handover_due"),
    SupervisorsAloneError: (422, "validation_failed"),
    WishesRefusedError: (422, "validation_failed"),
    MonthRefusedError: (422, "validation_failed"),
    DeskNotHeardOfError: (422, "validation_failed"),
    PlanOverError: (409, "plan_over"),
    LatenessExcusedError: (409, "lateness_excused"),
    AbsenceRefusedError: (422, "validation_failed"),
    AbsenceOverlapsError: (409, "absence_overlaps"),
    AbsenceOverError: (409, "absence_over"),
    UnknownPoolError: (422, "validation_failed"),
    HomeDeskError: (422, "validation_failed"),
    UnknownDepartmentError: (422, "validation_failed"),
    UnknownPauseError: (422, "validation_failed"),
    UnfitHeadError: (422, "validation_failed"),
    AmbiguousPoolError: (422, "validation_failed"),
    EventRefusedError: (422, "event_refused"),
}
