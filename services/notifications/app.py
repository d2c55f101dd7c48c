"""The one place where settings, core, providers and slices are joined."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from libs.common.contracts import assignment, tasks
from libs.common.messaging.deadletters.api import dead_letters_router
from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.core import Telemetry, open_core
from libs.common.platform.http.app import Lifespan, create_app
from libs.common.platform.http.assembly import lifespan_of, ready_when_migrated, verifier
from libs.common.platform.service import Service
from libs.common.platform.worker import Worker
from services.notifications.channels import api as channels
from services.notifications.context import Context
from services.notifications.errors import ERRORS
from services.notifications.feed import api as feed
from services.notifications.feed.hub import FeedHub
from services.notifications.hooks import api as hooks
from services.notifications.messages import api as messages
from services.notifications.sending.loops import loops
from services.notifications.sending.wazzup import Wazzup
from services.notifications.settings import NotificationsSettings
from services.notifications.subscriptions import subscriptions
from services.notifications.templates import api as templates

NAME = "notifications"
MIGRATIONS = Path(__file__).parent / "migrations"
CONNECTIONS = 256  # to providers at once, over all channels


@asynccontextmanager
async def open_context(
    settings: NotificationsSettings, telemetry: Telemetry | None = None
) -> AsyncIterator[Context]:
    """Open core, provider clients and the hub of live feeds; close them after the block."""
    async with open_core(NAME, settings, telemetry) as core:
        wazzup = Wazzup(str(settings.wazzup_url), settings.send_timeout, CONNECTIONS)
        hub = FeedHub(core.db)
        try:
            yield Context(core, settings, wazzup, hub)
        finally:
            await hub.close()
            await wazzup.close()


def create_api(settings: NotificationsSettings) -> FastAPI:
    """Return the service's app; its lifespan opens the context."""
    telemetry = Telemetry.of(NAME, settings)
    lifespan = lifespan_of(partial(open_context, settings, telemetry), serve_context)
    return build_api(verifier(settings), lifespan, telemetry)


def build_api(auth: JwtVerifier, lifespan: Lifespan | None = None, telemetry: Telemetry | None = None) -> FastAPI:
    """Return the app without its context; a test gives it one by `serve_context`."""
    return create_app(
        service=NAME,
        title="Dozvon: notifications",
        routers=[templates.router, channels.router, messages.router, feed.router, dead_letters_router(NAME)],
        routes=hooks.routes,
        lifespan=lifespan,
        errors=ERRORS,
        auth=auth,
        registry=telemetry.metrics if telemetry else None,
        tracing=telemetry.tracing if telemetry else None,
    )


def serve_context(app: FastAPI, ctx: Context) -> None:
    """Let the app's routes work with `ctx`, and make it ready as long as its schema is."""
    app.state.ctx = ctx
    ready_when_migrated(app, ctx.core.db, MIGRATIONS)


async def run_worker(settings: NotificationsSettings, stop: asyncio.Event) -> None:
    """Run relay, consumer, sender and the loops beside it until `stop`."""
    async with open_context(settings) as ctx:
        worker = Worker(
            ctx.core, owners=(tasks.OWNER, assignment.OWNER), subscriptions=subscriptions(ctx), loops=loops(ctx)
        )
        await worker.run(stop)


SERVICE = Service(NAME, NotificationsSettings, create_api, run_worker, MIGRATIONS)
