"""Where intake is put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from libs.common.auth.jwks import FileKeys, KeySet, UrlKeys
from libs.common.auth.jwt import JwtVerifier
from libs.common.core import Core, open_core
from libs.common.db.migrations import schema_ready
from libs.common.events.tasks import OWNER as TASKS
from libs.common.http.app import Lifespan, create_app
from libs.common.service import Service
from libs.common.worker import Worker
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
from services.intake.subscriptions import subscriptions

NAME = "intake"
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def open_context(settings: IntakeSettings) -> AsyncIterator[Context]:
    """Open everything that the use cases work with; what waits for its batch is stored before the end."""
    async with open_core(NAME, settings) as core:
        ctx = make_context(core, settings)
        try:
            yield ctx
        finally:
            await ctx.acceptance.drain()


def make_context(core: Core, settings: IntakeSettings) -> Context:
    """Return the context around an open core."""
    return Context(core, SourceCache(core.db), Acceptance(core.db, settings.accept_queue, settings.accept_batch))


def create_api(settings: IntakeSettings) -> FastAPI:
    """Return the HTTP app; its lifespan opens the context."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_context(settings) as ctx:
            serve_context(app, ctx)
            yield

    return build_api(verifier(settings), lifespan)


def build_api(auth: JwtVerifier, lifespan: Lifespan | None = None) -> FastAPI:
    """Return the app without its context; a test gives it one by `serve_context`."""
    return create_app(
        service=NAME,
        title="Dozvon: intake",
        routers=[sources, deliveries, leads, orders, customers],
        routes=[hook_route()],
        lifespan=lifespan,
        errors=ERRORS,
        auth=auth,
    )


def serve_context(app: FastAPI, ctx: Context) -> None:
    """Let the app's routes work with `ctx`, and make it ready as long as its schema is (flow.md, readiness)."""
    app.state.ctx, app.state.db = ctx, ctx.core.db

    async def database() -> None:
        async with ctx.core.db.pool.acquire() as conn:
            if not await schema_ready(conn, MIGRATIONS):
                raise RuntimeError("the schema is older than this release needs")

    app.state.readiness.add("database", database)


def verifier(settings: IntakeSettings) -> JwtVerifier:
    """Return what checks the callers' tokens."""
    source = FileKeys(settings.jwks_file) if settings.jwks_file else UrlKeys(settings.jwks_url or "")
    return JwtVerifier(KeySet(source), issuer=settings.jwt_issuer, audience=settings.jwt_audience)


async def run_worker(settings: IntakeSettings, stop: asyncio.Event) -> None:
    """Relay our events and apply those of tasks until `stop` is set."""
    async with open_context(settings) as ctx:
        await Worker(ctx.core, owners=[TASKS], subscriptions=subscriptions(ctx)).run(stop)


SERVICE = Service(NAME, IntakeSettings, create_api, run_worker, MIGRATIONS)
