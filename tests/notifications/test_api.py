"""The HTTP API: templates, channels, messages, feed and stream (S0.3, S2.5, S4.12, S4.13, P.2, P.5)."""

import asyncio
from collections.abc import AsyncIterator, Mapping

import httpx
import orjson
import pytest

from deploy.standins.wazzup import KIND, Account, Standin, running
from deploy.standins.wazzup.accounts import DEMO_CHANNEL, DEMO_KEY
from libs.common.contracts import REGISTRY
from libs.common.contracts.notifications import TemplateApproved
from libs.common.platform.db import Database
from libs.common.platform.http.app import begin_shutdown
from tests.notifications.api import PREFIX, Api, running_api
from tests.notifications.support import BODIES, DESK, Desk, open_desk, requested, worker
from tests.notifications.test_feed import ANNA, BORIS, assigned, known, write
from tests.support.patience import PATIENCE
from tests.support.streams import SOON_OVER, following

TEMPLATE = {"desk": DESK, "code": "order_received", "bodies": BODIES}
CHANNEL = {"desk": DESK, "code": "main", "api_key": DEMO_KEY, "provider_channel_id": DEMO_CHANNEL}


@pytest.fixture
async def api(notifications_db: Database) -> AsyncIterator[Api]:
    async with running_api(notifications_db) as opened:
        yield opened


async def approve(api: Api, number: int = 1, **options: str) -> httpx.Response:
    path = f"/templates/order_received/versions/{number}/approve"
    return await api.call("POST", path, **{"role": "supervisor", **options})


@pytest.mark.req("S2.5")
async def test_an_operator_proposes_and_a_supervisor_approves(api: Api) -> None:
    proposed = await api.call("POST", "/templates", TEMPLATE, role="operator")
    refused = await approve(api, role="operator")
    approved = await approve(api)
    assert [proposed.status_code, refused.status_code, approved.status_code] == [201, 403, 200]
    assert (proposed.json()["state"], approved.json()["state"]) == ("proposed", "approved")


@pytest.mark.req("S2.5")
async def test_repeated_approval_is_published_once(api: Api) -> None:
    await api.call("POST", "/templates", TEMPLATE)
    for _ in range(2):
        assert (await approve(api)).status_code == 200
    (row,) = await api.ctx.core.db.pool.fetch("SELECT type, key, body FROM outbox")
    event = REGISTRY[row["type"]].model_validate(orjson.loads(row["body"]))
    assert (row["key"], event) == (
        "desk:demo",
        TemplateApproved(code="order_received", version=1, languages=("en", "ru"), actor="supervisor"),
    )


@pytest.mark.req("S2.5")
async def test_an_edit_is_a_new_version_to_be_approved_again(api: Api) -> None:
    await api.call("POST", "/templates", TEMPLATE)
    edited = await api.call("POST", "/templates", {**TEMPLATE, "bodies": {"ru": "Новый текст"}})
    assert (edited.json()["version"], edited.json()["state"]) == (2, "proposed")


async def test_the_same_texts_again_are_409_with_the_existing_id(api: Api) -> None:
    first = await api.call("POST", "/templates", TEMPLATE)
    again = await api.call("POST", "/templates", TEMPLATE)
    assert (again.status_code, again.json()["code"]) == (409, "already_exists")
    assert again.json()["existing"] == first.json()["id"]


async def test_an_older_version_cannot_replace_a_newer_approved_one(api: Api) -> None:
    await api.call("POST", "/templates", TEMPLATE)
    await api.call("POST", "/templates", {**TEMPLATE, "bodies": {"ru": "Новый текст"}})
    assert [(await approve(api, number)).status_code for number in (2, 1)] == [200, 409]


@pytest.mark.req("S4.12")
async def test_faulty_bodies_are_all_named(api: Api) -> None:
    answer = await api.call("POST", "/templates", {**TEMPLATE, "bodies": {"ru": "{oops", "en": " "}})
    faults = {(fault["pointer"], fault["code"]) for fault in answer.json()["errors"]}
    assert (answer.status_code, faults) == (422, {("/bodies/ru", "stray_brace"), ("/bodies/en", "blank")})


