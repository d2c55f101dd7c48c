"""The stand-in of Mango Office: commands that are proved, events that are signed, nasty at stated rates."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from deploy.local.ports import free_port
from deploy.standins.faults import GATEWAY, KIND, Profile
from deploy.standins.mango import DEMO_KEY, DEMO_SALT, MangoStandin
from deploy.standins.provider import GatewayAccount
from deploy.standins.server import running
from libs.common.connect.command.rules import Accepted, Answer, Class, Refused, Unclear, answer_to
from libs.common.connect.egress import Egress
from libs.common.connect.exchange import Lost
from libs.common.connect.transport import Transport
from libs.common.contracts.shared import ContactKind
from libs.common.platform.serving import serve
from services.intake.contacts.rules import Said
from services.intake.formats.base import Proof
from services.intake.formats.exchange import Dial, Transfer
from services.intake.formats.mango import Mango, MangoConfig
from services.intake.formats.rules import Fact, RawRequest
from tests.support.patience import PATIENCE

pytestmark = pytest.mark.servers
OURS = Mango(MangoConfig(api_key=DEMO_KEY), ZoneInfo("Europe/Moscow"), (DEMO_SALT,))


class Desk:
    """Our side: the format, a transport, and a webhook that verifies and reads."""

    def __init__(self, standin: MangoStandin, transport: Transport, api: str) -> None:
        self.standin, self._transport, self._api = standin, transport, api
        self.facts: list[Fact] = []
        self.refused = 0

    async def take(self, request: Request) -> Response:
        raw = RawRequest("POST", b"", dict(request.headers), await request.body())
        if OURS.verify(raw) is Proof.REFUSED:
            self.refused += 1
            return Response(status_code=401)
        self.facts += OURS.read(raw)
        return Response()

    async def dial(self, number: int = 1, ours: Mango = OURS) -> Answer:
        command_id = f"0190b6d0-0000-7000-8000-{number:012d}"
        call = Dial(command_id, "101", f"+7900{number:07d}")
        answered = await self._transport.call(ours.dial(call, self._api))
        return answer_to(answered) if isinstance(answered, Lost) else ours.answer(answered, command_id)

    async def transfer(self, leg: str) -> Answer:
        answered = await self._transport.call(OURS.transfer(Transfer("t-1", leg, "101", "102"), self._api))
        return answer_to(answered) if isinstance(answered, Lost) else OURS.answer(answered, "t-1")

    async def settled(self) -> list[Said]:
        async with asyncio.timeout(PATIENCE):
            while self.standin.waiting:
                await asyncio.sleep(0.02)
        return [fact for fact in self.facts if isinstance(fact, Said)]


@asynccontextmanager
async def opened(profile: Profile = KIND) -> AsyncIterator[Desk]:
    account = GatewayAccount(DEMO_KEY, DEMO_SALT)
    standin = MangoStandin([account], profile, seed=3)
    port = free_port()
    account.callbacks, stop = f"http://127.0.0.1:{port}/webhook", asyncio.Event()
    async with running(standin) as base:
        transport = Transport(Egress(base.removeprefix("http://")), 5.0)
        desk = Desk(standin, transport, f"{base}/mango/vpbx/")
        app = Starlette(routes=[Route("/webhook/{event:path}", desk.take, methods=["POST"])])
        serving = asyncio.create_task(serve(app, "127.0.0.1", port, stop, lifespan="off"))
        try:
            yield desk
        finally:
            stop.set()
            await serving
            await transport.close()


async def test_a_call_is_taken_and_its_events_name_the_command() -> None:
    async with opened() as desk:
        answer = await desk.dial()
        contacts = await desk.settled()
    assert isinstance(answer, Accepted)
    assert {each.command_id for each in contacts if each.under_way} == {answer.external_id}
    assert [(each.kind, each.duration) for each in contacts if not each.under_way] == [(ContactKind.CALL_OUT, 30)]
    assert desk.refused == 0


async def test_a_wrong_signature_is_refused() -> None:
    async with opened() as desk:
        answer = await desk.dial(ours=replace(OURS, secrets=("another-salt-of-16",)))
    assert answer == Refused(Class.CONFIGURATION, "HTTP_401")


async def test_a_number_that_no_exchange_reaches_is_refused_with_its_code() -> None:
    async with opened() as desk:
        assert await desk.dial(10_000) == Refused(Class.MESSAGE, "3200")


async def test_a_leg_that_is_none_cannot_be_passed_on() -> None:
    async with opened() as desk:
        await desk.dial()
        [leg] = {each.leg for each in await desk.settled() if each.leg}
        assert isinstance(await desk.transfer(leg), Accepted)
        assert await desk.transfer("none") == Refused(Class.MESSAGE, "3300")


async def test_nothing_checks_whether_a_command_came_before() -> None:
    async with opened() as desk:
        assert [type(await desk.dial()) for _ in range(2)] == [Accepted, Accepted]
    assert len(desk.standin.journal.twice()) == 1


async def test_by_default_it_loses_answers_and_repeats_and_reorders_events() -> None:
    rates = replace(GATEWAY, answer_least=0.0, answer_delay=0.01, callback_delay=0.02, lose_answer=0.2,
                    fail_accepted=0.2)  # fmt: skip
    async with opened(rates) as desk:
        answers = [
            answer for n in range(1, 91, 10) for answer in await asyncio.gather(*map(desk.dial, range(n, n + 10)))
        ]
        contacts = await desk.settled()
    ends = [n for n, each in enumerate(contacts) if not each.under_way]
    reports = [(each.external_id, each.under_way, each.leg) for each in contacts]
    codes = {each.code for each in answers if isinstance(each, Unclear)}
    assert codes == {"no_answer", "http_503"}
    assert len(set(reports)) < len(reports)
    assert any(
        later.under_way and later.external_id == contacts[n].external_id for n in ends for later in contacts[n:]
    )
