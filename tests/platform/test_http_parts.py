"""Pages, versions, languages and streams."""

import asyncio
import base64
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from starlette.requests import Request

from libs.common.platform.http.catalogue import CATALOGUE, type_of
from libs.common.platform.http.etag import named, required_version
from libs.common.platform.http.faults import untagged
from libs.common.platform.http.language import Language, language_of
from libs.common.platform.http.pagination import Keyset, PageQuery, decode_cursor, encode_cursor
from libs.common.platform.http.problems import Problem
from libs.common.platform.http.server_event import ServerEvent
from libs.common.platform.http.sse import event_stream, last_event_id
from libs.common.platform.http.stale import etag, stale
from tests.support.patience import PATIENCE

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ID = UUID("0190b3a4-0000-7000-8000-000000000001")


class Task(BaseModel):
    version: int


def request(app: FastAPI | None = None, **headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "headers": raw, "app": app})


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00")), st.integers(), st.datetimes())
def test_a_cursor_gives_back_its_values(text: str, number: int, moment: datetime) -> None:
    values = (text, number, moment.replace(tzinfo=UTC), ID, Decimal("7.40"), None)
    cursor = encode_cursor("-created_at", values)
    assert decode_cursor(cursor, "-created_at", (str, int, datetime, UUID, Decimal, str)) == values


@given(st.text())
def test_a_made_up_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(Problem, match="invalid_cursor"):
        decode_cursor(cursor, "-created_at", (datetime, UUID))


@pytest.mark.parametrize(
    "values",
    [("-created_at", [NOW, "x"]), ("name", [NOW, ID]), ("-created_at", [NOW]), ("-created_at", [ID, ID])],
)
def test_a_cursor_of_another_list_is_refused(values: tuple[str, list[datetime | UUID | str]]) -> None:
    with pytest.raises(Problem):
        decode_cursor(encode_cursor(*values), "-created_at", (datetime, UUID))


def test_a_cursor_cannot_smuggle_a_nul() -> None:
    cursor = base64.urlsafe_b64encode(rb'["name","\u0000"]').decode()
    with pytest.raises(Problem):
        decode_cursor(cursor, "name", (str,))


def test_pages_end_without_a_cursor() -> None:
    asked, keyset = PageQuery(limit=3), Keyset("id", {"id": int})
    pages = [keyset.cut([{"id": n} for n in range(count)], asked).page(str) for count in (0, 3, 4)]
    assert [len(page.items) for page in pages] == [0, 3, 3]
    assert [page.next_cursor for page in pages] == [None, None, encode_cursor("id", [2])]


@pytest.mark.parametrize("tag", ['"3"', 'W/"3"', ' "3" '])
async def test_if_match_gives_the_version(tag: str) -> None:
    assert await required_version(tag) == 3


@pytest.mark.parametrize("tag", ["3", "*", '"x"', '"1", "2"', '"99999999999999999999"'])
async def test_a_tag_that_is_not_ours_is_malformed(tag: str) -> None:
    with pytest.raises(Problem) as caught:
        await required_version(tag)
    assert caught.value.status_code == 400


@pytest.mark.parametrize(("call", "status"), [(request(), 428), (request(if_match='"2"'), 412)])
def test_a_stale_version_that_was_never_named_is_428(call: Request, status: int) -> None:
    assert named(stale(Task(version=3)), call).status_code == status


def test_a_stale_version_is_412_with_the_current_state() -> None:
    problem = stale(Task(version=3))
    assert (problem.status_code, problem.extra) == (412, {"current": {"version": 3}})
    assert problem.headers == {"ETag": etag(3)}


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, Language.RU),
        ("en", Language.EN),
        ("en-US,en;q=0.9", Language.EN),
        ("de, en;q=0.4", Language.EN),
        ("ru;q=0.2, en;q=0.8", Language.EN),
        ("ru, en", Language.RU),
        ("en;q=0", Language.RU),
        ("*", Language.RU),
        ("en;q=nonsense", Language.RU),
        (",,;;=", Language.RU),
    ],
)
def test_accept_language_decides_and_russian_is_the_default(header: str | None, language: Language) -> None:
    assert language_of(header) is language


