"""How live streams of tasks begin and end: tickets, tokens, dismissal (P.5)."""

import asyncio
import os

import pytest

from deploy.documents import client
from tests.support.patience import PATIENCE
from tests.support.streams import SOON_OVER, Stream
from tests.tasks.client import KEYS, Api
from tests.tasks.desk import ANNA_ID, Desk, operator
from tests.tasks.live import Live
from tests.tasks.test_moves_api import opened

pytestmark = [pytest.mark.req("P.5")]


@pytest.mark.req("U14")
async def test_the_stream_of_a_dismissed_operator_says_so_and_ends(desk: Desk, api: Api, live: Live) -> None:
    async with live.follow("anna", "operator") as stream:
        await desk.receive(operator(ANNA_ID, "anna", active=False))
        frames = await stream.events(2)
    assert frames == [{"event": "end", "data": '{"reason":"dismissed"}'}]


@pytest.mark.req("U15")
async def test_a_stream_ends_with_its_token_and_says_so(desk: Desk, live: Live) -> None:
    async with live.follow(lifetime=SOON_OVER) as stream:
        assert await stream.events(2) == [{"event": "end", "data": '{"reason":"token_expired"}'}]


@pytest.mark.req("U15")
async def test_a_ticket_opens_the_stream_of_its_caller_without_a_header(desk: Desk, api: Api, live: Live) -> None:
    async with live.by_ticket(await live.ticket("anna", "operator")) as stream:
        task = await opened(desk, api)
        (change,) = await stream.data(1)
    assert change["task_id"] == task["id"]


@pytest.mark.req("U15")
async def test_a_ticket_is_good_once_and_another_goes_on_behind_the_last_place(
    desk: Desk, api: Api, live: Live
) -> None:
    ticket = await live.ticket()
    async with live.by_ticket(ticket) as stream:
        place = stream.place
    again = await live.http.get(f"/tasks/v1/stream?ticket={ticket}")
    task = await opened(desk, api)
    async with live.by_ticket(await live.ticket(), f"&after={place}") as resumed:
        (change,) = await resumed.data(1)
    assert (again.status_code, again.json()["code"], again.json()["reason"]) == (401, "invalid_ticket", "used")
    assert change["task_id"] == task["id"]


@pytest.mark.req("U15")
async def test_a_stream_by_ticket_says_where_it_is_by_an_event_that_a_page_sees(live: Live) -> None:
    token = KEYS.token("chief", ["supervisor"], ("demo",))
    frames = {}
    for name, query, sent in (
        ("ticket", f"?ticket={await live.ticket()}", {}),
        ("header", "", {"Authorization": f"Bearer {token}"}),
    ):
        async with live.http.stream("GET", f"/tasks/v1/stream{query}", headers=sent) as answer:
            frames[name] = await Stream(answer).frame()
    assert {name: sorted(frame or {}) for name, frame in frames.items()} == {
        "ticket": ["data", "event", "id"], "header": ["id"],
    }  # fmt: skip


@pytest.mark.req("U14", "U15")
async def test_a_page_s_own_eventsource_follows_by_tickets_and_goes_on_after_a_break(
    desk: Desk, api: Api, live: Live
) -> None:
    client.install()
    token = KEYS.token("chief", ["supervisor"], ("demo",))
    page = asyncio.create_task(
        asyncio.to_thread(
            client.node, "--experimental-eventsource", "--no-warnings", "src/board.ts",
            str(live.http.base_url).rstrip("/"), env={**os.environ, "DOZVON_TOKEN": token}, seconds=PATIENCE,
        )
    )  # fmt: skip
    await live.until_followed()
    await opened(desk, api)
    live.end_streams()
    await opened(desk, api)
    assert (await page).splitlines() == ["task_opened: Перезвонить клиенту"] * 2


@pytest.mark.req("U15")
async def test_of_two_that_come_with_one_ticket_at_once_one_is_let_in(desk: Desk, live: Live) -> None:
    ticket = await live.ticket()

    async def come() -> bool:
        try:
            async with asyncio.timeout(PATIENCE), live.by_ticket(ticket):
                return True
        except AssertionError:
            return False

    assert sorted(await asyncio.gather(*(come() for _ in range(4)))) == [False, False, False, True]


@pytest.mark.req("U15")
@pytest.mark.parametrize(("ticket", "reason"), [("nonsense", "unknown"), ("", "unknown"), ("x" * 300, "unknown")])
async def test_an_unknown_ticket_is_refused_by_name(live: Live, ticket: str, reason: str) -> None:
    answer = await live.http.get(f"/tasks/v1/stream?ticket={ticket}")
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (401, "invalid_ticket", reason)


@pytest.mark.req("U15")
async def test_a_ticket_that_comes_too_late_is_refused_by_name(desk: Desk, live: Live) -> None:
    ticket = await live.ticket()
    await desk.ctx.db.pool.execute("UPDATE stream_ticket SET issued_at = issued_at - interval '61 s'")
    answer = await live.http.get(f"/tasks/v1/stream?ticket={ticket}")
    assert (answer.status_code, answer.json()["reason"]) == (401, "expired")


@pytest.mark.req("U15")
async def test_a_stream_by_ticket_ends_with_the_token_that_got_it(live: Live) -> None:
    ticket = await live.ticket(lifetime=SOON_OVER)
    async with live.by_ticket(ticket) as stream:
        assert await stream.events(2) == [{"event": "end", "data": '{"reason":"token_expired"}'}]


@pytest.mark.req("U15")
async def test_only_a_digest_of_a_ticket_is_stored_and_old_ones_are_swept(desk: Desk, live: Live) -> None:
    first = await live.ticket()
    rows = await desk.ctx.db.pool.fetch("SELECT t::text AS whole FROM stream_ticket t")
    await desk.ctx.db.pool.execute("UPDATE stream_ticket SET issued_at = issued_at - interval '2 h'")
    await live.ticket()
    left = await desk.ctx.db.pool.fetchval("SELECT count(*) FROM stream_ticket")
    assert (len(rows), any(first in row["whole"] for row in rows), left) == (1, False, 1)


@pytest.mark.req("U15")
async def test_a_ticket_opens_no_other_route(live: Live) -> None:
    answer = await live.http.get(f"/tasks/v1/tasks?ticket={await live.ticket()}")
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")


@pytest.mark.req("U15")
async def test_who_may_not_follow_gets_no_ticket(live: Live) -> None:
    nobody = await live.http.post("/tasks/v1/stream-tickets")
    assert (nobody.status_code, nobody.json()["code"]) == (401, "unauthenticated")
