"""Where a day is played: the APIs behind one client, the clock, the issuer and the stand-ins of providers."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import uuid4

import httpx

#: Seconds until the product must have decided; a key whose holder died is free again after 60.
PATIENCE = 120.0
#: Seconds until nothing is under way any more.
REST = 180.0
_AGAIN = 0.2
_LOOK_AGAIN = 0.05


class Ground(Protocol):
    """A stack as its players meet it."""

    @property
    def client(self) -> httpx.AsyncClient:
        """A client of all services' APIs."""
        ...

    async def now(self) -> datetime:
        """Return business time."""
        ...

    async def advance(self, by: timedelta) -> None:
        """Move business time, forward only."""
        ...

    async def token(self, sub: str, role: str, desk: str) -> str:
        """Return a bearer token."""
        ...

    async def rest(self) -> None:
        """Wait until nothing is under way. Raises TimeoutError."""
        ...

    async def standin(self, path: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        """Ask a stand-in of a provider: POST with a body, GET without."""
        ...


class Origin:
    """The stack of `make run`, by its origin's own routes (`/dev`)."""

    def __init__(self, client: httpx.AsyncClient, standins: str) -> None:
        self.client = client
        self._standins = httpx.AsyncClient(base_url=standins, timeout=30)

    async def now(self) -> datetime:
        """Return business time."""
        return datetime.fromisoformat((await asked(self.client, "GET", "/dev/clock")).json()["now"])

    async def advance(self, by: timedelta) -> None:
        """Move business time, forward only."""
        await asked(self.client, "POST", "/dev/clock", {"advance": f"PT{by.total_seconds():.0f}S"})

    async def token(self, sub: str, role: str, desk: str) -> str:
        """Return a bearer token."""
        body = {"sub": sub, "roles": [role], "desks": [desk]}
        token: str = (await asked(self.client, "POST", "/dev/token", body)).json()["access_token"]
        return token

    async def rest(self) -> None:
        """Wait until two looks in a row find nothing under way. Raises TimeoutError, with what is left."""
        found: dict[str, object] = {}
        try:
            async with asyncio.timeout(REST):
                events = -1
                while True:
                    found = (await asked(self.client, "GET", "/dev/under-way")).json()
                    if not found["left"] and found["events"] == events:
                        return
                    events = int(str(found["events"]))
                    await asyncio.sleep(_LOOK_AGAIN)
        except TimeoutError:
            raise TimeoutError(f"not at rest after {REST:.0f} s: {found}") from None

    async def standin(self, path: str, body: Mapping[str, object] | None = None) -> httpx.Response:
        """Ask a stand-in of a provider: POST with a body, GET without."""
        return await asked(self._standins, "POST" if body else "GET", path, body)


async def asked(
    client: httpx.AsyncClient,
    method: str,
    path: str,
    body: Mapping[str, object] | None = None,
    headers: Mapping[str, str] | None = None,
) -> httpx.Response:
    """Ask, again and again under one key, until there is an answer that is no outage. Raises TimeoutError.

    An answer of 4xx is returned: it is the caller's to judge.
    """
    every = {**(headers or {}), **({"Idempotency-Key": str(uuid4())} if method == "POST" else {})}
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                answer = await client.request(method, path, json=body, headers=every, timeout=30)
            except httpx.HTTPError:
                await asyncio.sleep(_AGAIN)
                continue
            if not _is_outage(answer):
                return answer
            await asyncio.sleep(_AGAIN)


def _is_outage(answer: httpx.Response) -> bool:
    if answer.is_client_error:
        return _code(answer) in {"too_many_requests", "request_in_progress"}
    return answer.is_server_error


def _code(answer: httpx.Response) -> str:
    try:
        return str(answer.json().get("code", ""))
    except ValueError:
        return ""
