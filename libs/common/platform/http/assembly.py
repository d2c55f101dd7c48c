"""Parts of an app that are made from a service's settings: the token check, readiness of the schema."""

from pathlib import Path

from fastapi import FastAPI

from libs.common.platform.auth.jwks import FileKeys, KeySet, UrlKeys
from libs.common.platform.auth.jwt import JwtVerifier
from libs.common.platform.db import Database
from libs.common.platform.db.migrations import schema_ready
from libs.common.platform.settings import ServiceSettings


def verifier(settings: ServiceSettings) -> JwtVerifier:
    source = FileKeys(settings.jwks_file) if settings.jwks_file else UrlKeys(settings.jwks_url or "")
    return JwtVerifier(KeySet(source), issuer=settings.jwt_issuer, audience=settings.jwt_audience)


def ready_when_migrated(app: FastAPI, db: Database, migrations: Path) -> None:
    """Make the app ready as long as its database answers and its schema is new enough."""
    app.state.db = db

    async def database() -> None:
        async with db.pool.acquire() as conn:
            if not await schema_ready(conn, migrations):
                raise RuntimeError("the schema is older than this release needs")

    app.state.readiness.add("database", database)
