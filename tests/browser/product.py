"""The product of a `make run`, as those use it who are not at the browser: the administrator and the operators."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx

from deploy.standins.client import http_client
from tests.local.run import Run
from tests.support.patience import PATIENCE

Json = dict[str, Any]  # tests check what they read

WIDE = 200  # tasks at once


@dataclass(frozen=True, slots=True)
class Source:
    """A webhook of a landing page, and the token that it wants."""

    url: str
    token: str


@dataclass
class Product:
    """The demo desk and its administrator's client."""

    http: httpx.AsyncClient
    info: Json
    _numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def origin(self) -> str:
        return str(self.info["origin"])

    async def source(self, **members: object) -> Source:
        """Make a source of landing pages that wants a token."""
        config = {"format": "landing", "auth": "token"}
        body = {
            "desk": "demo",
            "code": f"page{next(self._numbers)}",
            "playbook": "callback",
            "zone": "Europe/Moscow",
        }
        made = await self.ok("POST", "/intake/v1/sources", json={**body, "config": config, **members})
        return Source(f"{self.origin}{made['hook']}", made["secret"])

    def phone(self) -> str:
        """Return a phone that nobody had until now."""
        return f"+7913{next(self._numbers):07}"

    async def leads(self, phone: str) -> list[Json]:
        """Return the leads of a phone."""
        items: list[Json] = (await self.ok("GET", "/intake/v1/leads", params={"q": phone}))["items"]
        return items

    async def order(self) -> str:
        """Let somebody order at the demo's landing page; return their name, which nobody had until now."""
        landing = self.info["sources"]["landing"]
        phone = self.phone()
        name = f"Anna {phone[-4:]}"
        sent = {"name": name, "phone": phone, "external_id": phone}
        await self.ok("POST", landing["url"], json=sent, headers={"X-Source-Token": landing["token"]})
        return name

    async def widen(self, operator: str) -> None:
        """Let an operator have as much work as the tests make."""
        own = {"Authorization": f"Bearer {self.info['operators'][operator]}"}
        me = await self.ok("GET", "/assignment/v1/me", headers=own)
        fresh = {"If-Match": f'"{me["version"]}"'}
        await self.ok("PATCH", f"/assignment/v1/operators/{me['id']}", json={"capacity": WIDE}, headers=fresh)

    async def ok(self, method: str, path: str, **request: Any) -> Json:  # noqa: ANN401 - httpx's own arguments
        """Call an API, as the administrator unless it says otherwise."""
        answer = await self.http.request(method, path, **request)
        assert answer.is_success, answer.text
        body: Json = answer.json()
        return body


@asynccontextmanager
async def product_of(run: Run) -> AsyncIterator[Product]:
    """Yield the product of a stack in which maria alone is at work."""
    info = run.info()
    headers = {"Authorization": f"Bearer {info['token']}"}
    async with http_client(base_url=run.url(""), headers=headers, timeout=PATIENCE) as client:
        product = Product(client, info)
        for name in ("ivan", "olga"):
            own = {"Authorization": f"Bearer {info['operators'][name]}"}
            await product.ok("POST", "/assignment/v1/check-out", json={}, headers=own)
        await product.widen("maria")
        yield product
