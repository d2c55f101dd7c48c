"""Where the assignment service is put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI

from libs.common.contracts.tasks import OWNER as TASKS
from libs.common.messaging.deadletters.api import dead_letters_router
from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.core import Telemetry, open_core
from libs.common.platform.http.app import Lifespan, create_app
from libs.common.platform.http.assembly import lifespan_of, ready_when_migrated, verifier
from libs.common.platform.service import Service
from libs.common.platform.worker import Worker
from services.assignment.context import Context
from services.assignment.decisions.api import router as decisions
from services.assignment.errors import ERRORS
from services.assignment.metrics import Metrics
from services.assignment.operators.api import router as operators
from services.assignment.pools.api import router as pools
from services.assignment.settings import AssignmentSettings
from services.assignment.shifts.api import router as shifts
from services.assignment.subscriptions import subscriptions
from services.assignment.work.api import router as work

NAME = "assignment"
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def open_context(settings: AssignmentSettings, telemetry: Telemetry | None = None) -> AsyncIterator[Context]:
    """Open everything that the use cases work with."""
    async with open_core(NAME, settings, telemetry) as core:
        yield Context(core, settings, Metrics(core.metrics))


def create_api(settings: AssignmentSettings) -> FastAPI:
    """Return the HTTP app; its lifespan opens the context."""
    telemetry = Telemetry.of(NAME, settings)
    lifespan = lifespan_of(partial(open_context, settings, telemetry), serve_context)
    return build_api(verifier(settings), lifespan, telemetry)


def build_api(auth: JwtVerifier, lifespan: Lifespan | None = None, telemetry: Telemetry | None = None) -> FastAPI:
    """Return the app without its context; a test gives it one by `serve_context`."""
    return create_app(
        service=NAME,
        title="Dozvon: assignment",
        routers=[operators, pools, shifts, work, decisions, dead_letters_router(NAME)],
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


async def run_worker(settings: AssignmentSettings, stop: asyncio.Event) -> None:
    """Relay our events and apply those of tasks until `stop` is set."""
    async with open_context(settings) as ctx:
        await Worker(ctx.core, owners=[TASKS], subscriptions=subscriptions(ctx)).run(stop)


SERVICE = Service(NAME, AssignmentSettings, create_api, run_worker, MIGRATIONS)
