"""What every route of every service refuses before its endpoint runs, and in which order."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, ClassVar

import httpx
import pytest
from fastapi import Query, Response
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, TypeAdapter, ValidationError

from libs.common.platform.http.app import create_app
from libs.common.platform.http.deps import Admin
from libs.common.platform.http.etag import IfMatch, set_etag
from libs.common.platform.http.paging import Paged
from libs.common.platform.http.routes import api_router
from libs.common.platform.http.wire import Moment, Patch
from libs.common.testkit.issuer import TokenIssuer

KEYS = TokenIssuer.generate()
DESKS = "/tasks/v1/desks"
MOMENT = TypeAdapter(Moment)


class DeskPatch(Patch):
    takes_away: ClassVar[frozenset[str]] = frozenset({"note"})

    zone: str | None = None
    note: str | None = None


class Desk(BaseModel):
    zone: str = "UTC"
    version: int = 3


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    router = api_router(DESKS, tags=["desks"])

    @router.get("")
    async def desks(
        _: Admin, page: Paged, zone: str | None = None, state: Annotated[list[str] | None, Query()] = None
    ) -> list[str]:
        return [zone or "", *(state or [])]

    @router.post("")
    async def make(_: Admin, body: Desk) -> Desk:
        return body

    @router.get("/{code}")
    async def desk(code: str, _: Admin, response: Response) -> Desk:
        set_etag(response, 3)
        return Desk()

    @router.patch("/{code}")
    async def change(code: str, body: DeskPatch, seen: IfMatch, _: Admin) -> DeskPatch:
        return body

    app = create_app(service="tasks", title="tasks", routers=[router], auth=KEYS.verifier())
    headers = {"Authorization": f"Bearer {KEYS.token('anna', ['admin'])}", "Accept-Language": "en"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        yield client


@pytest.mark.req("U12")
@pytest.mark.parametrize(
    ("query", "fault"),
    [
        ("dsk=demo", ("/dsk", "unknown_parameter")),
        ("Zone=UTC", ("/Zone", "unknown_parameter")),
        ("zone=UTC&zone=MSK", ("/zone", "given_twice")),
        ("limit=1&limit=2", ("/limit", "given_twice")),
        ("%00=1", ("/", "nul_character")),
        ("=1", ("/", "unknown_parameter")),
    ],
)
async def test_a_query_parameter_that_would_be_ignored_is_named(
    http: httpx.AsyncClient, query: str, fault: tuple[str, str]
) -> None:
    answer = await http.get(f"{DESKS}?{query}")
    (found,) = answer.json()["errors"]
    assert (answer.status_code, found["pointer"], found["code"], found["in"]) == (422, *fault, "query")


@pytest.mark.req("U12")
async def test_every_unknown_parameter_is_named_with_those_that_there_are(http: httpx.AsyncClient) -> None:
    errors = (await http.get(f"{DESKS}?a=1&b=2")).json()["errors"]
    assert [fault["pointer"] for fault in errors] == ["/a", "/b"]
    assert errors[0]["detail"].endswith("cursor, limit, state, zone")


@pytest.mark.req("U12")
async def test_what_may_be_given_more_than_once_is_taken(http: httpx.AsyncClient) -> None:
    assert (await http.get(f"{DESKS}?state=active&state=failed&zone=UTC")).json() == ["UTC", "active", "failed"]


@pytest.mark.req("U27")
@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("DELETE", DESKS, "GET, POST"), ("POST", f"{DESKS}/demo", "GET, PATCH")]
)
async def test_allow_names_the_methods_of_all_routes_of_a_path(
    http: httpx.AsyncClient, method: str, path: str, allowed: str
) -> None:
    answer = await http.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)


@pytest.mark.req("U28")
@pytest.mark.parametrize(
    ("method", "path", "content", "headers"),
    [
        ("PATCH", f"{DESKS}/demo", "{}", {}),
        ("PATCH", f"{DESKS}/demo", "{}", {"If-Match": "nonsense"}),
        ("PATCH", f"{DESKS}/demo", "{", {"If-Match": '"1"'}),
        ("POST", DESKS, "<xml/>", {"Content-Type": "text/xml"}),
        ("GET", f"{DESKS}?nonsense=1", "", {}),
        ("GET", f"{DESKS}?limit=%00", "", {}),
    ],
)
async def test_who_calls_is_asked_before_anything_else(
    http: httpx.AsyncClient, method: str, path: str, content: str, headers: dict[str, str]
) -> None:
    sent = {"Content-Type": "application/json", **headers, "Authorization": ""}
    assert (await http.request(method, path, content=content, headers=sent)).status_code == 401


@pytest.mark.req("U28")
async def test_a_role_is_asked_for_before_a_version(http: httpx.AsyncClient) -> None:
    headers = {"Authorization": f"Bearer {KEYS.token('anna', ['operator'])}"}
    assert (await http.patch(f"{DESKS}/demo", json={}, headers=headers)).status_code == 403


@pytest.mark.req("U34")
@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ({}, ("", "nothing_given")),
        ({"zone": None}, ("/zone", "null_given")),
        ({"zone": 1}, ("/zone", "string_type")),
    ],
)
async def test_a_patch_that_changes_nothing_is_refused(
    http: httpx.AsyncClient, body: dict[str, object], fault: tuple[str, str]
) -> None:
    answer = await http.patch(f"{DESKS}/demo", json=body, headers={"If-Match": '"1"'})
    (found,) = answer.json()["errors"]
    assert (answer.status_code, found["pointer"], found["code"]) == (422, *fault)


@pytest.mark.req("U34")
async def test_what_can_be_taken_away_is_taken_away_by_null(http: httpx.AsyncClient) -> None:
    answer = await http.patch(f"{DESKS}/demo", json={"note": None}, headers={"If-Match": '"1"'})
    assert (answer.status_code, answer.json()) == (200, {"zone": None, "note": None})


@pytest.mark.req("U34")
@pytest.mark.parametrize("seen", ['"3"', 'W/"3"', '"1", "3"', "*"])
async def test_what_the_caller_has_already_is_not_sent_again(http: httpx.AsyncClient, seen: str) -> None:
    answer = await http.get(f"{DESKS}/demo", headers={"If-None-Match": seen})
    assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", '"3"')


@pytest.mark.req("U34")
async def test_what_has_changed_is_sent(http: httpx.AsyncClient) -> None:
    assert (await http.get(f"{DESKS}/demo", headers={"If-None-Match": '"2"'})).status_code == 200


@pytest.mark.req("U29")
@pytest.mark.parametrize("seen", ['"0"', '"999999999999999999"'])
async def test_a_version_that_nothing_can_have_is_read(http: httpx.AsyncClient, seen: str) -> None:
    assert (await http.patch(f"{DESKS}/demo", json={"zone": "UTC"}, headers={"If-Match": seen})).status_code == 200


@pytest.mark.req("U30")
@pytest.mark.parametrize(
    "word",
    ["0.5", "0", "1700000000", "2026-03-02", "2026-03-02T10:00:00", "2026-03-02 10:00:00Z", "20260302T100000Z",
     "2026-W10-1T10:00:00Z", "now", "", "2026-03-02T10:00:00+3", "2026-13-02T10:00:00Z"],
)  # fmt: skip
def test_what_is_no_moment_of_rfc_3339_is_refused(word: str) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(word)


@pytest.mark.req("U30")
@pytest.mark.parametrize("value", [0, 0.5, 1_700_000_000, True, None, [], {}])
def test_no_value_but_a_text_is_a_moment(value: object) -> None:
    with pytest.raises(ValidationError):
        MOMENT.validate_python(value)


@pytest.mark.req("U29", "U30")
@pytest.mark.parametrize("word", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-12:00"])
def test_a_moment_beyond_the_calendar_is_its_end(word: str) -> None:
    assert MOMENT.validate_python(word).utcoffset() == timedelta(0)


@pytest.mark.req("U30")
@given(st.datetimes(timezones=st.timezones()).filter(lambda at: 1 < at.year < 9999))
def test_every_moment_with_an_offset_of_minutes_is_read_as_it_is(at: datetime) -> None:
    whole = at.astimezone(UTC)
    assert MOMENT.validate_python(whole.isoformat()) == whole
