"""Web push: a new task reaches its operator's browsers, each once; none but they can read it (S0.3)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import pytest

from deploy.standins.faults import KIND, Failure, Mode
from deploy.standins.server import running
from deploy.standins.web_push import Pushed, WebPushStandin
from libs.common.contracts import Received
from libs.common.platform import faultpoints
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from libs.common.platform.worker import Lookout
from services.notifications.context import Context
from services.notifications.feed.queries import items_after
from services.notifications.pushes.store import SWEPT
from services.notifications.pushes.worker import push_loops
from services.notifications.subscriptions import subscriptions
from tests.notifications.api import Api, running_api
from tests.notifications.support import CAUSE, apply, context, worker
from tests.notifications.test_feed import ANNA, BORIS, assigned, known, taken
from tests.support.browser import Browser, sender
from tests.support.patience import eventually

PATH = "/push-subscriptions"
OLD = """
INSERT INTO push (id, desk, subscription_id, event_id, topic, payload, state, number, tries, due_at)
SELECT gen_random_uuid(), desk, id, gen_random_uuid(), n::text, '{}', 'accepted', 1, 1,
       clock_timestamp() - interval '8 days'
FROM push_subscription, generate_series(1, $1) AS n
"""


@dataclass
class Phone:
    """Anna's phone: subscribed at a push service's stand-in, by the API."""

    db: Database
    url: str
    service: WebPushStandin
    api: Api
    browser: Browser

    def context(self, **changes: object) -> Context:
        return context(self.db, self.url, None, **changes)

    async def pushes(self) -> list[Pushed]:
        return list(self.service.pushes)

    async def states(self) -> list[tuple[str, str | None]]:
        return [tuple(row) for row in await self.db.pool.fetch("SELECT state, code FROM push ORDER BY id")]

    async def subscribed(self) -> list[dict[str, object]]:
        items: list[dict[str, object]] = (await self.api.call("GET", PATH, role="operator")).json()["items"]
        return items


@pytest.fixture
async def phone(notifications_db: Database) -> AsyncIterator[Phone]:
    async with opened(notifications_db) as found:
        yield found


@asynccontextmanager
async def opened(db: Database, name: str = "one") -> AsyncIterator[Phone]:
    service = WebPushStandin([WebPushStandin.demo()], KIND)
    async with running(service) as url, running_api(db, url) as api:
        browser = Browser(f"{url}/web_push/send/{name}")
        await apply(api.ctx, known(ANNA, "operator"), known(BORIS, "supervisor"))
        put = await api.call("PUT", PATH, browser.subscription, role="operator", accept_language="ru")
        assert put.status_code == 200, put.text
        yield Phone(db, url, service, api, browser)


@pytest.mark.req("S0.3")
async def test_a_new_task_is_in_the_feed_and_on_each_of_the_operator_s_phones_once(phone: Phone) -> None:
    task, other = assigned(), Browser(f"{phone.url}/web_push/send/other")
    await phone.api.call("PUT", PATH, other.subscription, role="operator", accept_language="en")
    async with worker(ctx := phone.context()):
        await apply(ctx, task, taken(), assigned(BORIS))
        await eventually(phone.states, lambda states: states == [("accepted", None)] * 2)
    bodies = {push.subscription: push for push in phone.service.pushes}
    shown = [phone.browser.shown(bodies["one"]), other.shown(bodies["other"])]
    feed = [item.task_id for item in await items_after(phone.db, ANNA, 0, 10) if item.kind == "task_assigned"]
    assert (feed, len(phone.service.pushes)) == ([task.task_id], 2)
    assert [(one["task_id"], one["title"]) for one in shown] == [
        (str(task.task_id), "Позвонить"),
        (str(task.task_id), "Call"),
    ]
    assert shown[0].keys() == {"kind", "task_id", "lead_id", "title", "order_number", "due_at", "tag"}


async def test_a_push_is_signed_with_our_key_and_kept_for_ten_minutes(phone: Phone) -> None:
    task = assigned()
    async with worker(ctx := phone.context()):
        await apply(ctx, task)
        (push,) = await eventually(phone.pushes, bool)
    key = (await phone.api.call("GET", "/push-key", role="operator")).json()["public_key"]
    assert sender(push, phone.url) == (key, "mailto:admin@example.com")
    assert (push.headers["topic"], push.headers["urgency"]) == (task.task_id.hex, "high")
    assert 500 < int(push.headers["ttl"]) <= 600


@pytest.mark.req("S0.3", "P.1")
async def test_a_worker_that_dies_after_the_push_repeats_it_once_under_its_topic(
    phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: str) -> None:
        raise asyncio.CancelledError

    with monkeypatch.context() as patch:
        patch.setattr(faultpoints, "reach", die)
        async with worker(ctx := phone.context()):
            await apply(ctx, assigned())
            await eventually(phone.pushes, lambda found: len(found) == 1)
    async with worker(phone.context()):
        await eventually(phone.states, lambda states: states == [("accepted", None)])
    first, second = phone.service.pushes
    assert first.headers["topic"] == second.headers["topic"]


async def test_a_push_without_answers_is_sent_twice_and_no_more(phone: Phone) -> None:
    phone.service.dice.failures.append(Failure(Mode.LOSE, "", times=9))
    # The connection is cut at once; a call that a busy machine gives up before it arrived would count for one too.
    async with worker(ctx := phone.context(send_timeout=10.0, send_lease=12.0)):
        await apply(ctx, assigned())
        await eventually(phone.states, lambda states: states == [("refused", "no_answer")])
    assert len(phone.service.pushes) == 2


@pytest.mark.parametrize("code", ["404", "410"])
async def test_a_subscription_that_is_gone_is_forgotten_with_all_that_waits_for_it(phone: Phone, code: str) -> None:
    phone.service.dice.failures.append(Failure(Mode.CODE, code))
    async with worker(ctx := phone.context()):
        await apply(ctx, assigned())
        await eventually(phone.subscribed, lambda found: not found)
    assert (await phone.states(), phone.service.pushes) == ([], [])


@pytest.mark.parametrize("code", ["429", "503"])
async def test_a_service_that_is_busy_gets_the_push_later(phone: Phone, code: str) -> None:
    phone.service.dice.failures.append(Failure(Mode.CODE, code))
    async with worker(ctx := phone.context()):
        await apply(ctx, assigned())
        await eventually(phone.states, lambda states: states == [("accepted", None)])
    assert len(phone.service.pushes) == 1


async def test_a_refused_key_halts_the_subscription_until_the_browser_subscribes_anew(phone: Phone) -> None:
    phone.service.dice.failures.append(Failure(Mode.TOKEN, ""))
    async with worker(ctx := phone.context()):
        await apply(ctx, assigned())
        (halted,) = await eventually(phone.subscribed, lambda found: found[0]["halted_code"] is not None)
        assert halted["halted_code"] == "http_403"
        await phone.api.call("PUT", PATH, phone.browser.subscription, role="operator")
        await eventually(phone.states, lambda states: states == [("accepted", None)])


async def test_a_browser_belongs_to_whoever_subscribed_last_and_no_colleague_ends_it(phone: Phone) -> None:
    await apply(phone.api.ctx, assigned())
    (mine,) = await phone.subscribed()
    await phone.api.call("PUT", PATH, phone.browser.subscription, role="supervisor")
    ended = await phone.api.call("DELETE", f"{PATH}/{mine['id']}", role="operator")
    async with worker(ctx := phone.context()):
        await apply(ctx, assigned(), theirs := assigned(BORIS))
        (push,) = await eventually(phone.pushes, bool)
        await eventually(phone.states, lambda states: states == [("accepted", None)])
    assert (ended.status_code, await phone.subscribed()) == (404, [])
    assert phone.browser.shown(push)["task_id"] == str(theirs.task_id)


async def test_who_logs_out_or_is_dismissed_gets_no_push(phone: Phone) -> None:
    (mine,) = await phone.subscribed()
    await phone.api.call("DELETE", f"{PATH}/{mine['id']}", role="operator")
    await apply(phone.api.ctx, assigned())
    await phone.api.call("PUT", PATH, phone.browser.subscription, role="supervisor")
    dismissed = known(BORIS, "supervisor").model_copy(update={"active": False})
    await apply(phone.api.ctx, *[dismissed] * 3, assigned(BORIS))  # the third is later than what is known of him
    rows = await phone.db.pool.fetch("SELECT operator_id FROM push_subscription")
    assert (rows, await phone.states()) == ([], [])


BAD = ["https://127.0.0.1/x", "http://fcm.googleapis.com/x", "https://fcm.googleapis.com.evil.example/x",
       "https://fcm.googleapis.com:8443/x", "https://a@fcm.googleapis.com/x"]  # fmt: skip


@pytest.mark.parametrize("endpoint", BAD)
async def test_only_push_services_that_are_known_are_taken(phone: Phone, endpoint: str) -> None:
    body = {**phone.browser.subscription, "endpoint": endpoint, "keys": {"p256dh": "AAAA", "auth": "AAAA"}}
    answer = await phone.api.call("PUT", PATH, body, role="operator")
    assert answer.status_code == 422
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/endpoint", "/keys"]


async def test_who_is_no_operator_subscribes_no_browser(phone: Phone) -> None:
    answer = await phone.api.call("PUT", PATH, phone.browser.subscription, role="admin")
    assert answer.json()["code"] == "not_found"


async def test_a_backlog_that_is_made_up_rings_no_phone(phone: Phone) -> None:
    ctx, data = phone.api.ctx, assigned()
    late = Received(uuid7(), "lead:1", "demo", ctx.core.clock.now() - timedelta(minutes=11), 1, CAUSE, data)
    async with phone.db.begin() as tx:
        await subscriptions(ctx)[data.event_type](tx, [late])
        await tx.commit()
    assert (await phone.states(), len(await items_after(phone.db, ANNA, 0, 10))) == ([], 1)


async def test_old_pushes_are_swept_without_a_pause_while_there_are_more(phone: Phone) -> None:
    ctx, stop = phone.context(), asyncio.Event()
    await phone.db.pool.execute(OLD, 2 * SWEPT + 1)
    _, late_pushes = push_loops(ctx, Lookout(phone.db, ctx.core.clock, {"late_pushes": "false"}, 0.5))
    sweeping = asyncio.ensure_future(late_pushes(stop))
    left = partial(phone.db.pool.fetchval, "SELECT count(*) FROM push")
    await eventually(left, lambda count: count == 0, 20.0)  # less than a loop without work waits
    stop.set()
    await sweeping
