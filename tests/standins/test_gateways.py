"""The stand-ins of SMS gateways and of Meta: nasty at stated rates, in the shapes that our adapters read."""

import asyncio
from collections.abc import AsyncIterator, Sequence, Set
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.ports import free_port
from deploy.standins.__main__ import GATEWAYS
from deploy.standins.client import http_client
from deploy.standins.faults import GATEWAY, Failure, Mode, Profile
from deploy.standins.provider import ProviderStandin
from deploy.standins.server import running
from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear, answer_to
from libs.common.connect.egress import Egress
from libs.common.connect.exchange import HttpRequest, Lost
from libs.common.connect.transport import Transport
from libs.common.platform.clock import ManualClock
from libs.common.platform.serving import serve
from services.notifications.channels.convert import adapter
from services.notifications.providers.base import Adapter
from services.notifications.providers.registry import CONFIGS, PROVIDERS
from services.notifications.providers.values import ChannelKind, Identities, Outbound, Raw, Report, TemplateParts
from tests.notifications.gateways import QUICK, config, gateway
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.servers

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
CODES = [known.code for known in GATEWAYS]
REPORTING = [code for code in CODES if PROVIDERS[code].limits.reports]
SILENT = [code for code in CODES if code not in REPORTING]
CUSTOMERS = [code for code in CODES if PROVIDERS[code].channels != {ChannelKind.TEAM}]
BY_API = [code for code in CODES if PROVIDERS[code].subscribe is not Adapter.subscribe]
HEARD = [known.code for known in GATEWAYS if known.inbound is not ProviderStandin.inbound]
TEMPLATE = TemplateParts("order_new", "ru", ("Анна", "1042"))