async def test_the_list_shows_the_placeholders_of_own_desks_alone(api: Api) -> None:
    await api.call("POST", "/templates", TEMPLATE)
    mine = await api.call("GET", "/templates?code=order_received", role="operator")
    foreign = await api.call("GET", "/templates", role="operator", desk="other")
    assert [item["placeholders"] for item in mine.json()["items"]] == [["name", "order_number"]]
    assert foreign.json()["items"] == []


async def test_a_foreign_desk_is_404(api: Api) -> None:
    await api.call("POST", "/templates", TEMPLATE)
    answers = [
        await api.call("POST", "/templates", TEMPLATE, role="operator", desk="other"),
        await approve(api, desk="other"),
    ]
    assert [answer.status_code for answer in answers] == [404, 404]


@pytest.mark.req("P.2")
async def test_the_same_idempotency_key_proposes_once(api: Api) -> None:
    answers = [await api.call("POST", "/templates", TEMPLATE, idempotency_key="k") for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


async def test_an_api_key_goes_in_and_never_comes_out(api: Api) -> None:
    made = await api.call("POST", "/channels", CHANNEL)
    listed = await api.call("GET", "/channels")
    assert made.status_code == 201
    assert DEMO_KEY not in made.text + listed.text


@pytest.mark.parametrize("key", ["ключ", "two words", "line\n", ""])
async def test_an_api_key_that_no_header_can_carry_is_refused(api: Api, key: str) -> None:
    answer = await api.call("POST", "/channels", {**CHANNEL, "api_key": key})
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/api_key")


async def test_the_webhook_address_is_for_administrators(api: Api) -> None:
    made = await api.call("POST", "/channels", CHANNEL)
    seen = await api.call("GET", f"/channels/{made.json()['id']}", role="supervisor")
    assert made.json()["hook_path"].startswith(f"{PREFIX}/hooks/wazzup/")
    assert seen.json()["hook_path"] is None


async def test_a_second_channel_of_the_same_code_is_409_with_the_first_ones_id(api: Api) -> None:
    first = await api.call("POST", "/channels", CHANNEL)
    again = await api.call("POST", "/channels", CHANNEL)
    assert (again.status_code, again.json()["existing"]) == (409, first.json()["id"])


async def test_a_change_needs_the_version_and_refuses_a_stale_one(api: Api) -> None:
    made = await api.call("POST", "/channels", CHANNEL)
    path = f"/channels/{made.json()['id']}"
    answers = [
        await api.call("PATCH", path, {"rate_5s": 100}),
        await api.call("PATCH", path, {"rate_5s": 100}, if_match=made.headers["etag"]),
        await api.call("PATCH", path, {"rate_5s": 200}, if_match=made.headers["etag"]),
    ]
    assert [answer.status_code for answer in answers] == [428, 200, 412]
    assert answers[2].json()["current"]["rate_5s"] == 100


async def test_subscribing_makes_the_provider_call_us(notifications_db: Database) -> None:
    account = Account()
    async with running(Standin([account], KIND)) as url, running_api(notifications_db, url) as opened:
        made = (await opened.call("POST", "/channels", CHANNEL)).json()
        answer = await opened.call("POST", f"/channels/{made['id']}/subscribe")
    assert answer.status_code == 200
    assert str(account.webhooks_uri).endswith(made["hook_path"])


async def test_a_refused_subscription_says_why(notifications_db: Database) -> None:
    async with running(Standin([Account(key="other")], KIND)) as url, running_api(notifications_db, url) as opened:
        made = (await opened.call("POST", "/channels", CHANNEL)).json()
        answer = await opened.call("POST", f"/channels/{made['id']}/subscribe")
    assert (answer.status_code, answer.json()["code"]) == (422, "subscription_refused")


@pytest.mark.req("S4.13")
async def test_messages_show_delivered_and_failed_with_their_attempts(notifications_db: Database) -> None:
    good, bad = requested(), requested(template="not_approved")
    async with open_desk(notifications_db) as opened, running_api(notifications_db) as api:
        await send(opened, good, bad)
        listed = await api.call("GET", f"/messages?lead_id={good.lead_id}", role="supervisor")
        shown = await api.call("GET", f"/messages/{good.message_id}", role="supervisor")
        failed = await api.call("GET", "/messages?state=failed")
    assert [item["state"] for item in listed.json()["items"]] == ["read"]
    assert [attempt["state"] for attempt in shown.json()["attempts"]] == ["accepted"]
    assert [item["code"] for item in failed.json()["items"]] == ["template_not_approved"]


async def send(opened: Desk, *messages: object) -> None:
    async with worker(opened.context()):
        await opened.request(*messages)  # type: ignore[arg-type]  # messages of `requested`
        await opened.until("read", "failed")


async def test_a_foreign_message_does_not_exist(notifications_db: Database) -> None:
    message = requested(template="not_approved")
    async with open_desk(notifications_db) as opened, running_api(notifications_db) as api:
        await opened.request(message)
        answer = await api.call("GET", f"/messages/{message.message_id}", role="supervisor", desk="other")
        listed = await api.call("GET", "/messages", role="supervisor", desk="other")
    assert (answer.status_code, listed.json()["items"]) == (404, [])


@pytest.mark.req("P.6")
async def test_an_operator_sees_the_messages_of_their_own_leads_alone(notifications_db: Database) -> None:
    task = assigned(ANNA)
    own, foreign = requested(template="none", lead_id=task.lead_id), requested(template="none")
    async with open_desk(notifications_db) as opened, running_api(notifications_db) as api:
        await write(notifications_db, known(ANNA, "operator"), known(BORIS, "boris"), task, assigned(BORIS))
        await opened.request(own, foreign)
        paths = [f"/messages/{message.message_id}" for message in (own, foreign)]
        shown = [(await api.call("GET", path, role="operator")).status_code for path in paths]
        listed = (await api.call("GET", "/messages", role="operator")).json()["items"]
    assert (shown, [item["id"] for item in listed]) == ([200, 404], [str(own.message_id)])


@pytest.mark.req("U12", "P.6")
async def test_messages_are_narrowed_to_a_desk_within_the_token(notifications_db: Database) -> None:
    async with open_desk(notifications_db) as opened, running_api(notifications_db) as api:
        await opened.request(requested(template="not_approved"))
        listed = [
            (await api.call("GET", f"/messages?desk={asked}", role="supervisor", desk=own)).json()["items"]
            for asked, own in ((DESK, DESK), ("other", DESK), (DESK, "other"))
        ]
    assert [len(found) for found in listed] == [1, 0, 0]


async def test_pages_of_messages_hang_together(notifications_db: Database) -> None:
    async with open_desk(notifications_db) as opened, running_api(notifications_db) as api:
        await opened.request(*(requested(template="not_approved") for _ in range(5)))
        first = (await api.call("GET", "/messages?limit=3")).json()
        second = (await api.call("GET", f"/messages?limit=3&cursor={first['next_cursor']}")).json()
    ids = [item["id"] for item in first["items"] + second["items"]]
    assert (len(set(ids)), sorted(ids, reverse=True), second["next_cursor"]) == (5, ids, None)


async def frames(
    api: Api, sub: str, count: int, *, start: bool = False, begun: asyncio.Event | None = None, **headers: str
) -> list[Mapping[str, str]]:
    """Read events of a stream: their `id`, `event` and `data`; with `start` also the frames without data.

    `begun` is set by the first frame that says where it is: what is written from then on is read.
    """
    found: list[Mapping[str, str]] = []
    given = {**api.headers("operator", sub=sub), **{k.replace("_", "-"): v for k, v in headers.items()}}
    async with asyncio.timeout(PATIENCE), api.http.stream("GET", f"{PREFIX}/stream", headers=given) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines: list[str] = []
        async for line in answer.aiter_lines():
            if line or not lines:
                lines += [line] if line else []
                continue
            fields = dict(part.split(": ", 1) for part in lines)
            lines = []
            if begun is not None and "id" in fields:
                begun.set()
            found += [fields] if "data" in fields or start else []
            if len(found) == count:
                break
    return found


@pytest.mark.req("S0.3", "P.5")
async def test_a_new_task_reaches_the_operators_stream_in_their_language(api: Api) -> None:
    await write(api.ctx.core.db, known(ANNA, "anna"))
    begun = asyncio.Event()
    following = asyncio.create_task(frames(api, "anna", 1, begun=begun, accept_language="en"))
    await begun.wait()
    event = assigned()
    await write(api.ctx.core.db, event)
    (frame,) = await following
    assert (frame["id"], frame["event"]) == ("1", "task_assigned")
    assert orjson.loads(frame["data"]).items() >= {"task_id": str(event.task_id), "title": "Call"}.items()


@pytest.mark.req("P.5")
async def test_a_broken_stream_resumes_without_a_gap(api: Api) -> None:
    await write(api.ctx.core.db, known(ANNA, "anna"), *(assigned() for _ in range(4)))
    assert [frame["id"] for frame in await frames(api, "anna", 3, last_event_id="1")] == ["2", "3", "4"]


@pytest.mark.req("P.5")
async def test_a_stream_that_breaks_before_its_first_item_resumes_where_it_began(api: Api) -> None:
    await write(api.ctx.core.db, known(ANNA, "anna"), assigned())
    began = [frame["id"] for frame in await frames(api, "anna", 2, start=True) if "id" in frame]
    await write(api.ctx.core.db, assigned(), assigned())
    resumed = await frames(api, "anna", 2, last_event_id=began[0])
    assert (began, [frame["id"] for frame in resumed]) == (["1"], ["2", "3"])


@pytest.mark.req("P.5")
async def test_a_stream_shows_its_callers_feed_alone(api: Api) -> None:
    await write(api.ctx.core.db, known(ANNA, "anna"), known(BORIS, "boris"), assigned(ANNA), assigned(BORIS))
    frame = (await frames(api, "boris", 1, last_event_id="0"))[0]
    task_id = await api.ctx.core.db.pool.fetchval("SELECT task_id FROM feed_item WHERE operator_id = $1", BORIS)
    assert orjson.loads(frame["data"])["task_id"] == str(task_id)


@pytest.mark.req("U14")
async def test_the_stream_of_a_dismissed_operator_says_so_and_ends(api: Api) -> None:
    await write(api.ctx.core.db, known(ANNA, "anna"))
    async with following(api.http, f"{PREFIX}/stream", api.token("anna")) as stream:
        await dismiss(api)
        assert await stream.events(2) == [{"event": "end", "data": '{"reason":"dismissed"}'}]


async def test_who_was_dismissed_before_hears_so_at_once(api: Api) -> None:
    await write(api.ctx.core.db, known(ANNA, "anna").model_copy(update={"active": False}))
    async with following(api.http, f"{PREFIX}/stream", api.token("anna")) as stream:
        assert [frame["event"] for frame in await stream.events(2)] == ["end"]


async def dismiss(api: Api) -> None:
    await api.ctx.core.db.pool.execute("UPDATE operator SET active = false")


@pytest.mark.req("U15")
async def test_a_feed_s_stream_ends_with_its_token_and_says_so(api: Api) -> None:
    token = api.token("anna", lifetime=SOON_OVER)
    async with following(api.http, f"{PREFIX}/stream", token) as stream:
        assert await stream.events(2) == [{"event": "end", "data": '{"reason":"token_expired"}'}]


@pytest.mark.req("U15")
async def test_a_ticket_opens_the_feed_of_its_caller_once_and_goes_on_behind_a_position(api: Api) -> None:
    await write(api.ctx.core.db, known(ANNA, "anna"), assigned(), assigned())
    path = f"{PREFIX}/stream?ticket={await ticket(api)}&after=1"
    async with following(api.http, path) as stream:
        (frame,) = await stream.events(1)
    again = await api.http.get(path)
    assert (frame["id"], again.status_code, again.json()["reason"]) == ("2", 401, "used")


@pytest.mark.req("U15")
async def test_a_ticket_of_another_service_is_unknown_here(api: Api) -> None:
    answer = await api.http.get(f"{PREFIX}/stream?ticket=of-another-service")
    assert (answer.status_code, answer.json()["code"], answer.json()["reason"]) == (
        401,
        "invalid_ticket",
        "unknown",
    )


async def ticket(api: Api) -> str:
    headers = {"authorization": f"Bearer {api.token('anna')}"}
    return str((await api.http.post(f"{PREFIX}/stream-tickets", headers=headers)).json()["ticket"])


async def test_an_open_stream_ends_when_the_service_stops(notifications_db: Database) -> None:
    async with asyncio.timeout(PATIENCE), running_api(notifications_db) as api:
        await write(notifications_db, known(ANNA, "anna"))
        begun = asyncio.Event()
        following = asyncio.create_task(frames(api, "anna", 1, begun=begun))
        await begun.wait()
        begin_shutdown(api.app)
        assert await following == []


@pytest.mark.req("S0.3")
async def test_the_feed_is_listed_newest_first(api: Api) -> None:
    await write(api.ctx.core.db, known(ANNA, "anna"), *(assigned() for _ in range(3)))
    headers = api.headers("operator", sub="anna")
    first = (await api.http.get(f"{PREFIX}/feed?limit=2", headers=headers)).json()
    rest = (await api.http.get(f"{PREFIX}/feed?cursor={first['next_cursor']}", headers=headers)).json()
    assert [item["position"] for item in first["items"] + rest["items"]] == [3, 2, 1]
    assert first["items"][0]["title"] == "Позвонить"


async def test_without_a_token_nothing_is_shown(api: Api) -> None:
    answers = [
        await api.http.get(PREFIX + path) for path in ("/templates", "/channels", "/messages", "/feed", "/stream")
    ]
    assert {answer.status_code for answer in answers} == {401}


async def test_the_webhook_needs_no_token_and_takes_any_media_type(api: Api) -> None:
    made = await api.call("POST", "/channels", CHANNEL)
    answer = await api.http.post(made.json()["hook_path"], content=b'{"test": true}')
    assert answer.status_code == 200


async def test_it_is_ready_with_its_schema(api: Api) -> None:
    assert (await api.http.get("/notifications/readyz")).status_code == 200


async def test_the_contract_lists_every_route(api: Api) -> None:
    paths = (await api.http.get("/notifications/openapi.json")).json()["paths"]
    assert {f"{PREFIX}/{name}" for name in ("templates", "channels", "messages", "feed", "stream")} <= set(paths)


@pytest.mark.req("U34")
async def test_two_active_channels_do_not_write_from_one_end_of_an_account(api: Api) -> None:
    first = (await api.call("POST", "/channels", CHANNEL)).json()
    other = {**CHANNEL, "code": "other", "hook_key": "another-key-of-a-webhook"}
    refused = await api.call("POST", "/channels", other)
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (422, "sender_taken")
    path, tag = f"/channels/{first['id']}", '"1"'
    assert (await api.call("PATCH", path, {"active": False}, if_match=tag)).is_success
    assert (await api.call("POST", "/channels", other)).status_code == 201
    again = await api.call("PATCH", path, {"active": True}, if_match='"2"')
    assert (again.status_code, again.json()["errors"][0]["code"]) == (422, "sender_taken")
