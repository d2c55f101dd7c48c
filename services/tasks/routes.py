"""What the API of tasks serves."""

from libs.common.platform.erasure.retention_api import retention_router
from libs.common.platform.http.assembly import Api
from libs.common.platform.http.stream_tickets import stream_tickets_router
from services.tasks.attention.kinds import KINDS
from services.tasks.bulk.api import router as bulk
from services.tasks.calls.api import router as calls
from services.tasks.configuration.api import router as configuration
from services.tasks.desks.api import router as desks
from services.tasks.erasures.api import router as erasures
from services.tasks.erasures.schemas import TasksRetention
from services.tasks.free.api import router as free
from services.tasks.live.api import router as live
from services.tasks.mending.api import router as mending
from services.tasks.moves.api import leads
from services.tasks.moves.api import router as moves
from services.tasks.numbers.api import router as reports
from services.tasks.numbers.api import tables as pay_tables
from services.tasks.playbooks.api import router as playbooks
from services.tasks.pools.api import router as pools
from services.tasks.queues.api import router as queues
from services.tasks.redistributions.api import router as redistributions
from services.tasks.rehearsals.api import router as rehearsals
from services.tasks.sheets.api import of_leads as values_of_leads
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
        values_of_leads,
        free,
        mending,
        moves,
        leads,
        redistributions,
        bulk,
        rehearsals,
        queues,
        pools,
        timeline,
        calls,
        reports,
        pay_tables,
        erasures,
        retention_router("tasks", TasksRetention),
        live,
        stream_tickets_router("tasks"),
    ),
    attention=KINDS,
)
