"""The stand-in behaves as Wazzup v3 is documented, with the faults of its profile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.ports import free_port
from deploy.standins.client import http_client
from deploy.standins.faults import Dice, Mode
from deploy.standins.wazzup import KIND, NASTY, Account, Failure, Journal, Profile, Standin, running
from deploy.standins.wazzup.accounts import DEMO_CHANNEL, DEMO_KEY
from libs.common.platform.clock import ManualClock
from libs.common.platform.serving import serve
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.servers

NIGHT = datetime(2026, 3, 1, 23, tzinfo=UTC)
ORDER = ["echo", "sent", "delivered", "read"]
MESSAGE = {"channelId": DEMO_CHANNEL, "chatType": "whatsapp", "chatId": "79000000001", "text": "Заказ 1042 принят"}


class Receiver:
    """Our side of the webhook: the bodies that came, in order, and the answers to give."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, list[dict[str, object]]]] = []
        self.refuse = 0
        self.url = ""

    async def take(self, request: Request) -> Response:
        if self.refuse:
            self.refuse -= 1
            return Response(status_code=503)
        self.bodies.append(orjson.loads(await request.body()))
        return Response()

    def parts(self) -> list[dict[str, object]]:
        return [part for body in self.bodies for name in ("messages", "statuses") for part in body.get(name, ())]

    def kinds(self) -> list[str]:
        return [kind_of(part) for part in self.parts()]

    def first_arrivals(self) -> list[list[str]]:
        """Return the kinds of callbacks of each message, without repeats."""
        arrivals: dict[object, dict[str, None]] = {}
        for part in self.parts():
            arrivals.setdefault(part["messageId"], {})[kind_of(part)] = None
        return [list(kinds) for kinds in arrivals.values()]


def kind_of(part: dict[str, object]) -> str:
    return "echo" if part.get("isEcho") else str(part["status"])


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    opened, stop = Receiver(), asyncio.Event()
    port = free_port()
    app = Starlette(routes=[Route("/webhook", opened.take, methods=["POST"])])
    serving = asyncio.create_task(serve(app, "127.0.0.1", port, stop, lifespan="off"))
    opened.url = f"http://127.0.0.1:{port}/webhook"
    yield opened
    stop.set()
    await serving


@asynccontextmanager
async def client(standin: Standin, key: str = DEMO_KEY) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        running(standin) as url,
        http_client(base_url=f"{url}/wazzup", headers={"authorization": f"Bearer {key}"}) as http,
    ):
        yield http


def standin(profile: Profile = KIND, uri: str | None = None, **account: object) -> Standin:
    opened = Account(webhooks_uri=uri)
    for name, value in account.items():
        setattr(opened, name, value)
    return Standin([opened], profile, seed=7)


async def settled(opened: Standin) -> None:
    async with asyncio.timeout(PATIENCE):
        while opened.waiting:
            await asyncio.sleep(0.01)


async def test_a_message_is_answered_201_with_its_id_and_chat() -> None:
    opened = standin()
    async with client(opened) as http:
        answer = await http.post("/v3/message", json=MESSAGE)
    assert answer.status_code == 201
    assert answer.json() == {"messageId": next(iter(opened.journal.entries)), "chatId": "79000000001"}


async def test_a_repeated_key_is_refused_without_the_message_id_in_both_spellings() -> None:
    codes: set[str] = set()
    async with client(standin()) as http:
        await http.post("/v3/message", json={**MESSAGE, "crmMessageId": "a"})
        for _ in range(20):
            answer = await http.post("/v3/message", json={**MESSAGE, "crmMessageId": "a"})
            assert (answer.status_code, "messageId" in answer.json()) == (400, False)
            codes.add(answer.json()["error"])
    assert codes == {"REPEATED_CRM_MESSAGE_ID", "repeatedCrmMessageId"}


