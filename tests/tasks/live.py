"""Live streams of the tasks service, on a real socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx

from libs.common.platform.http.assembly import build_api, serve_context
from libs.common.platform.telemetry.metrics import new_registry
from services.tasks.app import SERVICE
from services.tasks.context import Context
from services.tasks.live.hub import TaskHub
from tests.support.documented import documented
from tests.support.patience import PATIENCE
from tests.support.streams import Stream, following, served
from tests.tasks.client import KEYS
from tests.tasks.desk import Desk

PATH = "/tasks/v1/stream"


@dataclass(frozen=True)
class Live:
    """A process of the API; two of them share nothing but the database."""

    http: httpx.AsyncClient
    hub: TaskHub
    stopping: asyncio.Event

    def follow(
        self,
        sub: str = "chief",
        role: str = "supervisor",
        query: str = "",
        desks: tuple[str, ...] = ("demo",),
        lifetime: timedelta = timedelta(days=1),
        **headers: str,
    ) -> AbstractAsyncContextManager[Stream]:
        token = KEYS.token(sub, [role], desks, lifetime=lifetime)
        return following(self.http, PATH + query, token, **headers)

    def by_ticket(self, ticket: str, more: str = "") -> AbstractAsyncContextManager[Stream]:
        return following(self.http, f"{PATH}?ticket={ticket}{more}")

    async def until_followed(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while not self.hub.poll.is_looking:
                await asyncio.sleep(0.01)

    def end_streams(self) -> None:
        """End all open streams, as a restart does."""
        self.stopping.set()
        asyncio.get_running_loop().call_later(0.5, self.stopping.clear)

    async def ticket(self, sub: str = "chief", role: str = "supervisor", **given: timedelta) -> str:
        headers = {"Authorization": f"Bearer {KEYS.token(sub, [role], ('demo',), **given)}"}
        answer = await self.http.post("/tasks/v1/stream-tickets", headers=headers)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ticket"])


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[Live]:
    """Serve the API with a hub of its own for the block."""
    app = build_api(SERVICE, KEYS.verifier())
    other = Context.of(replace(desk.ctx.core, metrics=new_registry()), desk.ctx.settings)
    serve_context(SERVICE, app, other)
    async with served(documented(app), app.state.stopping) as http:
        yield Live(http, other.live, app.state.stopping)
    await other.live.close()
