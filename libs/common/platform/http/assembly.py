"""What the four `app.py` share: the token check, the lifespan around a context, readiness of the schema."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

from fastapi import FastAPI

from libs.common.platform.auth.jwks import FileKeys, KeySet, UrlKeys
from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.db import Database
from libs.common.platform.db.migrations import schema_ready
from libs.common.platform.http.app import Lifespan
from libs.common.platform.settings import ServiceSettings

C = TypeVar("C")


def verifier(settings: ServiceSettings) -> JwtVerifier:
    """Return what checks the callers' tokens."""
    source = FileKeys(settings.jwks_file) if settings.jwks_file else UrlKeys(settings.jwks_url or "")
    return JwtVerifier(KeySet(source), issuer=settings.jwt_issuer, audience=settings.jwt_audience)


def lifespan_of(
    open_context: Callable[[], AbstractAsyncContextManager[C]], serve_context: Callable[[FastAPI, C], None]
) -> Lifespan:
    """Return a lifespan that opens a service's context and hands it to the app."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_context() as ctx:
            serve_context(app, ctx)
            yield

    return lifespan


def ready_when_migrated(app: FastAPI, db: Database, migrations: Path) -> None:
    """Make the app ready as long as its database answers and its schema is new enough."""
    app.state.db = db

    async def database() -> None:
        async with db.pool.acquire() as conn:
            if not await schema_ready(conn, migrations):
                raise RuntimeError("the schema is older than this release needs")

    app.state.readiness.add("database", database)
