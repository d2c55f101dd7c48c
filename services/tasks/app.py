"""Where the tasks service is put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from libs.common.auth.jwks import FileKeys, KeySet, UrlKeys
from libs.common.auth.jwt import JwtVerifier
from libs.common.core import open_core
from libs.common.db.migrations import schema_ready
from libs.common.http.app import Lifespan, create_app
from libs.common.service import Service
from libs.common.worker import Worker
from services.tasks.context import Context
from services.tasks.desks.api import router as desks
from services.tasks.errors import ERRORS
from services.tasks.playbooks.api import router as playbooks
from services.tasks.queues.api import router as queues
from services.tasks.settings import TasksSettings
from services.tasks.subscriptions import OWNERS, subscriptions
from services.tasks.timeline.api import router as timeline
from services.tasks.timers.loop import timer_loop
from services.tasks.work.api import router as work

NAME = "tasks"
MIGRATIONS = Path(__file__).parent / "migrations"


@asynccontextmanager
async def open_context(settings: TasksSettings) -> AsyncIterator[Context]:
    """Open everything that the use cases work with."""
    async with open_core(NAME, settings) as core:
        yield Context.of(core, settings)


def create_api(settings: TasksSettings) -> FastAPI:
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
        title="Dozvon: tasks",
        routers=[desks, playbooks, work, queues, timeline],
        lifespan=lifespan,
        errors=ERRORS,
        auth=auth,
    )


def serve_context(app: FastAPI, ctx: Context) -> None:
    """Let the app's routes work with `ctx`, and make it ready as long as its schema is (flow.md, readiness)."""
    app.state.ctx, app.state.db = ctx, ctx.db

    async def database() -> None:
        async with ctx.db.pool.acquire() as conn:
            if not await schema_ready(conn, MIGRATIONS):
                raise RuntimeError("the schema is older than this release needs")

    app.state.readiness.add("database", database)


def verifier(settings: TasksSettings) -> JwtVerifier:
    """Return what checks the callers' tokens."""
    source = FileKeys(settings.jwks_file) if settings.jwks_file else UrlKeys(settings.jwks_url or "")
    return JwtVerifier(KeySet(source), issuer=settings.jwt_issuer, audience=settings.jwt_audience)


async def run_worker(settings: TasksSettings, stop: asyncio.Event) -> None:
    """Relay our events, apply those of the three others, and fire timers, until `stop` is set."""
    async with open_context(settings) as ctx:
        worker = Worker(ctx.core, owners=OWNERS, subscriptions=subscriptions(ctx), loops=[timer_loop(ctx)])
        await worker.run(stop)


SERVICE = Service(NAME, TasksSettings, create_api, run_worker, MIGRATIONS)
