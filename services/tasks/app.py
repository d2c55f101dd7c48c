"""Where the tasks service is put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from libs.common.messaging.deadletters.api import dead_letters_router
from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.core import Telemetry, open_core
from libs.common.platform.http.app import Lifespan, create_app
from libs.common.platform.http.assembly import lifespan_of, ready_when_migrated, verifier
from libs.common.platform.service import Service
from libs.common.platform.worker import Worker
from services.tasks.context import Context
from services.tasks.desks.api import router as desks
from services.tasks.errors import ERRORS
from services.tasks.playbooks.api import router as playbooks
from services.tasks.playbooks.waiting import waiting_loop
from services.tasks.queues.api import router as queues
from services.tasks.settings import TasksSettings
from services.tasks.subscriptions import OWNERS, subscriptions
from services.tasks.timeline.api import router as timeline
from services.tasks.timers.loop import timer_loop
from services.tasks.work.api import router as work

NAME = "tasks"
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def open_context(settings: TasksSettings, telemetry: Telemetry | None = None) -> AsyncIterator[Context]:
    """Open everything that the use cases work with."""
    async with open_core(NAME, settings, telemetry) as core:
        yield Context.of(core, settings)


def create_api(settings: TasksSettings) -> FastAPI:
    """Return the HTTP app; its lifespan opens the context."""
    telemetry = Telemetry.of(NAME, settings)
    lifespan = lifespan_of(partial(open_context, settings, telemetry), serve_context)
    return build_api(verifier(settings), lifespan, telemetry)


def build_api(auth: JwtVerifier, lifespan: Lifespan | None = None, telemetry: Telemetry | None = None) -> FastAPI:
    """Return the app without its context; a test gives it one by `serve_context`."""
    return create_app(
        service=NAME,
        title="Dozvon: tasks",
        routers=[desks, playbooks, work, queues, timeline, dead_letters_router(NAME)],
        lifespan=lifespan,
        errors=ERRORS,
        auth=auth,
        registry=telemetry.metrics if telemetry else None,
        tracing=telemetry.tracing if telemetry else None,
    )


def serve_context(app: FastAPI, ctx: Context) -> None:
    """Let the app's routes work with `ctx`, and make it ready as long as its schema is."""
    app.state.ctx = ctx
    ready_when_migrated(app, ctx.db, MIGRATIONS)


async def run_worker(settings: TasksSettings, stop: asyncio.Event) -> None:
    """Relay our events, apply those of the three others, fire timers, release what waited, until `stop` is set."""
    async with open_context(settings) as ctx:
        loops = [timer_loop(ctx), waiting_loop(ctx)]
        worker = Worker(ctx.core, owners=OWNERS, subscriptions=subscriptions(ctx), loops=loops)
        await worker.run(stop)


SERVICE = Service(NAME, TasksSettings, create_api, run_worker, MIGRATIONS)
