"""Pages of other origins and the APIs: what a browser asks, and which answers its page may read."""

from collections.abc import Mapping

import httpx
import pytest

from libs.common.platform.http.app import create_app
from libs.common.platform.http.routes import api_router

DESK, OTHER = "https://desk.example", "https://other.example"
PREFLIGHT = {"access-control-request-method": "PATCH", "access-control-request-headers": "authorization,if-match"}

router = api_router("/demo/v1/things", tags=["things"])


@router.get("")
async def get_things() -> dict[str, str]:
    """Return things."""
    return {"a": "b"}


async def send(method: str, path: str, headers: Mapping[str, str], *origins: str) -> httpx.Response:
    app = create_app(service="demo", title="Demo", routers=[router], origins=origins)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return await client.request(method, path, headers=headers)


@pytest.mark.req("U2")
@pytest.mark.parametrize(("origins", "allowed"), [((DESK,), DESK), ((OTHER, DESK), DESK), (("*",), "*")])
async def test_a_page_of_an_allowed_origin_may_call(origins: tuple[str, ...], allowed: str) -> None:
    asked = await send("OPTIONS", "/demo/v1/things", {"origin": DESK, **PREFLIGHT}, *origins)
    answer = await send("GET", "/demo/v1/things", {"origin": DESK}, *origins)
    assert [asked.status_code, answer.status_code] == [204, 200]
    assert [a.headers["access-control-allow-origin"] for a in (asked, answer)] == [allowed] * 2
    assert "PATCH" in asked.headers["access-control-allow-methods"]
    assert asked.headers["access-control-allow-headers"] == "authorization,if-match"


@pytest.mark.req("U2")
@pytest.mark.parametrize("path", ["/demo/v1/things", "/demo/v1/nothing", "/demo/readyz"])
async def test_a_page_may_read_any_answer_with_its_headers(path: str) -> None:
    answer = await send("GET", path, {"origin": DESK}, DESK)
    exposed = set(answer.headers["access-control-expose-headers"].split(", "))
    assert exposed == {"ETag", "Location", "Retry-After", "Idempotency-Replayed", "X-Request-Id"}


@pytest.mark.req("U2")
@pytest.mark.parametrize("origins", [(), (OTHER,)])
async def test_a_page_of_any_other_origin_may_not(origins: tuple[str, ...]) -> None:
    asked = await send("OPTIONS", "/demo/v1/things", {"origin": DESK, **PREFLIGHT}, *origins)
    answer = await send("GET", "/demo/v1/things", {"origin": DESK}, *origins)
    assert asked.status_code == 405
    assert not any("access-control-allow-origin" in a.headers for a in (asked, answer))


async def test_who_is_no_page_hears_nothing_of_origins() -> None:
    answer = await send("GET", "/demo/v1/things", {}, "*")
    assert "access-control-allow-origin" not in answer.headers
