"""What the API of assignment serves."""

from libs.common.platform.http.assembly import Api
from services.assignment.configuration.api import router as configuration
from services.assignment.decisions.api import router as decisions
from services.assignment.offers.api import router as offers
from services.assignment.operators.api import me
from services.assignment.operators.api import router as operators
from services.assignment.pools.api import router as pools
from services.assignment.shifts.api import router as shifts

API = Api(
    routers=(operators, me, pools, shifts, offers, decisions, configuration),
)
