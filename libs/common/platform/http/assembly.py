"""The HTTP app of a service: its declaration, settings and context joined."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute

from libs.common.messaging.deadletters.api import dead_letters_router
from libs.common.messaging.outbox.hint import hinting
from libs.common.platform.attention.api import attention_router, counting
from libs.common.platform.attention.kinds import Kinds
from libs.common.platform.audit.api import audit_router
from libs.common.platform.auth.jwks import FileKeys, KeySet, UrlKeys
from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.core import Telemetry
from libs.common.platform.db import Database
from libs.common.platform.db.migrations import schema_ready
from libs.common.platform.filters.api import filters_router
from libs.common.platform.http.app import Lifespan, begin_shutdown, create_app
from libs.common.platform.http.shell import BODY_LIMIT
from libs.common.platform.sealing.keys import MissingKeyError
from libs.common.platform.service import HasCore, Service
from libs.common.platform.serving import ServingError, serve
from libs.common.platform.settings import ServiceSettings, SettingsError

S = TypeVar("S", bound=ServiceSettings)
C = TypeVar("C", bound=HasCore)


@dataclass(frozen=True, kw_only=True)
class Api:
    """What a service serves. `routes` are plain Starlette routes and come first (the hot path).

    `attention`: the rows of each kind of what waits for a person (platform/attention). `body_limit`: bytes.
    """

    routers: Sequence[APIRouter]
    routes: Sequence[BaseRoute] = ()
    attention: Kinds = field(default_factory=dict)
    body_limit: int = BODY_LIMIT


async def serve_api(service: Service[S, C], settings: S, stop: asyncio.Event) -> None:
    """Serve a service's API until `stop`."""
    app = create_api(service, settings)
    try:
        await serve(app, settings.host, settings.port, stop, on_stop=lambda: begin_shutdown(app))
    except ServingError as error:
        # The server has logged what keeps the app from starting, and forgotten it.
        raise getattr(app.state, "failure", error) from None


def create_api(service: Service[S, C], settings: S) -> FastAPI:
    """Return the HTTP app; its lifespan opens the context."""
    telemetry = Telemetry.of(service.name, settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        try:
            async with service.open_context(settings, telemetry) as ctx:
                serve_context(service, app, ctx)
                async with hinting(ctx.core.db):
                    yield
        except (OSError, SettingsError, MissingKeyError) as error:
            app.state.failure = error
            raise

    return build_api(service, _verifier(settings), lifespan, telemetry, settings.origins)


def build_api(
    service: Service[S, C],
    auth: JwtVerifier | None,
    lifespan: Lifespan | None = None,
    telemetry: Telemetry | None = None,
    origins: Collection[str] = (),
) -> FastAPI:
    """Return the app without its context; a test gives it one by `serve_context`.

    Every service has routes of dead letters and of what waits for a person. Routes are made once for all its apps.
    """
    api = service.api()
    audits = [audit_router(service.name)] if service.audited else []
    app = create_app(
        service=service.name,
        title=service.title,
        routers=[
            *api.routers,
            *audits,
            attention_router(service.name),
            filters_router(service.name),
            dead_letters_router(service.name),
        ],
        routes=api.routes,
        lifespan=lifespan,
        errors=service.errors,
        auth=auth,
        body_limit=api.body_limit,
        registry=telemetry.metrics if telemetry else None,
        tracing=telemetry.tracing if telemetry else None,
        origins=origins,
    )
    app.state.attention = counting(api.attention)
    if auth is not None:
        app.state.readiness.add("issuer", auth.has_keys)
    return app


def serve_context(service: Service[S, C], app: FastAPI, ctx: C) -> None:
    """Give the app its context; it is ready as long as its schema is."""
    app.state.ctx = ctx
    app.state.keys = ctx.core.keys if service.sealed else None
    _ready_when_migrated(app, ctx.core.db, service.migrations)


def _verifier(settings: ServiceSettings) -> JwtVerifier:
    place = settings.token_keys
    source = FileKeys(place) if isinstance(place, Path) else UrlKeys(place)
    return JwtVerifier(KeySet(source), issuer=settings.jwt_issuer, audience=settings.jwt_audience)


def _ready_when_migrated(app: FastAPI, db: Database, migrations: Path) -> None:
    """Make the app ready as long as its database answers and its schema is new enough."""
    app.state.db = db

    async def database() -> None:
        async with db.pool.acquire() as conn:
            if not await schema_ready(conn, migrations):
                raise RuntimeError("the schema is older than this release needs")

    app.state.readiness.add("database", database)