async def test_the_key_is_forgotten_after_its_window() -> None:
    opened = standin(replace(KIND, duplicate_window=0.05))
    async with client(opened) as http:
        for _ in range(2):
            assert (await http.post("/v3/message", json={**MESSAGE, "crmMessageId": "a"})).status_code == 201
            await asyncio.sleep(0.1)
    assert opened.journal.twice() == ["a"]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"channelId": "nobody"}, "CHANNEL_NOT_FOUND"),
        ({"chatType": "pigeon"}, "INVALID_MESSAGE_DATA"),
        ({"chatId": "+7900"}, "INVALID_MESSAGE_DATA"),
        ({"text": None}, "MESSAGE_NOTHING_TO_SEND"),
        ({"text": " "}, "MESSAGES_TEXT_CAN_NOT_BE_BLANK"),
        ({"text": "x" * 10_001}, "MESSAGE_TEXT_TOO_LONG"),
        ({"contentUri": "https://files.example.com/a"}, "MESSAGE_ONLY_TEXT_OR_CONTENT"),
    ],
)
async def test_a_faulty_message_is_refused(change: dict[str, object], code: str) -> None:
    async with client(standin()) as http:
        answer = await http.post("/v3/message", json={**MESSAGE, **change})
    assert (answer.status_code, answer.json()["error"]) == (400, code)


async def test_a_wrong_key_is_401_and_a_closed_route_is_403() -> None:
    opened = standin(sidecar=True)
    async with client(opened) as http:
        foreign = await http.post("/v3/message", json=MESSAGE, headers={"authorization": "Bearer x"})
        closed = await http.post("/v3/contacts", json=[])
    assert (foreign.status_code, closed.status_code) == (401, 403)


async def test_more_than_the_limit_is_429_with_an_empty_body() -> None:
    async with client(standin(replace(KIND, rate_limit=3))) as http:
        answers = [await http.get("/v3/channels") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].content == b""


async def test_echo_and_statuses_reach_the_webhook_once_when_kind(receiver: Receiver) -> None:
    opened = standin(uri=receiver.url)
    async with client(opened) as http:
        await http.post("/v3/message", json=MESSAGE)
        await settled(opened)
    assert sorted(receiver.kinds()) == ["delivered", "echo", "read", "sent"]


async def test_a_webhook_is_tried_again_until_it_is_taken(receiver: Receiver) -> None:
    receiver.refuse = 3
    opened = standin(uri=receiver.url)
    async with client(opened) as http:
        await http.post("/v3/message", json=MESSAGE)
        await settled(opened)
    assert sorted(receiver.kinds()) == ["delivered", "echo", "read", "sent"]


async def test_a_callback_can_come_before_its_own_201(receiver: Receiver) -> None:
    opened = standin(replace(KIND, early_callback=1.0, callback_delay=5.0), receiver.url)
    async with client(opened) as http:
        await http.post("/v3/message", json=MESSAGE)
        assert receiver.kinds() == ["echo", "sent"]


async def test_a_lost_answer_closes_the_connection_after_accepting() -> None:
    opened = standin(replace(KIND, lose_answer=1.0))
    async with client(opened) as http:
        with pytest.raises(httpx.RemoteProtocolError):
            await http.post("/v3/message", json=MESSAGE)
    assert len(opened.journal.entries) == 1


async def test_callbacks_repeat_when_nasty(receiver: Receiver) -> None:
    await twenty(replace(NASTY, lose_answer=0, refuse_503=0, repeat_callback=0.5), receiver)
    assert receiver.kinds().count("delivered") > 20


async def test_callbacks_of_one_message_change_places_when_nasty(receiver: Receiver) -> None:
    # All, not the three in ten of NASTY: messages and deliveries throw the same dice in the order of time, and at
    # some paces no message of the twenty hits.
    assert NASTY.shuffle_callbacks
    await twenty(replace(NASTY, lose_answer=0, refuse_503=0, shuffle_callbacks=1.0), receiver)
    assert any(story != sorted(story, key=ORDER.index) for story in receiver.first_arrivals())


async def test_callbacks_of_one_message_keep_their_places_unless_they_are_shuffled(receiver: Receiver) -> None:
    await twenty(replace(KIND, callback_delay=0.25), receiver)
    arrivals = receiver.first_arrivals()
    assert sum(story != sorted(story, key=ORDER.index) for story in arrivals) < len(arrivals) / 4


