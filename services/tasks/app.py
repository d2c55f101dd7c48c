"""The tasks service: its parts joined."""

from pathlib import Path
from typing import TYPE_CHECKING

from libs.common.platform.service import Service
from services.tasks.context import open_context
from services.tasks.errors import ERRORS
from services.tasks.fanouts.worker import fanout_loop
from services.tasks.moves.worker import release_loop
from services.tasks.playbooks.worker import announcing_loop, waiting_loop
from services.tasks.redistributions.worker import redistribution_loop
from services.tasks.settings import TasksSettings
from services.tasks.subscriptions import TOPICS, subscriptions
from services.tasks.timers.worker import timer_loop

if TYPE_CHECKING:
    from libs.common.platform.http.assembly import Api


def api() -> "Api":
    """Import and return what the HTTP process serves."""
    from services.tasks.routes import API

    return API


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
    api=api,
    errors=ERRORS,
)
