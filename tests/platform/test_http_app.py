"""The shell of every service: problems, request ids, traces, limits, metrics, probes."""

import json
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from typing import Annotated
from uuid import UUID

import asyncpg
import httpx
import pytest
import sqlalchemy.exc
from fastapi import APIRouter, FastAPI
from jsonschema import Draft202012Validator
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from libs.common.platform.http import shell
from libs.common.platform.http.app import begin_shutdown, create_app
from libs.common.platform.http.paging import Limit
from libs.common.platform.http.problems import Fault
from libs.common.platform.http.readiness import Readiness
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.shell import limit_body
from libs.common.platform.telemetry.context import log_fields
from libs.common.platform.telemetry.tracing import current_traceparent

LEAD = "/intake/v1/leads/0190b3a4-0000-7000-8000-000000000001"
PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Line(BaseModel):
    sku: str = Field(max_length=5)
    quantity: int = Field(ge=1)


class Order(BaseModel):
    name: str
    lines: list[Line] = []


class TakenError(Exception):
    context: Mapping[str, object] = {"owner": "op-1"}
    faults = (Fault("/task", "taken", "taken"),)
    retry_after = 3.2


FAILURES: dict[str, Exception] = {
    "bug": RuntimeError("secret of +79161234567"),
    "taken": TakenError("somebody was faster"),
    "key": LookupError(),
    "down": ConnectionRefusedError(),
    "pool": TimeoutError(),
    "starting": asyncpg.CannotConnectNowError("starting"),
    "slow": asyncpg.QueryCanceledError("statement timeout"),
    "deadlock": asyncpg.DeadlockDetectedError("deadlock"),
    "closed": asyncpg.InterfaceError("pool is closing"),
    "alchemy_pool": sqlalchemy.exc.TimeoutError("QueuePool limit"),
    "alchemy": sqlalchemy.exc.DBAPIError("select", None, asyncpg.AdminShutdownError("bye")),
    "range": asyncpg.NumericValueOutOfRangeError("integer out of range"),
}


def leads() -> APIRouter:
    router = api_router("/intake/v1/leads", tags=["leads"])

    @router.post("/{lead_id}", status_code=201)
    async def create(lead_id: UUID, order: Order, limit: Limit = 50) -> Order:
        return order

    @router.get("/{lead_id}/trace")
    async def trace(lead_id: UUID) -> list[str]:
        return [current_traceparent(), log_fields()["request_id"], log_fields()["service"]]

    @router.get("/fail/{name}")
    async def fail(name: str) -> None:
        raise FAILURES[name]

    return router


async def deliver(request: Request) -> Response:
    if "small" in request.path_params["key"]:
        limit_body(request, 10)
    return Response(str(len(await request.body())), 202)


async def half(_: Request) -> Response:
    async def parts() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("broken")

    return StreamingResponse(parts())


def make_app(readiness: Readiness | None = None) -> FastAPI:
    webhook = Route("/intake/v1/hooks/{key}", deliver, methods=["POST"])
    return create_app(
        service="intake",
        title="Intake",
        routers=[leads()],
        routes=[webhook, Route("/intake/half", half)],
        errors={TakenError: (409, "task_already_taken"), LookupError: (404, "not_found")},
        readiness=readiness,
        registry=CollectorRegistry(),
        body_limit=1000,
    )


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with connect(make_app()) as opened:
        yield opened


