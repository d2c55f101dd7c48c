"""Every table of the service, collected for migrations and the drift test."""

from services.assignment.absences import tables as absences
from services.assignment.decisions import tables as decisions
from services.assignment.departments import tables as departments
from services.assignment.desks import tables as desks
from services.assignment.metadata import metadata
from services.assignment.offers import tables as offers
from services.assignment.operators import tables as operators
from services.assignment.pauses import tables as pauses
from services.assignment.pools import tables as pools
from services.assignment.schedule import tables as schedule
from services.assignment.shifts import tables as shifts

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
)

__all__ = ["TABLES", "metadata"]