async def test_statuses_are_stamped_when_they_happen(receiver: Receiver) -> None:
    await twenty(replace(NASTY, lose_answer=0, refuse_503=0, shuffle_callbacks=1.0), receiver)
    stamps: dict[object, dict[str, str]] = {}
    for part in receiver.parts():
        moment = part["dateTime"] if part.get("isEcho") else part["timestamp"]
        stamps.setdefault(part["messageId"], {})[kind_of(part)] = str(moment)
    for story in stamps.values():
        moments = [story[name] for name in ORDER if name in story]
        assert moments == sorted(moments)
        assert moments[0] < moments[-1]


async def test_an_account_without_a_subscription_gets_no_callbacks(receiver: Receiver) -> None:
    opened = standin()
    wanted = {"webhooksUri": receiver.url, "subscriptions": {"messagesAndStatuses": False}}
    async with client(opened) as http:
        await http.patch("/v3/webhooks", json=wanted)
        await http.post("/v3/message", json=MESSAGE)
        await settled(opened)
        await asyncio.sleep(0.2)
    assert receiver.kinds() == []


async def twenty(profile: Profile, receiver: Receiver) -> None:
    """Send twenty messages and wait for the end of their arrivals."""
    opened = standin(profile, receiver.url)
    async with client(opened) as http:
        for _ in range(20):
            await http.post("/v3/message", json=MESSAGE)
        await settled(opened)


def test_the_same_seed_is_as_nasty_twice() -> None:
    throws = [[dice.hits(0.3) for _ in range(50)] for dice in (Dice(NASTY, 3), Dice(NASTY, 3))]
    assert throws[0] == throws[1]


@pytest.mark.parametrize(
    ("failure", "status", "accepted"),
    [
        (Failure(Mode.CODE, "CHANNEL_NO_MONEY"), 400, 0),
        (Failure(Mode.HTTP, "503"), 503, 0),
        (Failure(Mode.HTTP_ACCEPTED, "502"), 502, 1),
        (Failure(Mode.CODE, "BAD_CONTACT", chat_id="79000000009"), 201, 1),
    ],
)
async def test_a_failure_is_ordered_for_a_chat(failure: Failure, status: int, accepted: int) -> None:
    opened = standin()
    opened.dice.failures.append(failure)
    async with client(opened) as http:
        answer = await http.post("/v3/message", json=MESSAGE)
    assert (answer.status_code, len(opened.journal.entries)) == (status, accepted)


async def test_numbers_of_one_ending_are_not_on_whatsapp() -> None:
    async with client(standin()) as http:
        answer = await http.post("/v3/message", json={**MESSAGE, "chatId": "79000404404"})
    assert (answer.status_code, answer.json()["error"]) == (400, "BAD_CONTACT")


async def test_a_status_error_comes_by_webhook(receiver: Receiver) -> None:
    opened = standin(uri=receiver.url)
    opened.dice.failures.append(Failure(Mode.STATUS, "24_HOURS_EXCEEDED"))
    async with client(opened) as http:
        await http.post("/v3/message", json=MESSAGE)
        await settled(opened)
    assert receiver.kinds() == ["echo", "error"]


async def test_subscribing_probes_the_address(receiver: Receiver) -> None:
    opened = standin()
    async with client(opened) as http:
        answer = await http.patch("/v3/webhooks", json={"webhooksUri": receiver.url, "subscriptions": {}})
        read = await http.get("/v3/webhooks")
    assert answer.status_code == 200
    assert orjson.dumps(receiver.bodies) == b'[{"test":true}]'
    assert read.json()["webhooksUri"] == receiver.url


@pytest.mark.parametrize(
    ("uri", "code"), [("http://127.0.0.1:9/x", "testPostNotPassed"), ("ftp://x", "uriNotValid")]
)
async def test_an_address_that_does_not_answer_is_refused(uri: str, code: str) -> None:
    async with client(standin()) as http:
        answer = await http.patch("/v3/webhooks", json={"webhooksUri": uri})
    assert (answer.status_code, answer.json()["error"]) == (400, code)


