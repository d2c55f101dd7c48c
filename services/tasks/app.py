"""The tasks service: its parts joined."""

from pathlib import Path

from libs.common.platform.service import Service
from services.tasks.context import open_context
from services.tasks.desks.api import router as desks
from services.tasks.errors import ERRORS
from services.tasks.fanouts.worker import fanout_loop
from services.tasks.free.api import router as free
from services.tasks.moves.api import leads
from services.tasks.moves.api import router as moves
from services.tasks.moves.worker import release_loop
from services.tasks.playbooks.api import router as playbooks
from services.tasks.playbooks.worker import announcing_loop, waiting_loop
from services.tasks.queues.api import router as queues
from services.tasks.redistributions.api import router as redistributions
from services.tasks.redistributions.worker import redistribution_loop
from services.tasks.settings import TasksSettings
from services.tasks.sheets.api import router as sheets
from services.tasks.subscriptions import TOPICS, subscriptions
from services.tasks.tasks.api import router as tasks
from services.tasks.timeline.api import router as timeline
from services.tasks.timers.worker import timer_loop

SERVICE = Service(
    name="tasks",
    title="Dozvon: tasks",
    settings=TasksSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    loops=lambda ctx: (
        timer_loop(ctx),
        fanout_loop(ctx),
        waiting_loop(ctx),
        announcing_loop(ctx),
        release_loop(ctx),
        redistribution_loop(ctx),
    ),
    routers=(desks, playbooks, tasks, sheets, free, moves, leads, redistributions, queues, timeline),
    errors=ERRORS,
)
