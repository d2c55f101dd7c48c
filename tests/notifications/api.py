"""The running API over HTTP, as front ends and providers use it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import httpx

from deploy.local.ports import free_port
from deploy.standins.client import http_client
from libs.common.platform.clock import Clock
from libs.common.platform.db import Database
from libs.common.platform.http.app import begin_shutdown
from libs.common.platform.http.assembly import build_api, serve_context
from libs.common.platform.serving import serve
from libs.common.testkit.issuer import TokenIssuer
from services.notifications.app import SERVICE
from tests.notifications.support import DESK, context
from tests.support.documented import documented
from tests.support.patience import PATIENCE

PREFIX = "/notifications/v1"


class Api:
    """Calls the API with tokens, over a real socket."""

    def __init__(
        self, db: Database, standins: str, public_url: str, clock: Clock | None, **changes: object
    ) -> None:
        self.issuer = TokenIssuer.generate()
        self.app = build_api(SERVICE, self.issuer.verifier())
        self.ctx = context(db, standins, clock, public_url=public_url, **changes)
        serve_context(SERVICE, self.app, self.ctx)
        self.http = http_client(timeout=PATIENCE)

    def headers(self, role: str, desks: Sequence[str] = (DESK,), sub: str | None = None) -> dict[str, str]:
        return {"authorization": f"Bearer {self.issuer.token(sub or role, [role], desks)}"}

    def token(self, sub: str, **options: timedelta) -> str:
        return self.issuer.token(sub, ["operator"], (DESK,), **options)

    async def call(
        self, method: str, path: str, body: object = None, *, role: str = "admin", **headers: str
    ) -> httpx.Response:
        desks = headers.pop("desk", DESK)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.request(
            method, PREFIX + path, json=body, headers={**self.headers(role, [desks]), **given}
        )


@asynccontextmanager
async def running_api(
    db: Database, standins: str = "http://127.0.0.1:9", clock: Clock | None = None, **changes: object
) -> AsyncIterator[Api]:
    """Serve the API for the block."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    opened, stop = Api(db, standins, url, clock, **changes), asyncio.Event()
    opened.http.base_url = httpx.URL(url)
    serving = asyncio.create_task(serve(documented(opened.app), "127.0.0.1", port, stop, lifespan="off"))
    await asyncio.sleep(0.05)
    try:
        yield opened
    finally:
        begin_shutdown(opened.app)
        stop.set()
        await opened.http.aclose()
        await serving
        await opened.ctx.hub.close()
        await opened.ctx.transport.close()
