"""The origin over four apps, and the routes of the embedded stack."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import jwt
from fastapi import FastAPI

from deploy.local.dev import create_dev
from deploy.local.origin import Origin, create_origin
from libs.common.clock import SharedClock
from libs.common.testing.issuer import AUDIENCE, TokenIssuer


def _service(name: str, status: int = 200) -> FastAPI:
    app = FastAPI()

    @app.get(f"/{name}/readyz", status_code=status)
    async def ready() -> str:
        return name

    return app


def _origin(tmp_path: Path, services: Mapping[str, FastAPI]) -> Origin:
    own = create_dev(
        SharedClock(tmp_path / "clock"), TokenIssuer.generate(), "http://127.0.0.1:1", lambda: {"a": 1}
    )
    return create_origin(services, own, dict)


def _client(app: Origin) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://origin")


async def test_the_first_segment_chooses_the_service(tmp_path: Path) -> None:
    async with _client(_origin(tmp_path, {"intake": _service("intake"), "tasks": _service("tasks")})) as client:
        assert (await client.get("/tasks/readyz")).json() == "tasks"


async def test_the_origin_is_ready_only_when_all_are(tmp_path: Path) -> None:
    services = {"intake": _service("intake"), "tasks": _service("tasks", status=503)}
    async with _client(_origin(tmp_path, services)) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["parts"] == {"intake-api": True, "tasks-api": False}


async def test_the_clock_moves_for_all_processes(tmp_path: Path) -> None:
    other = SharedClock(tmp_path / "clock")
    async with _client(_origin(tmp_path, {})) as client:
        await client.post("/dev/clock", json={"advance": "PT20M"})
    assert other.offset == timedelta(minutes=20)


async def test_the_clock_never_moves_back(tmp_path: Path) -> None:
    async with _client(_origin(tmp_path, {})) as client:
        assert (await client.post("/dev/clock", json={"advance": "-PT1M"})).status_code == 422


async def test_a_token_carries_what_was_asked(tmp_path: Path) -> None:
    async with _client(_origin(tmp_path, {})) as client:
        answer = await client.post("/dev/token", json={"sub": "maria", "roles": ["operator"], "desks": ["demo"]})
    claims = jwt.decode(answer.json()["access_token"], options={"verify_signature": False}, audience=AUDIENCE)
    assert (claims["sub"], claims["roles"], claims["desks"]) == ("maria", ["operator"], ["demo"])
