"""Where intake is put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from fastapi import FastAPI
from prometheus_client import Counter

from libs.common.messaging.deadletters.api import dead_letters_router
from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.core import Core, Telemetry, open_core
from libs.common.platform.http.app import Lifespan, create_app
from libs.common.platform.http.assembly import lifespan_of, ready_when_migrated, verifier
from libs.common.platform.service import Service
from libs.common.platform.worker import Worker
from services.intake.context import Context
from services.intake.customers.api import router as customers
from services.intake.deliveries.api import router as deliveries
from services.intake.deliveries.group import Acceptance
from services.intake.deliveries.hook import hook_route
from services.intake.errors import ERRORS
from services.intake.leads.api import router as leads
from services.intake.orders.api import router as orders
from services.intake.settings import IntakeSettings
from services.intake.sources.api import router as sources
from services.intake.sources.cache import SourceCache
from services.intake.subscriptions import OWNERS, subscriptions

NAME = "intake"
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def open_context(settings: IntakeSettings, telemetry: Telemetry | None = None) -> AsyncIterator[Context]:
    """Open everything that the use cases work with; what waits for its batch is stored before the end."""
    async with open_core(NAME, settings, telemetry) as core:
        ctx = make_context(core, settings)
        try:
            yield ctx
        finally:
            await ctx.acceptance.drain()


def make_context(core: Core, settings: IntakeSettings) -> Context:
    """Return the context around an open core."""
    acceptance = Acceptance(core.db, settings.accept_queue, settings.accept_batch)
    outcomes = ("disposition", "reason")
    deliveries = Counter("intake_deliveries", "Deliveries by what became of them", outcomes, registry=core.metrics)
    return Context(core, SourceCache(core.db), acceptance, deliveries)


def create_api(settings: IntakeSettings) -> FastAPI:
    """Return the HTTP app; its lifespan opens the context."""
    telemetry = Telemetry.of(NAME, settings)
    lifespan = lifespan_of(partial(open_context, settings, telemetry), serve_context)
    return build_api(verifier(settings), lifespan, telemetry)


def build_api(auth: JwtVerifier, lifespan: Lifespan | None = None, telemetry: Telemetry | None = None) -> FastAPI:
    """Return the app without its context; a test gives it one by `serve_context`."""
    return create_app(
        service=NAME,
        title="Dozvon: intake",
        routers=[sources, deliveries, leads, orders, customers, dead_letters_router(NAME)],
        routes=[hook_route()],
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


async def run_worker(settings: IntakeSettings, stop: asyncio.Event) -> None:
    """Relay our events and apply those of our neighbours until `stop` is set."""
    async with open_context(settings) as ctx:
        await Worker(ctx.core, owners=OWNERS, subscriptions=subscriptions(ctx)).run(stop)


SERVICE = Service(NAME, IntakeSettings, create_api, run_worker, MIGRATIONS)
