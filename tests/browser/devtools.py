"""The DevTools protocol over its WebSocket: commands that are answered, and events of each session."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp

from tests.support.patience import PATIENCE

Json = dict[str, Any]  # the protocol's own; tests check what they read
Listener = Callable[[str, Json], None]


class RefusedError(RuntimeError):
    """The browser did not do what it was told."""


class DevTools:
    """One connection for the browser and all its pages; `session` is a page's."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Json]] = {}
        self._listeners: dict[str, Listener] = {}

    async def call(self, method: str, session: str | None = None, **params: object) -> Json:
        """Do one command and return its result. Raises RefusedError."""
        number = next(self._numbers)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        command = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        await self._socket.send_str(json.dumps(command))
        async with asyncio.timeout(PATIENCE):
            return await self._waiting[number]

    def listen(self, session: str, listener: Listener) -> None:
        """Give a session's events to a listener, in their order."""
        self._listeners[session] = listener

    async def read(self) -> None:
        """Read what the browser says until the connection ends."""
        async for message in self._socket:
            said: Json = json.loads(message.data)
            if "id" in said:
                self._answer(self._waiting.pop(said["id"]), said)
            elif listener := self._listeners.get(said.get("sessionId", "")):
                listener(said["method"], said["params"])
        for future in self._waiting.values():
            future.set_exception(RefusedError("the browser has gone"))

    def _answer(self, future: asyncio.Future[Json], said: Json) -> None:
        if future.done():  # whoever asked has waited long enough
            return
        if error := said.get("error"):
            future.set_exception(RefusedError(error["message"]))
        else:
            future.set_result(said["result"])


@asynccontextmanager
async def devtools(address: str) -> AsyncIterator[DevTools]:
    """Connect to a browser's `ws://…` for the block."""
    async with aiohttp.ClientSession() as http, http.ws_connect(address, max_msg_size=0) as socket:
        connection = DevTools(socket)
        reading = asyncio.create_task(connection.read())
        try:
            yield connection
        finally:
            reading.cancel()
            with suppress(asyncio.CancelledError):
                await reading
