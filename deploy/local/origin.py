"""The one origin: four apps and the stack's own routes in one process, chosen by the first path segment.

Each app serves its full path, so nothing is rewritten. The origin enters each app's lifespan.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.common.platform.http.app import begin_shutdown
from libs.common.platform.http.docs_page import PAGE, docs_routes

_ASK_SECONDS = 3.0
DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi" / "dozvon.json"


class Origin:
    """An ASGI app that hands each request to the service that its path names, and all others to `own`.

    `own` gets `/livez` and `/readyz` over all services and `workers` (name: port of its health server), and the
    document of all four APIs with its page; `/` names where these are.
    """

    def __init__(self, services: Mapping[str, FastAPI], own: FastAPI, workers: Mapping[str, int]) -> None:
        self._services = services
        self._workers = workers
        self._own = own
        own.router.lifespan_context = lambda _: self.running()
        own.add_route("/livez", self._livez)
        own.add_route("/readyz", self._readyz)
        own.add_route("/", _index)
        own.add_route("/openapi.json", _document)
        own.router.routes += docs_routes("")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection; the lifespan is the origin's own."""
        app: ASGIApp = self._own
        if scope["type"] == "http":
            segment = scope["path"].removeprefix("/").partition("/")[0]
            app = self._services.get(segment, self._own)
        await app(scope, receive, send)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Start every service, and stop them in turn."""
        async with AsyncExitStack() as stack:
            for app in self._services.values():
                await stack.enter_async_context(app.router.lifespan_context(app))
            yield

    def begin_shutdown(self) -> None:
        """Let every service answer not ready and end its open streams; calls under way are finished."""
        for app in self._services.values():
            begin_shutdown(app)

    async def _livez(self, _: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def _readyz(self, _: Request) -> Response:
        states = await readiness(self._services, self._workers)
        ready = all(states.values())
        return JSONResponse({"ready": ready, "parts": states}, status_code=200 if ready else 503)


async def _document(_: Request) -> Response:
    return FileResponse(DOCUMENT, media_type="application/json")


async def _index(_: Request) -> Response:
    return FileResponse(PAGE / "index.json", media_type="application/json")


async def readiness(services: Mapping[str, FastAPI], workers: Mapping[str, int]) -> dict[str, bool]:
    """Ask every service and every worker whether it is ready; one that does not answer is not."""
    apis = [_ask_app(name, app) for name, app in services.items()]
    processes = [_ask_port(port) for port in workers.values()]
    answers = await asyncio.gather(*apis, *processes)
    names = [*(f"{name}-api" for name in services), *workers]
    return dict(zip(names, answers, strict=True))


async def _ask_app(name: str, app: FastAPI) -> bool:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://origin") as client:
        return await _ask(client, f"/{name}/readyz")


async def _ask_port(port: int) -> bool:
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
        return await _ask(client, "/readyz")


async def _ask(client: httpx.AsyncClient, path: str) -> bool:
    try:
        return (await client.get(path, timeout=_ASK_SECONDS)).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
