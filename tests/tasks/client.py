"""The service over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
from httpx import Response

from libs.common.platform.http.assembly import build_api, serve_context
from libs.common.testkit.issuer import TokenIssuer
from services.tasks.app import SERVICE
from tests.support.documented import documented
from tests.tasks.desk import Desk

Json = dict[str, Any]  # tests check what they read of an answer
KEYS = TokenIssuer.generate()


@dataclass(frozen=True)
class Api:
    """Calls in the name of `sub`."""

    http: httpx.AsyncClient

    async def call(
        self,
        method: str,
        path: str,
        *,
        sub: str = "anna",
        role: str = "operator",
        desks: tuple[str, ...] | None = None,
        json: object = None,
        content: str | None = None,
        version: int | None = None,
        tag: str | None = None,
        key: str | None = None,
        language: str = "ru",
        params: Mapping[str, str | list[str]] | None = None,
    ) -> Response:
        if desks is None:
            desks = ("*",) if role == "admin" else ("demo",)
        headers = {"Authorization": f"Bearer {KEYS.token(sub, [role], desks)}", "Accept-Language": language}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        if tag is not None:
            headers["If-Match"] = tag
        if key is not None:
            headers["Idempotency-Key"] = key
        if content is not None:
            headers["Content-Type"] = "application/yaml"
        return await self.http.request(
            method, f"/tasks/v1{path}", headers=headers, json=json, content=content, params=params
        )

    async def task(self, lead_id: UUID, role: str = "admin") -> Json:
        """Return the open task of a lead."""
        found = await self.call("GET", "/tasks", role=role, params={"lead_id": str(lead_id), "state": "active"})
        tasks: list[Json] = found.json()["items"]
        (task,) = tasks
        return task

    async def outcome(self, task: Json, outcome: str, sub: str = "anna", **given: object) -> Response:
        body = {"outcome": outcome, "comment": "поговорили", **given}
        return await self.call("POST", f"/tasks/{task['id']}/outcome", sub=sub, json=body, version=task["version"])


def api_of(desk: Desk) -> httpx.AsyncClient:
    """Return a client of the service that shares the context of `desk`."""
    app = build_api(SERVICE, KEYS.verifier())
    serve_context(SERVICE, app, desk.ctx)
    return httpx.AsyncClient(transport=httpx.ASGITransport(documented(app)), base_url="http://tasks")
