"""Every table of the service, collected for migrations and the drift test."""

from services.assignment.decisions import tables as decisions
from services.assignment.metadata import metadata
from services.assignment.offers import tables as offers
from services.assignment.operators import tables as operators
from services.assignment.pools import tables as pools
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
)

__all__ = ["TABLES", "metadata"]
