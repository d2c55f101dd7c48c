"""The origin over four apps, and the routes of the embedded stack."""

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import jwt
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.types import Message

from deploy.local.apps import create_apps
from deploy.local.dev import create_dev
from deploy.local.origin import Origin
from deploy.local.ports import free_port
from deploy.local.under_way import UnderWay
from libs.common.platform.clock import SharedClock
from libs.common.platform.db.roles import SERVICES
from libs.common.platform.http.app import create_app
from libs.common.testkit.database import StackDatabase
from libs.common.testkit.issuer import AUDIENCE, TokenIssuer
from tests.support.stack import DATA_KEYS

PAGE = "http://localhost:5173"


def _service(name: str, status: int = 200) -> FastAPI:
    app = FastAPI()

    @app.get(f"/{name}/readyz", status_code=status)
    async def ready() -> str:
        return name

    return app


def _origin(tmp_path: Path, services: Mapping[str, FastAPI], workers: Mapping[str, int] | None = None) -> Origin:
    clock, nowhere = SharedClock(tmp_path / "clock"), "http://127.0.0.1:1"

    async def at_rest() -> UnderWay:
        return UnderWay({}, 7)

    own = create_dev(clock, TokenIssuer.generate(), nowhere, lambda: {"a": 1}, at_rest, [PAGE])
    return Origin(services, own, workers or {})


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


@pytest.mark.req("U25")
async def test_the_origin_has_one_document_of_all_four(tmp_path: Path) -> None:
    async with _client(_origin(tmp_path, {})) as client:
        document = (await client.get("/openapi.json")).json()
    assert {path.split("/")[1] for path in document["paths"]} == set(SERVICES)


async def test_the_root_of_the_origin_says_where_everything_is(tmp_path: Path) -> None:
    async with _client(_origin(tmp_path, {})) as client:
        index = (await client.get("/")).json()
        pages = [(await client.get(index[name])).status_code for name in ("docs", "openapi", "ready")]
    assert (pages, index["services"].keys()) == ([200] * 3, {*SERVICES})


@pytest.mark.req("U37")
async def test_the_origins_page_shows_its_document(tmp_path: Path) -> None:
    async with _client(_origin(tmp_path, {})) as client:
        page = (await client.get("/docs")).text
        start = (await client.get("/docs/start.js")).text
    assert ("docs/start.js" in page, 'new URL("openapi.json", location.href)' in start) == (True, True)


@pytest.mark.req("U2")
@pytest.mark.parametrize(("asking", "allowed"), [(PAGE, PAGE), ("http://localhost:1", None)])
@pytest.mark.parametrize("path", ["/dev/info", "/openapi.json"])
async def test_pages_of_the_origins_that_were_named_read_the_stacks_own_routes(
    tmp_path: Path, path: str, asking: str, allowed: str | None
) -> None:
    async with _client(_origin(tmp_path, {})) as client:
        answer = await client.get(path, headers={"origin": asking})
    assert (answer.status_code, answer.headers.get("access-control-allow-origin")) == (200, allowed)


@pytest.mark.servers
async def test_a_worker_that_does_not_answer_is_not_ready(tmp_path: Path) -> None:
    origin = _origin(tmp_path, {"intake": _service("intake")}, {"intake-worker": free_port()})
    async with _client(origin) as client:
        answer = await client.get("/readyz")
    assert (answer.status_code, answer.json()["parts"]) == (503, {"intake-api": True, "intake-worker": False})


async def test_the_four_services_live_in_one_process(tmp_path: Path, stack_db: StackDatabase) -> None:
    TokenIssuer.in_folder(tmp_path)
    shared = {"JWKS_FILE": str(tmp_path / "jwks.json"), "DATA_KEYS": DATA_KEYS}
    apps = create_apps({service: {**shared, "POSTGRES_URL": stack_db.url(service)} for service in SERVICES})
    origin = _origin(tmp_path, apps)
    async with origin.running(), _client(origin) as client:
        parts = (await client.get("/readyz")).json()["parts"]
        codes = [(await client.get(f"/{service}/metrics")).status_code for service in SERVICES]
    assert parts == {f"{service}-api": True for service in SERVICES}
    assert codes == [200] * len(SERVICES)


async def test_a_stopping_origin_ends_the_streams_of_every_service(tmp_path: Path) -> None:
    services = {name: create_app(service=name, title=name, routers=[]) for name in ("intake", "tasks")}
    _origin(tmp_path, services).begin_shutdown()
    assert [app.state.stopping.is_set() for app in services.values()] == [True, True]


@pytest.mark.servers
@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/nothing", (404, "not_found")),
        ("GET", "/dev/clock/nothing", (404, "not_found")),
        ("DELETE", "/dev/clock", (405, "method_not_allowed")),
        ("POST", "/dev/token", (422, "validation_failed")),
        ("GET", "/dev/outbox-messages", (503, "unavailable")),
    ],
)
async def test_what_the_stack_refuses_is_a_problem(
    tmp_path: Path, method: str, path: str, expected: tuple[int, str]
) -> None:
    async with _client(_origin(tmp_path, {})) as client:
        answer = await client.request(method, path, json={} if method == "POST" else None)
    assert (answer.status_code, answer.json()["code"]) == expected
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_request_for_no_path_is_a_problem_too(tmp_path: Path) -> None:
    scope = {"type": "http", "method": "OPTIONS", "path": "*", "raw_path": b"*", "query_string": b"", "headers": []}
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    await _origin(tmp_path, {})(scope, Request(scope).receive, send)
    assert (sent[0]["status"], json.loads(sent[1]["body"])["code"]) == (404, "not_found")


async def test_the_stack_says_what_is_left_to_do(tmp_path: Path) -> None:
    async with _client(_origin(tmp_path, {})) as client:
        assert (await client.get("/dev/under-way")).json() == {"left": {}, "events": 7}


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
