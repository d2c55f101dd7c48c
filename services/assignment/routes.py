"""What the API of assignment serves."""

from libs.common.platform.http.assembly import Api
from services.assignment.absences.api import router as absences
from services.assignment.attention import KINDS
from services.assignment.configuration.api import router as configuration
from services.assignment.decisions.api import router as decisions
from services.assignment.departments.api import router as departments
from services.assignment.lateness.api import router as lateness
from services.assignment.offers.api import router as offers
from services.assignment.operators.api import me
from services.assignment.operators.api import router as operators
from services.assignment.pauses.api import router as pauses
from services.assignment.plans.api import router as plans
from services.assignment.pools.api import router as pools
from services.assignment.rehearsals.api import router as rehearsals
from services.assignment.schedule.api import router as schedule
from services.assignment.shifts.api import router as shifts
from services.assignment.swaps.api import router as swaps
from services.assignment.wishes.api import router as wishes

API = Api(
    routers=(
        operators,
        me,
        departments,
        pools,
        shifts,
        pauses,
        schedule,
        absences,
        lateness,
        swaps,
        wishes,
        plans,
        offers,
        decisions,
        rehearsals,
        configuration,
    ),
    attention=KINDS,
    body_limit=2 * 1024 * 1024,  # the plan of a month of 300 people is over a megabyte
)