def connect(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://dozvon.test")


async def test_every_fault_is_named_at_once_with_its_place(client: httpx.AsyncClient) -> None:
    body = {"lines": [{"sku": "toolong", "quantity": 0}]}
    answer = await client.post(f"{LEAD}?limit=900", json=body)
    faults = {(fault["in"], fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}
    assert answer.status_code == 422
    assert faults == {
        ("query", "/limit", "less_than_equal"),
        ("body", "/name", "missing"),
        ("body", "/lines/0/sku", "string_too_long"),
        ("body", "/lines/0/quantity", "greater_than_equal"),
    }


async def test_messages_speak_the_callers_language(client: httpx.AsyncClient) -> None:
    russian = (await client.post(LEAD, json={})).json()
    english = (await client.post(LEAD, json={}, headers={"Accept-Language": "en-GB, ru;q=0.5"})).json()
    assert russian["errors"][0]["detail"] == "обязательное поле"
    assert (english["title"], english["code"]) == ("The data did not pass validation", russian["code"])


@pytest.mark.parametrize(
    ("method", "path", "content", "media", "status", "code"),
    [
        ("POST", LEAD, b"{", "application/json", 400, "malformed_json"),
        ("POST", LEAD, rb'{"name": "\u0000"}', "application/json", 422, "unstorable_text"),
        ("POST", f"{LEAD}?q=%00", b"{}", "application/json", 422, "unstorable_text"),
        ("POST", LEAD, b"name=x", "application/x-www-form-urlencoded", 415, "unsupported_media_type"),
        ("POST", LEAD, b'{"name": "x"}', "", 415, "unsupported_media_type"),
        ("POST", LEAD, b"x" * 1001, "application/json", 413, "body_too_large"),
        ("POST", "/intake/v1/hooks/small", b"x" * 11, "", 413, "body_too_large"),
        ("GET", "/intake/v1/leads/fail/a%00b", b"", "", 422, "unstorable_text"),
        ("PUT", LEAD, b"", "", 405, "method_not_allowed"),
        ("GET", "/docs", b"", "", 404, "not_found"),
        ("POST", "/intake/v1/leads/nonsense", b'{"name": "x"}', "application/json", 422, "validation_failed"),
        ("GET", "/intake/v1/leads/fail/bug", b"", "", 500, "internal_error"),
        ("GET", "/intake/v1/leads/fail/taken", b"", "", 409, "task_already_taken"),
        ("GET", "/intake/v1/leads/fail/range", b"", "", 422, "unstorable_value"),
    ],
)
async def test_every_error_is_a_problem(
    client: httpx.AsyncClient, method: str, path: str, content: bytes, media: str, status: int, code: str
) -> None:
    answer = await client.request(method, path, content=content, headers={"Content-Type": media} if media else {})
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["status"], answer.json()["code"]) == (status, status, code)


@pytest.mark.parametrize(
    "name", ["down", "pool", "starting", "slow", "deadlock", "closed", "alchemy_pool", "alchemy"]
)
async def test_a_database_that_is_away_is_503_with_retry_after(client: httpx.AsyncClient, name: str) -> None:
    answer = await client.get(f"/intake/v1/leads/fail/{name}")
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "2")


async def test_an_internal_error_shows_nothing(client: httpx.AsyncClient) -> None:
    answer = await client.get("/intake/v1/leads/fail/bug")
    assert "secret" not in answer.text
    assert answer.json()["instance"] == f"urn:request:{answer.headers['x-request-id']}"


async def test_a_domain_error_brings_its_context_and_retry_after(client: httpx.AsyncClient) -> None:
    answer = await client.get("/intake/v1/leads/fail/taken")
    assert answer.json()["detail"] == "somebody was faster"
    assert (answer.json()["owner"], answer.headers["retry-after"]) == ("op-1", "4")


async def test_errors_may_be_named_by_a_base_class(client: httpx.AsyncClient) -> None:
    assert (await client.get("/intake/v1/leads/fail/nobody")).status_code == 404


async def test_more_at_once_than_one_process_takes_is_503_and_when_to_come_again(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "MAX_REQUESTS", 0)
    refused = await client.get("/intake/livez")
    monkeypatch.undo()
    assert (refused.json()["code"], refused.headers["retry-after"]) == ("unavailable", "1")
    assert (await client.get("/intake/livez")).status_code == 200


