"""Streams of server-sent events as a client reads them, from a service on a real socket."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import orjson
from starlette.types import ASGIApp

from deploy.local.ports import free_port
from deploy.standins.client import http_client
from libs.common.platform.serving import serve
from tests.support.patience import PATIENCE

Frame = Mapping[str, str]
Json = dict[str, Any]  # tests check what they read
# Of a token that opens a stream and ends with it: 30 s of skew are forgiven, and a busy machine needs its time.
SOON_OVER = timedelta(seconds=-25)


@asynccontextmanager
async def served(app: ASGIApp, stopping: asyncio.Event) -> AsyncIterator[httpx.AsyncClient]:
    """Serve an app for the block and yield a client of it; `stopping` ends its streams."""
    port = free_port()
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(app, "127.0.0.1", port, stop, lifespan="off"))
    async with http_client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as client:
        try:
            await _until_served(client)
            yield client
        finally:
            stopping.set()
            stop.set()
            await serving


async def _until_served(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await client.get("/")
            except httpx.ConnectError:
                await asyncio.sleep(0.01)
            else:
                return


class Stream:
    """An open stream; `place` is the last `id` that came."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.aiter_lines()
        self.place = ""

    async def frame(self) -> Frame | None:
        """Return the fields of the next frame that has some; None at the end of the stream."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE):
            async for line in self._lines:
                if line:
                    name, _, value = line.partition(": ")
                    fields |= {name: value} if name in ("id", "event", "data") else {}
                elif fields:
                    self.place = fields.get("id", self.place)
                    return fields
        return None

    async def events(self, count: int) -> list[Frame]:
        """Return the next events; fewer if the stream ends before."""
        found: list[Frame] = []
        while len(found) < count and (frame := await self.frame()) is not None:
            found += [frame] if "data" in frame else []
        return found

    async def data(self, count: int) -> list[Json]:
        """Return what the next events say."""
        return [orjson.loads(frame["data"]) for frame in await self.events(count)]


@asynccontextmanager
async def following(
    client: httpx.AsyncClient, path: str, token: str | None = None, **headers: str
) -> AsyncIterator[Stream]:
    """Follow a stream for the block; whatever happens from then on is told."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    proof = {} if token is None else {"Authorization": f"Bearer {token}"}
    async with client.stream("GET", path, headers={**proof, **given}) as answer:
        assert answer.status_code == 200, await answer.aread()
        stream = Stream(answer)
        await stream.frame()
        yield stream
