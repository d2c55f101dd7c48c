"""What the API of tasks serves."""

from libs.common.platform.http.assembly import Api
from services.tasks.configuration.api import router as configuration
from services.tasks.desks.api import router as desks
from services.tasks.free.api import router as free
from services.tasks.moves.api import leads
from services.tasks.moves.api import router as moves
from services.tasks.playbooks.api import router as playbooks
from services.tasks.pools.api import router as pools
from services.tasks.queues.api import router as queues
from services.tasks.redistributions.api import router as redistributions
from services.tasks.sheets.api import router as sheets
from services.tasks.tasks.api import router as tasks
from services.tasks.timeline.api import router as timeline

API = Api(
    routers=(
        desks,
        configuration,
        playbooks,
        tasks,
        sheets,
        free,
        moves,
        leads,
        redistributions,
        queues,
        pools,
        timeline,
    ),
)
