"""The loops of notifications' worker: send, callbacks, questions, expiry, files, bulk actions, pushes."""

import asyncio
from collections.abc import Mapping

from libs.common.connect.command.sender import Sender
from libs.common.connect.poll.store import is_due
from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Lookout, Loop
from libs.common.platform.worker.lookout import UNWATCHED
from services.notifications.asking.store import ensure_polls
from services.notifications.asking.worker import ASKED, polls
from services.notifications.autopilot.worker import autopilot_loop, forgetting_loop
from services.notifications.bulk.worker import ARE_UNDER_WAY, bulk_loop
from services.notifications.context import Context
from services.notifications.conversations.store import make_up
from services.notifications.delivery.sender import Attempts
from services.notifications.delivery.store import COMMANDS, expire
from services.notifications.media.store import ARE_DUE as FILES_ARE_DUE
from services.notifications.media.worker import media_loop
from services.notifications.providers.registry import PROVIDERS
from services.notifications.pushes.store import COMMANDS as PUSHES
from services.notifications.pushes.worker import push_loops
from services.notifications.webhooks.actions import ARE_DUE, apply_callbacks
from services.notifications.withdrawals.store import ARE_WITHDRAWN

EXPIRY = 1.0  # seconds
POLL = 0.02  # seconds between polls while callbacks come
LONGEST_POLL = 0.2
LOOK = 0.5  # seconds between two looks at what is due
#: What each loop has to do (`Lookout`).
WORK: Mapping[str, str] = {
    "sender": COMMANDS.is_due,
    "callbacks": ARE_DUE,
    "expiry": f"{COMMANDS.expires} OR {ARE_WITHDRAWN}",
    "questions": is_due(PROVIDERS),
    "bulk_actions": ARE_UNDER_WAY,
    "pushes": PUSHES.is_due,
    "late_pushes": PUSHES.expires,
    "media": FILES_ARE_DUE,
}


def loops(ctx: Context) -> tuple[Loop, ...]:
    """Return the lookout, and the loops that it wakes: the sender, callbacks, questions and expiry."""
    core = ctx.core
    attempts, lookout = Attempts(ctx), Lookout(core.db, core.clock, WORK, LOOK)
    lookout.bells["sender"] = ctx.due
    reports, ends, asking = (lookout.watch(name) for name in ("callbacks", "expiry", "questions"))

    async def threads(stop: asyncio.Event) -> None:
        """Begin the threads of what the release before has stored, once."""
        await make_up(core.db)
        await stop.wait()

    async def callbacks(stop: asyncio.Event) -> None:
        """Apply stored callbacks, without a pause while batches are full."""
        pause = POLL
        while not stop.is_set():
            reports.begin()
            seen, halted = await apply_callbacks(core.db, ctx.settings.callback_batch, core.clock.now())
            attempts.alert(halted)
            pause = POLL if seen else pause * 1.5
            if seen < ctx.settings.callback_batch:
                await reports.wait(stop, pause if pause < LONGEST_POLL else None)

    async def expiry(stop: asyncio.Event) -> None:
        """Expire attempts, at most once a second."""
        while not stop.is_set():
            ends.begin()
            await expire(core.db, ctx.settings.policies, core.clock.now())
            await wait_for_stop(stop, EXPIRY)
            await ends.wait(stop)

    async def questions(stop: asyncio.Event) -> None:
        """Ask providers how messages are doing."""
        async with core.db.begin() as tx:
            await ensure_polls(tx, ASKED)
            await tx.commit()
        await polls(ctx, asking)(stop)

    sender, bulk = Sender(attempts, attempts.tries, UNWATCHED), bulk_loop(ctx, lookout.watch("bulk_actions"))
    autopilot = autopilot_loop(ctx, attempts.alert)
    files = media_loop(ctx, lookout.watch("media"))
    own = lookout, sender, callbacks, expiry, questions, threads, bulk, autopilot, forgetting_loop(ctx), files
    return *own, *push_loops(ctx, lookout)