class Desk:
    """Our side: an adapter, a transport, and a webhook that reads and verifies what comes."""

    def __init__(self, standin: ProviderStandin, ours: Adapter, transport: Transport, url: str) -> None:
        self.standin, self.ours, self.url = standin, ours, url
        self._transport = transport
        self.reports: list[Report] = []
        self.refused = 0
        self.mute = False

    async def take(self, request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        raw = Raw(
            request.method,
            f"{self.url}{query}",
            dict(request.query_params),
            dict(request.headers),
            await request.body(),
        )
        if not self.ours.verify(raw):
            self.refused += 1
            return Response(status_code=401)
        self.reports += self.ours.read(raw).reports
        said = self.ours.said(raw)
        return Response(b"no" if self.mute else said.body, said.status)

    def message(self, number: int = 1, text: str = "Заказ принят", template: bool = True) -> Outbound:
        phone, key = f"7900{number:07d}", f"0190b6d0-0000-7000-8000-{number:012d}"
        address = self.ours.address(Identities(f"+{phone}", ids={self.ours.code: phone})) or ""
        is_closed = self.ours.limits.window is not None and template
        return Outbound(
            key, self.ours.reference(key, address), address, text, TEMPLATE if is_closed else None, not is_closed,
            self.url, datetime.now(UTC),
        )  # fmt: skip

    async def send(self, message: Outbound) -> Answer:
        request = self.ours.request(message)
        assert isinstance(request, HttpRequest)
        answered = await self._transport.call(request)
        return answer_to(answered) if isinstance(answered, Lost) else self.ours.answer(answered, message)

    async def ask(self, request: HttpRequest | None) -> "object":
        assert request is not None
        return await self._transport.call(request)

    async def progress(self, ids: Sequence[str]) -> list[tuple[str, object]]:
        """Ask how messages are doing, as many at once as the provider takes."""
        found: list[Report] = []
        for chunk in (ids,) if self.ours.limits.asked_together > 1 else ([one] for one in ids):
            reply = await self.ask(self.ours.ask(chunk))
            found += self.ours.statuses(reply, chunk) or ()  # type: ignore[arg-type]  # a reply
        return [(one.external_id, one.progress) for one in found]

    async def settled(self, reports: int = 0) -> None:
        async with asyncio.timeout(PATIENCE):
            while self.standin.waiting or len(self.reports) < reports:
                await asyncio.sleep(0.02)

    def words(self) -> list[str]:
        return [str(one.progress) for one in self.reports if one.progress]


@asynccontextmanager
async def opened(code: str, profile: Profile = QUICK, subscribe: bool = True) -> AsyncIterator[Desk]:
    account = gateway(code).demo()
    standin = gateway(code)([account], profile, seed=3, clock=ManualClock(NOW))
    port = free_port()
    url, stop = f"http://127.0.0.1:{port}/webhook", asyncio.Event()
    async with running(standin) as base:
        transport = Transport(Egress(base.removeprefix("http://")), 2.0)
        ours = adapter(CONFIGS.validate_python(config(code, account)), f"{base}/")
        desk = Desk(standin, ours, transport, url)
        app = Starlette(routes=[Route("/webhook", desk.take, methods=["GET", "POST"])])
        serving = asyncio.create_task(serve(app, "127.0.0.1", port, stop, lifespan="off"))
        await asyncio.sleep(0.05)
        if subscribe:
            account.callbacks = url
        try:
            yield desk
        finally:
            stop.set()
            await serving
            await transport.close()


@pytest.fixture(params=CODES)
def code(request: pytest.FixtureRequest) -> str:
    found: str = request.param
    return found


@pytest.mark.parametrize("code", REPORTING)
async def test_a_message_is_accepted_reported_and_each_callback_is_authentic(code: str) -> None:
    async with opened(code) as desk:
        answer = await desk.send(desk.message())
        await desk.settled(2)
    (entry,) = desk.standin.journal.entries.values()
    assert answer == Accepted(entry.message_id)
    assert (desk.words(), desk.refused) == (["sent", "delivered"], 0)
    assert {one.external_id for one in desk.reports} == {entry.message_id}


@pytest.mark.parametrize("code", SILENT)
async def test_a_message_is_accepted_and_nothing_more_is_heard_of_it(code: str) -> None:
    async with opened(code) as desk:
        message = desk.message()
        answer = await desk.send(message)
        await desk.settled()
    (entry,) = desk.standin.journal.entries.values()
    assert answer in (Accepted(message.key), Accepted(entry.message_id))
    assert (entry.text, entry.statuses) == (message.text, [])


@pytest.mark.parametrize("code", CUSTOMERS)
async def test_the_refused_class_of_address_is_permanent_for_the_recipient(code: str) -> None:
    async with opened(code) as desk:
        answer = await desk.send(desk.message(10_000))
        if isinstance(answer, Accepted):  # Meta says so by status alone
            await desk.settled(1)
            (report,) = desk.reports
            answer = Refused(None if (known := desk.ours.error(report.code)) is None else known.error, report.code)
    assert isinstance(answer, Refused)
    assert answer.error is Class.RECIPIENT


async def test_too_many_requests_are_asked_to_slow_down(code: str) -> None:
    async with opened(code, replace(QUICK, rate_limit=2)) as desk:
        answers = [await desk.send(desk.message(number)) for number in range(1, 5)]
    assert [isinstance(answer, Accepted) for answer in answers] == [True, True, False, False]
    assert {answer.error for answer in answers if isinstance(answer, Refused)} == {Class.RETRY_SLOWLY}


async def test_an_expired_token_needs_a_person(code: str) -> None:
    async with opened(code) as desk:
        desk.standin.dice.failures.append(Failure(Mode.TOKEN, ""))
        answer = await desk.send(desk.message())
    assert isinstance(answer, Refused)
    assert answer.error is Class.CONFIGURATION


async def test_a_wrong_key_is_refused(code: str) -> None:
    async with opened(code) as desk:
        for account in desk.standin.accounts.values():
            account.secret = "another"
        desk.standin.accounts = {f"x{key}": one for key, one in desk.standin.accounts.items()}
        answer = await desk.send(desk.message())
    assert isinstance(answer, Refused)
    assert answer.error is Class.CONFIGURATION


@pytest.mark.parametrize("failure", [Failure(Mode.LOSE, ""), Failure(Mode.HTTP_ACCEPTED, "502")])
async def test_a_lost_answer_leaves_a_doubt_after_the_message_was_accepted(code: str, failure: Failure) -> None:
    async with opened(code) as desk:
        desk.standin.dice.failures.append(failure)
        answer = await desk.send(desk.message())
    assert isinstance(answer, Unclear)
    assert len(desk.standin.journal.entries) == 1


@pytest.mark.parametrize("code", REPORTING)
async def test_what_is_accepted_can_be_found_or_is_named_by_its_report(code: str) -> None:
    async with opened(code) as desk:
        desk.standin.dice.failures.append(Failure(Mode.LOSE, ""))
        message = desk.message()
        await desk.send(message)
        await desk.settled(1)
        request = desk.ours.look_up(message)
        reply = None if request is None else await desk.ask(request)
    (entry,) = desk.standin.journal.entries.values()
    found = desk.ours.found(reply, message) if reply is not None else None  # type: ignore[arg-type]  # a reply
    references = {one.reference for one in desk.reports}
    assert found == entry.message_id or message.reference in references


@pytest.mark.parametrize("code", REPORTING)
async def test_all_that_is_nasty_happens(code: str) -> None:
    """At the rates of the default profile, made visible by many messages and no delays."""
    profile = replace(
        GATEWAY,
        answer_least=0,
        answer_delay=0,
        lose_answer=0.2,
        fail_accepted=0.2,
        callback_delay=0.1,
        rate_limit=10_000,
    )
    async with opened(code, profile) as desk:
        answers = [await desk.send(desk.message(number)) for number in range(1, 81)]
        await desk.settled(160)
    unclear = {answer.code for answer in answers if isinstance(answer, Unclear)}
    arrivals: dict[str, list[str]] = {}
    for report in desk.reports:
        arrivals.setdefault(report.external_id, []).append(str(report.progress))
    assert {"http_503", "no_answer"} <= unclear
    assert len(desk.standin.journal.entries) == 80
    assert any(len(story) != len(set(story)) for story in arrivals.values()), "repeated"
    assert any(story.index("delivered") < story.index("sent") for story in arrivals.values()), "out of order"


def test_the_default_is_as_slow_as_a_gateway_is() -> None:
    assert GATEWAY.answer_least == 0.05
    assert GATEWAY.answer_least + GATEWAY.answer_delay == pytest.approx(0.4)
    assert (GATEWAY.lose_answer, GATEWAY.fail_accepted) == (0.01, 0.01)


async def test_progress_can_be_asked_for_where_that_is_the_way(code: str) -> None:
    async with opened(code, subscribe=False) as desk:
        if not desk.ours.limits.asked_together:
            return
        answers = [await desk.send(desk.message(number)) for number in (1, 2)]
        ids = [answer.external_id for answer in answers if isinstance(answer, Accepted)]
        async with asyncio.timeout(PATIENCE):
            while await desk.progress(ids) != [(one, "delivered") for one in ids]:
                await asyncio.sleep(0.02)


async def test_a_callback_that_hears_the_wrong_word_is_sent_again() -> None:
    async with opened("smsru") as desk:
        desk.mute = True
        await desk.send(desk.message())
        async with asyncio.timeout(PATIENCE):
            while len(desk.reports) < 4:
                await asyncio.sleep(0.02)
        desk.mute = False
        await desk.settled()
    assert len(desk.reports) > 2


@pytest.mark.parametrize("code", [code for code in BY_API if code in REPORTING])
async def test_subscribing_by_the_api_sends_callbacks_to_us(code: str) -> None:
    async with opened(code, subscribe=False) as desk:
        reply = await desk.ask(desk.ours.subscribe(desk.url))
        assert desk.ours.subscribed(reply) is None  # type: ignore[arg-type]  # a reply
        await desk.send(desk.message())
        await desk.settled(2)
    assert desk.words() == ["sent", "delivered"]


@pytest.mark.parametrize("code", [code for code in BY_API if code in SILENT])
async def test_subscribing_by_the_api_sends_what_customers_write_to_us(code: str) -> None:
    async with opened(code, subscribe=False) as desk:
        reply = await desk.ask(desk.ours.subscribe(desk.url))
        assert desk.ours.subscribed(reply) is None  # type: ignore[arg-type]  # a reply
        (account,) = desk.standin.accounts.values()
        callback = desk.standin.inbound(account, desk.message().address, "Где заказ?")
        assert callback is not None
        desk.standin.later(callback)
        await desk.settled(1)
    assert ([one.text for one in desk.reports], desk.refused) == (["Где заказ?"], 0)


async def test_free_text_fails_outside_the_window_which_a_word_of_the_customer_opens_for_a_day() -> None:
    async with opened("whatsapp_cloud") as desk:
        standin = desk.standin
        said: list[Set[str]] = []  # a real one may send its callbacks in any order
        for step in ("closed", "written", "a day later"):
            if step == "written":
                (account,) = standin.accounts.values()
                callback = standin.inbound(account, desk.message().address, "Где заказ?")
                assert callback is not None
                standin.later(callback)
            if step == "a day later":
                assert isinstance(standin.clock, ManualClock)
                standin.clock.advance(timedelta(hours=24))
            before = len(desk.reports)
            await desk.send(desk.message(template=False))
            await desk.settled()
            said.append({f"{one.progress}{one.code}" for one in desk.reports[before:] if one.progress})
    assert said == [{"failed131047"}, {"sent", "delivered"}, {"failed131047"}]


@pytest.mark.parametrize("code", HEARD)
async def test_a_customer_can_write(code: str) -> None:
    async with opened(code) as desk, http_client() as http:
        base = desk.ours.api.split(f"/{code}/")[0]
        (key,) = desk.standin.accounts
        wish = {"key": key, "chat_id": desk.message().address, "text": "Где заказ?"}
        answer = await http.post(f"{base}/{code}/_inbound", json=wish)
        await desk.settled(1)
    (report,) = desk.reports
    assert (answer.status_code, report.text, report.address) == (202, "Где заказ?", desk.message().address)