async def test_the_journal_survives_a_kill_and_undelivered_statuses_are_taken_up(
    tmp_path: Path, receiver: Receiver
) -> None:
    path = tmp_path / "journal.jsonl"
    first = Standin([Account()], KIND, journal=Journal(path))
    async with client(first) as http:
        await http.post("/v3/message", json={**MESSAGE, "crmMessageId": "a"})
    with path.open("ab") as torn:
        torn.write(b'{"accepted": {"mess')
    second = Standin([Account(webhooks_uri=receiver.url)], KIND, journal=Journal(path))
    async with client(second):
        await settled(second)
    third = Journal(path)
    assert [(entry.crm_message_id, "delivered" in entry.statuses) for entry in third.entries.values()] == [
        ("a", True)
    ]
    third.close()


async def test_a_reader_of_the_journal_leaves_the_file_to_its_writer(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    writer = Journal(path)
    async with client(Standin([Account()], KIND, journal=writer)) as http:
        await http.post("/v3/message", json=MESSAGE)
        with path.open("ab") as half:
            half.write(b'{"accepted": {"mess')
        size = path.stat().st_size
        assert len(Journal.read(path).entries) == 1
        assert path.stat().st_size == size


def test_a_journal_without_a_file_reads_as_empty(tmp_path: Path) -> None:
    assert not Journal.read(tmp_path / "journal.jsonl").entries


async def test_control_changes_chances_and_orders_failures() -> None:
    opened = standin()
    orders = {
        "chances": {"lose_answer": 0.5},
        "failures": [{"mode": "code", "value": "BAD_CONTACT", "times": None}],
    }
    async with client(opened) as http:
        answer = await http.post("/_control", json=orders)
        refused = await http.post("/_control", json={"chances": {"luck": 1}})
    assert (answer.status_code, refused.status_code) == (200, 422)
    assert opened.dice.profile == replace(KIND, lose_answer=0.5)
    assert opened.dice.failures == [Failure(Mode.CODE, "BAD_CONTACT", times=None)]


async def test_accounts_can_be_opened_while_it_runs_and_have_their_own_limit() -> None:
    async with client(standin(replace(KIND, rate_limit=1)), key="second") as http:
        await http.post("/_accounts", json={"key": "second", "channel_ids": ["c"]})
        mine = await http.get("/v3/channels")
        other = await http.get("/v3/channels", headers={"authorization": f"Bearer {DEMO_KEY}"})
    assert mine.json()[0]["channelId"] == "c"
    assert other.status_code == 200


async def test_a_customer_can_write(receiver: Receiver) -> None:
    opened = standin(uri=receiver.url)
    async with client(opened) as http:
        await http.post("/_inbound", json={"key": DEMO_KEY, "chat_id": "79000000001", "text": "Где заказ?"})
        await settled(opened)
    assert receiver.kinds() == ["inbound"]


async def test_a_customer_writes_by_the_clock_of_the_stack(receiver: Receiver) -> None:
    opened = Standin([Account(webhooks_uri=receiver.url)], KIND, clock=ManualClock(NIGHT))
    async with client(opened) as http:
        await http.post("/_inbound", json={"key": DEMO_KEY, "chat_id": "79000000001", "text": "Не спится"})
        await settled(opened)
    assert [message["dateTime"] for message in receiver.parts()] == ["2026-03-01T23:00:00.000Z"]


async def test_what_becomes_of_a_message_is_dated_by_real_time_as_its_attempt_is(receiver: Receiver) -> None:
    opened = Standin([Account(webhooks_uri=receiver.url)], KIND, clock=ManualClock(NIGHT))
    began = datetime.now(UTC)
    async with client(opened) as http:
        await http.post("/v3/message", json=MESSAGE)
        await settled(opened)
    said = [str(part["dateTime"] if part.get("isEcho") else part["timestamp"]) for part in receiver.parts()]
    assert len(said) == len(ORDER)
    assert all(abs(datetime.fromisoformat(moment) - began) < timedelta(minutes=1) for moment in said)
