"""Every table of the service, collected for migrations and the drift test."""

from services.assignment.absences import tables as absences
from services.assignment.attendance import tables as attendance
from services.assignment.decisions import tables as decisions
from services.assignment.departments import tables as departments
from services.assignment.desks import tables as desks
from services.assignment.lateness import tables as lateness
from services.assignment.metadata import metadata
from services.assignment.offers import tables as offers
from services.assignment.operators import tables as operators
from services.assignment.pauses import tables as pauses
from services.assignment.plans import tables as plans
from services.assignment.pools import tables as pools
from services.assignment.schedule import tables as schedule
from services.assignment.shifts import tables as shifts
from services.assignment.swaps import tables as swaps
from services.assignment.wishes import tables as wishes

TABLES = (
    operators.operator,
    pools.pool,
    pools.seat,
    shifts.shift,
    shifts.presence_change,
    shifts.heartbeat,
    offers.work,
    decisions.decision,
    desks.known_desk,
    schedule.shift_kind,
    schedule.planned_shift,
    departments.department,
    absences.absence,
    pauses.pause_reason,
    pauses.pause,
    attendance.attendance_rule,
    wishes.wish,
    plans.month_plan,
    swaps.swap,
    lateness.lateness,
)

__all__ = ["TABLES", "metadata"]