async def test_a_streamed_body_is_counted(client: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 400

    answer = await client.post("/intake/v1/hooks/k", content=parts())
    assert answer.status_code == 413


async def test_a_plain_route_takes_any_bytes(client: httpx.AsyncClient) -> None:
    answer = await client.post("/intake/v1/hooks/k?a=%00", content=b"\x00\xff")
    assert (answer.status_code, answer.text) == (202, "2")


async def test_half_an_answer_ends_in_a_broken_connection(client: httpx.AsyncClient) -> None:
    with pytest.raises(RuntimeError, match="broken"):
        await client.get("/intake/half")


async def test_a_sane_request_id_is_echoed_and_seen_inside(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{LEAD}/trace", headers={"X-Request-Id": "front-end-42"})
    assert answer.headers["x-request-id"] == "front-end-42"
    assert answer.json()[1:] == ["front-end-42", "intake"]


@pytest.mark.parametrize("given", ["x", "a b c d e f g h", "79161234567", "x" * 65, "ivan@mail.ru"])
async def test_a_request_id_that_may_hold_anything_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    answer = await client.get("/intake/livez", headers={"X-Request-Id": given})
    assert UUID(answer.headers["x-request-id"]).version == 7


async def test_the_trace_goes_on_under_a_new_span(client: httpx.AsyncClient) -> None:
    answer = await client.get(f"{LEAD}/trace", headers={"traceparent": PARENT})
    inside = answer.json()[0]
    assert inside == answer.headers["traceparent"]
    assert (inside[:36], inside[36:52] != PARENT[36:52]) == (PARENT[:36], True)


async def test_metrics_count_by_route_template(client: httpx.AsyncClient) -> None:
    await client.get(f"{LEAD}/trace")
    await client.post("/intake/v1/hooks/some-secret-key")
    await client.get("/wp-login.php")
    text = (await client.get("/intake/metrics")).text
    assert 'http_requests_total{method="GET",route="/intake/v1/leads/{lead_id}/trace",status="200"} 1.0' in text
    assert 'route="/intake/v1/hooks/{key}"' in text
    assert 'route="unmatched"' in text
    assert "secret-key" not in text
    assert "wp-login" not in text


async def test_answers_carry_the_security_headers(client: httpx.AsyncClient) -> None:
    headers = (await client.get("/intake/livez")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


async def test_readiness_names_what_fails_and_never_why_in_detail() -> None:
    async def broken() -> None:
        raise ConnectionError("host db-1 refused")

    async with connect(make_app(Readiness({"database": broken}))) as client:
        answer = await client.get("/intake/readyz")
    assert (answer.status_code, answer.json()["checks"]) == (503, {"database": "failed"})


async def test_a_stopping_app_is_alive_but_not_ready() -> None:
    app = make_app()
    begin_shutdown(app)
    async with connect(app) as client:
        assert (await client.get("/intake/readyz")).status_code == 503
        assert (await client.get("/intake/livez")).status_code == 200


async def test_the_document_shows_problems_and_validates_one(client: httpx.AsyncClient) -> None:
    document = (await client.get("/intake/openapi.json")).json()
    schema = {**document["components"]["schemas"]["Problem"], "components": document["components"]}
    Draft202012Validator(schema).validate((await client.post(LEAD, json={})).json())
    assert "HTTPValidationError" not in json.dumps(document)


def test_a_process_starts_without_what_makes_its_document() -> None:
    made = "from libs.common.platform.http.app import create_app; create_app(service='x', title='x', routers=[])"
    asked = f"import sys; {made}; print([name for name in sys.modules if 'http.openapi' in name])"
    assert subprocess.check_output([sys.executable, "-c", asked], text=True).strip() == "[]"


@pytest.mark.req("U37")
async def test_the_docs_page_needs_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    page = await client.get("/intake/docs")
    wanted = re.findall(r'(?:src|href)="(docs/[^"]+)"', page.text)
    found = [(await client.get(f"/intake/{path}")).status_code for path in wanted]
    assert (found, "//" in page.text.replace("<!doctype", "")) == ([200] * 3, False)


async def test_the_docs_page_runs_files_of_its_origin_alone(client: httpx.AsyncClient) -> None:
    policy = (await client.get("/intake/docs")).headers["content-security-policy"]
    assert "script-src 'self';" in policy


async def test_the_docs_page_has_no_other_files(client: httpx.AsyncClient) -> None:
    assert (await client.get("/intake/docs/..%2f..%2fapp.py")).status_code == 404


def test_a_router_with_lax_routes_is_refused() -> None:
    async def lax() -> Annotated[str, "lax"]:
        return ""

    router = APIRouter()
    router.get("/x")(lax)
    with pytest.raises(TypeError, match="strict"):
        create_app(service="x", title="x", routers=[router])
