"""The tasks service: its parts joined."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from libs.common.platform.attention.watch import attention_loop
from libs.common.platform.erasure.retention import Keeper
from libs.common.platform.service import Service
from libs.common.platform.worker import Lookout, Loop
from services.tasks.attention.actions import follow_own
from services.tasks.attention.kinds import KINDS
from services.tasks.bulk.worker import ARE_UNDER_WAY as BULK_ACTIONS
from services.tasks.bulk.worker import bulk_loop
from services.tasks.context import Context, open_context
from services.tasks.erasures.actions import eraser
from services.tasks.erasures.places import AGED
from services.tasks.errors import ERRORS
from services.tasks.fanouts.worker import ARE_UNDER_WAY as FANOUTS
from services.tasks.fanouts.worker import fanout_loop
from services.tasks.moves.worker import ARE_PENDING, release_loop
from services.tasks.playbooks.waiting import ARE_READY
from services.tasks.playbooks.worker import adopting_loop, announcing_loop, waiting_loop
from services.tasks.redistributions.worker import ARE_UNDER_WAY as REDISTRIBUTIONS
from services.tasks.redistributions.worker import redistribution_loop
from services.tasks.settings import TasksSettings
from services.tasks.subscriptions import TOPICS, subscriptions
from services.tasks.timers.worker import ARE_DUE, timer_loop

if TYPE_CHECKING:
    from libs.common.platform.http.assembly import Api


def api() -> "Api":
    """Import and return what the HTTP process serves."""
    from services.tasks.routes import API

    return API


LOOK = 0.5  # seconds between two looks at what there is to do
#: What each loop has to do (`Lookout`).
WORK: Mapping[str, str] = {
    "timers": ARE_DUE,
    "fanouts": FANOUTS,
    "releases": ARE_PENDING,
    "redistributions": REDISTRIBUTIONS,
    "bulk_actions": BULK_ACTIONS,
    "waiting": ARE_READY,
}


def loops(ctx: Context) -> tuple[Loop, ...]:
    """Return the lookout, the loops that it wakes, and those that look at times of their own."""
    lookout = Lookout(ctx.db, ctx.core.clock, WORK, LOOK)
    return (
        lookout,
        timer_loop(ctx, lookout.watch("timers")),
        fanout_loop(ctx, lookout.watch("fanouts")),
        release_loop(ctx, lookout.watch("releases")),
        redistribution_loop(ctx, lookout.watch("redistributions")),
        bulk_loop(ctx, lookout.watch("bulk_actions")),
        waiting_loop(ctx, lookout.watch("waiting")),
        adopting_loop(ctx),
        announcing_loop(ctx),
        attention_loop(ctx.core, KINDS, follow_own(ctx)),
        *eraser(ctx).loops(),
        Keeper(ctx.core, AGED).loop(),
    )


SERVICE = Service(
    name="tasks",
    title="Dozvon: tasks",
    settings=TasksSettings,
    context=open_context,
    migrations=Path(__file__).parent / "migrations",
    topics=TOPICS,
    subscriptions=subscriptions,
    loops=loops,
    api=api,
    errors=ERRORS,
    audited=True,
)