def test_an_unknown_code_borrows_the_title_of_its_status() -> None:
    assert type_of(409, "task_already_taken").title == CATALOGUE["conflict"].title
    assert type_of(418, "teapot").title == CATALOGUE["malformed_request"].title


async def frames(stop: asyncio.Event, events: AsyncGenerator[ServerEvent, None], heartbeat: float) -> list[bytes]:
    app = FastAPI()
    app.state.stopping = stop
    response = event_stream(request(app), events, heartbeat)
    return [
        bytes(frame) if not isinstance(frame, str) else frame.encode() async for frame in response.body_iterator
    ]


@pytest.mark.parametrize(("data", "lines"), [
    ("{\n}", "data: {\ndata: }\n"), ("a\r\nb\rc", "data: a\ndata: b\ndata: c\n"), ("", "data: \n"),
    ("a\u2028b\u0085c", "data: a\u2028b\u0085c\n"),
])  # fmt: skip
async def test_events_carry_their_ids_and_every_line_of_data(data: str, lines: str) -> None:
    async def events() -> AsyncGenerator[ServerEvent, None]:
        yield ServerEvent("7", "task", data)

    assert (await frames(asyncio.Event(), events(), 5))[1:] == [f"id: 7\nevent: task\n{lines}\n".encode()]


async def test_a_position_alone_is_no_event() -> None:
    async def events() -> AsyncGenerator[ServerEvent, None]:
        yield ServerEvent("7")

    assert (await frames(asyncio.Event(), events(), 5))[1:] == [b"id: 7\n\n"]


async def test_a_silent_stream_beats_and_ends_at_shutdown() -> None:
    stop, closed = asyncio.Event(), list[bool]()

    async def events() -> AsyncGenerator[ServerEvent, None]:
        try:
            await asyncio.sleep(60)
            yield ServerEvent("1", "never", "")
        finally:
            closed.append(True)

    asyncio.get_running_loop().call_later(0.12, stop.set)
    sent = await asyncio.wait_for(frames(stop, events(), 0.05), PATIENCE)
    assert (set(sent[1:]), closed) == ({b": alive\n\n"}, [True])


async def test_a_failing_source_fails_the_stream() -> None:
    closed = list[bool]()

    async def events() -> AsyncGenerator[ServerEvent, None]:
        yield ServerEvent("1", "first", str(1 // len(closed)))

    with pytest.raises(ZeroDivisionError):
        await frames(asyncio.Event(), events(), 5)


def test_last_event_id_is_taken_when_sane() -> None:
    assert last_event_id(request(last_event_id="42")) == "42"
    assert last_event_id(request(last_event_id="x" * 300)) is None


@pytest.mark.parametrize(
    ("parts", "body", "kept"),
    [
        (("config", "sms", "key"), {"config": {"kind": "sms", "key": 1}}, ["config", "key"]),
        (("config", "sms", "key"), {"config": {"kind": "sms"}}, ["config", "key"]),
        (("config", "sms", "key"), {"key": 1}, ["key"]),
        (("config", "key"), {"config": {"key": 1}}, ["config", "key"]),
        (("items", 1, "price"), {"items": [{}, {"price": 1}]}, ["items", 1, "price"]),
        (("items", 7, "price"), {"items": []}, ["items", 7, "price"]),
        (("name",), {}, ["name"]),
        (("name",), None, ["name"]),
        ((), {}, []),
    ],
)
def test_a_path_names_members_of_the_body_and_no_tags_of_unions(
    parts: tuple[object, ...], body: object, kept: list[object]
) -> None:
    assert untagged(parts, body) == kept
