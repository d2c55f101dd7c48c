"""The stand-in of GetCourse: as strict and as odd as the school's own API, read by our side of it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.ports import free_port
from deploy.standins.client import http_client
from deploy.standins.faults import GATEWAY, KIND, Failure, Mode, Profile
from deploy.standins.getcourse.school import LIMIT, WINDOW, School
from deploy.standins.getcourse.standin import DEMO_KEY, GetCourseStandin
from deploy.standins.server import running
from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear, answer_to
from libs.common.connect.egress import Egress
from libs.common.connect.exchange import HttpRequest, Lost, Reply
from libs.common.connect.transport import Transport
from libs.common.contracts.shared import OrderStatus
from libs.common.platform.clock import ManualClock
from libs.common.platform.serving import serve
from services.intake.formats import getcourse_api as ours
from services.intake.formats.getcourse import read
from services.intake.formats.rules import Mapped, ParsedOrder, RawRequest
from services.intake.placements.rules import Placing
from services.intake.schools.rules import Exported, Failed, Listed, Started
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.servers
NOW = datetime(2026, 3, 2, 9, 14, tzinfo=UTC)
MAPPED = Mapped(ZoneInfo("Europe/Moscow"))
PLACING = Placing("dz-k3f9x2abq7wm", "anna@example.com", "Курс «Старт»", amount=Decimal(12000))
ANNA = {"email": "anna@example.com", "first_name": "Анна", "last_name": "Иванова"}


class Desk:
    """Our side: the client of both APIs, and an address that takes webhooks."""

    def __init__(self, standin: GetCourseStandin, school: School, transport: Transport, base: str) -> None:
        self.standin, self.school = standin, school
        self.clock = standin.clock
        self._transport, self._base = transport, base
        self.api = ours.api_of(school.account, f"{base}/")
        self.orders: list[ParsedOrder] = []
        self.today = date(2026, 3, 2)

    async def take(self, request: Request) -> Response:
        raw = RawRequest(request.method, request.url.query.encode(), dict(request.headers), await request.body())
        order = read(raw, MAPPED)
        assert isinstance(order, ParsedOrder), order
        self.orders.append(order)
        return Response("ok")

    async def place(self, placing: Placing = PLACING, key: str = DEMO_KEY) -> Answer:
        answered = await self._transport.call(ours.place(placing, key, self.api))
        return answer_to(answered) if isinstance(answered, Lost) else ours.placed(answered)[0]

    async def ask(self, request: HttpRequest) -> Listed:
        answered = await self._transport.call(request)
        return ours.listed(answered) if isinstance(answered, Reply) else Failed(answered.code)

    async def begin(self, key: str = DEMO_KEY) -> Listed:
        return await self.ask(ours.start_export(key, self.api, "created_at", self.today, self.today))

    async def export(self) -> tuple[Mapping[str, str], ...]:
        """Make an export to its end."""
        started = await self.begin()
        assert isinstance(started, Started)
        clock = self.clock
        assert isinstance(clock, ManualClock)
        clock.advance(timedelta(minutes=1))
        done = await self.ask(ours.ask_export(DEMO_KEY, self.api, started.export_id))
        assert isinstance(done, Exported), done
        return done.rows

    async def control(self, path: str, body: Mapping[str, object]) -> dict[str, object]:
        async with http_client() as http:
            headers = {"authorization": f"Bearer {self.school.bearer}"}
            answer = await http.post(f"{self._base}/getcourse/acme/{path}", json=body, headers=headers)
        assert answer.is_success, answer.text
        document: dict[str, object] = answer.json()
        return document

    async def settled(self) -> list[ParsedOrder]:
        async with asyncio.timeout(PATIENCE):
            while self.standin.waiting:
                await asyncio.sleep(0.02)
        return self.orders


@asynccontextmanager
async def opened(profile: Profile = KIND, settings: Mapping[str, object] = {}) -> AsyncIterator[Desk]:
    school = replace(GetCourseStandin.demo(), **settings)  # type: ignore[arg-type]  # names of a School
    standin = GetCourseStandin([school], profile, seed=3, clock=ManualClock(NOW))
    port, stop = free_port(), asyncio.Event()
    async with running(standin) as base:
        transport = Transport(Egress(base.removeprefix("http://")), 5.0)
        desk = Desk(standin, school, transport, base)
        school.address = f"http://127.0.0.1:{port}/ours"
        app = Starlette(routes=[Route("/ours", desk.take, methods=["GET", "POST"])])
        serving = asyncio.create_task(serve(app, "127.0.0.1", port, stop, lifespan="off"))
        try:
            yield desk
        finally:
            stop.set()
            await serving
            await transport.close()


@pytest.mark.req("S4.8")
async def test_an_order_is_known_by_its_number_and_a_repeat_edits_it() -> None:
    async with opened() as desk:
        answers = [await desk.place(), await desk.place(replace(PLACING, amount=Decimal(9000)))]
        [told] = await desk.settled()
    assert isinstance(answers[0], Accepted)
    assert answers[0] == answers[1]
    assert [deal.cost for deal in desk.school.deals.values()] == [9000]
    assert (told.external_id, told.external_number, told.amount) == (PLACING.number, PLACING.number, Decimal(12000))


@pytest.mark.parametrize(
    ("settings", "placing", "key", "expected"),
    [
        ({}, PLACING, "another-key", (Class.CONFIGURATION, "wrong_key")),
        ({"read_only": True}, PLACING, DEMO_KEY, (Class.CONFIGURATION, "read_only_key")),
        ({"creates": 0}, PLACING, DEMO_KEY, (Class.CONFIGURATION, "limit_reached")),
        ({"has_import": False}, PLACING, DEMO_KEY, (Class.CONFIGURATION, "empty_answer")),
        ({}, replace(PLACING, email="none"), DEMO_KEY, (Class.MESSAGE, "refused_by_school")),
        ({"account": "another"}, PLACING, DEMO_KEY, (Class.CONFIGURATION, "http_404")),
    ],
)
async def test_what_the_school_refuses_has_its_reason(
    settings: dict[str, object], placing: Placing, key: str, expected: tuple[Class, str]
) -> None:
    async with opened(settings=settings) as desk:
        desk.api = desk.api.replace("another", "acme")
        answer = await desk.place(placing, key)
    assert isinstance(answer, Refused)
    assert (answer.error, answer.code, desk.school.deals) == (*expected, {})


@pytest.mark.parametrize("failure", [Failure(Mode.LOSE, ""), Failure(Mode.HTTP_ACCEPTED, "502")])
async def test_an_answer_that_is_lost_is_a_doubt_that_a_repeat_ends(failure: Failure) -> None:
    async with opened() as desk:
        desk.standin.dice.failures.append(replace(failure, chat_id="import"))
        answers = [await desk.place(), await desk.place()]
    assert [type(answer) for answer in answers] == [Unclear, Accepted]
    assert (len(desk.school.deals), desk.standin.journal.twice()) == (1, [])


@pytest.mark.parametrize("value", ["cut", "html"])
async def test_an_answer_that_is_none_is_a_doubt(value: str) -> None:
    async with opened() as desk:
        desk.standin.dice.failures.append(Failure(Mode.CODE, value, "import"))
        assert isinstance(await desk.place(), Unclear)


@pytest.mark.req("S4.1")
async def test_an_export_has_its_titles_and_money_and_is_read_as_the_order_it_is() -> None:
    async with opened() as desk:
        made = await desk.control("_orders", {**ANNA, "phone": "+79161234567", "cost": "12000"})
        [row] = await desk.export()
    raw = RawRequest(
        "POST", b"", {"content-type": "application/json"}, httpx.Request("POST", "http://x", json=dict(row)).content
    )
    order = read(raw, MAPPED)
    assert isinstance(order, ParsedOrder)
    assert (order.external_id, order.amount, order.currency, order.status) == (
        str(made["id"]), Decimal("12000.00"), "RUB", OrderStatus.NEW,
    )  # fmt: skip
    assert (order.name, order.phone, order.placed_at) == ("Анна Иванова", "+79161234567", NOW)


async def test_the_export_refuses_in_its_own_codes() -> None:
    async with opened() as desk:
        keyless = ours.start_export("", desk.api, "created_at", desk.today, desk.today)
        no_filter = HttpRequest("GET", f"{desk.api}pl/api/account/deals?key={DEMO_KEY}")
        bad = HttpRequest("GET", f"{no_filter.url}&status=none")
        codes = [await desk.ask(keyless), await desk.begin("x"), await desk.ask(no_filter), await desk.ask(bad)]
        started = await desk.begin()
        assert isinstance(started, Started)
        codes += [await desk.begin(), await desk.ask(ours.ask_export(DEMO_KEY, desk.api, started.export_id))]
    assert codes == [Failed(code) for code in ("904", "901", "908", "913", "905", "909")]


async def test_a_hundred_requests_in_two_hours_of_business_time_and_no_more() -> None:
    async with opened() as desk:
        desk.school.over_limit(NOW - WINDOW)  # one that is over
        answers = [await desk.ask(ours.ask_export(DEMO_KEY, desk.api, 1)) for _ in range(LIMIT + 1)]
        assert isinstance(desk.clock, ManualClock)
        desk.clock.advance(WINDOW)
        again = await desk.begin()
    assert (answers.count(Failed("903")), answers[-1], type(again)) == (1, Failed("903"), Started)


@pytest.mark.req("S4.1")
@pytest.mark.parametrize("wrapped", [True, False])
async def test_one_payment_is_told_twice_and_says_one_state(wrapped: bool) -> None:
    async with opened(settings={"wrapped": wrapped}) as desk:
        url, desk.school.address = desk.school.address, ""
        for event in (1, 2, 3):
            await desk.control("pl/api/v1/set-uri", {"uri": url, "event_object_id": 2, "event_id": event})
        made = await desk.control("_orders", ANNA)
        await desk.settled()
        await desk.control(f"_orders/{made['id']}", {"status": "payed"})
        told = await desk.settled()
    assert [(each.external_id, each.status, each.paid, each.phone) for each in told] == [
        (str(made["id"]), OrderStatus.NEW, Decimal("0.00"), None),
        *[(str(made["id"]), OrderStatus.PAID, Decimal("12000.00"), None)] * 2,
    ]
    assert {each.said_at for each in told} == {NOW}


async def test_a_webhook_is_lost_on_demand_and_is_not_sent_again() -> None:
    async with opened(replace(KIND, lose_callback=1.0)) as desk:
        await desk.control("_orders", ANNA)
        assert (await desk.settled(), desk.standin.lost) == ([], 1)


async def test_its_orders_survive_a_kill(tmp_path: Path) -> None:
    ledger, clock = tmp_path / "orders.jsonl", ManualClock(NOW)
    schools = [GetCourseStandin.demo() for _ in range(2)]
    async with (
        running(GetCourseStandin([schools[0]], KIND, clock=clock, ledger=ledger)) as base,
        http_client(base_url=f"{base}/getcourse/acme/") as http,
    ):
        made = (await http.post("_orders", json=ANNA)).json()
        await http.post(f"_orders/{made['id']}", json={"status": "payed"})
    ledger.write_bytes(ledger.read_bytes() + b'{"torn')
    GetCourseStandin([schools[1]], KIND, clock=clock, ledger=ledger)
    assert schools[1].deals == schools[0].deals


async def test_by_default_it_loses_answers_and_webhooks_and_repeats_them() -> None:
    rates = replace(GATEWAY, answer_least=0.0, answer_delay=0.01, callback_delay=0.02, lose_answer=0.15,
                    fail_accepted=0.15, lose_callback=0.15)  # fmt: skip
    async with opened(rates) as desk:
        placings = [replace(PLACING, number=f"dz-{n:012d}") for n in range(40)]
        answers = await asyncio.gather(*map(desk.place, placings))
        told = await desk.settled()
    codes = {answer.code for answer in answers if isinstance(answer, Unclear)}
    assert codes == {"no_answer", "http_502"}
    assert desk.standin.lost
    assert len({each.external_id for each in told}) < len(told)
