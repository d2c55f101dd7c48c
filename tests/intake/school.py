"""A desk with a school: the stand-in over real HTTP both ways, the worker's steps in this process, one clock."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import cast

from pydantic import SecretStr

from deploy.local.ports import free_port
from deploy.standins.client import http_client
from deploy.standins.faults import KIND
from deploy.standins.getcourse.school import School
from deploy.standins.getcourse.standin import DEMO_KEY, GetCourseStandin
from deploy.standins.server import running
from libs.common.connect.poll.loop import PollLoop
from libs.common.platform.clock import ManualClock
from libs.common.platform.core import Core
from libs.common.platform.db import Database
from libs.common.platform.sealing.keys import new_key
from libs.common.platform.serving import serve
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from libs.common.platform.worker import Lookout, Loop, Watch
from services.intake.context import Context
from services.intake.placements.worker import WORK, placing_loops
from services.intake.schools.webhooks import subscriptions
from services.intake.schools.worker import Found, checks
from services.intake.settings import IntakeSettings
from tests.intake.api import NOW, Api
from tests.support.patience import PATIENCE

SOURCE = {
    "desk": "demo", "code": "getcourse", "playbook": "school", "zone": "Europe/Moscow",
    "config": {"format": "getcourse", "auth": "none", "response": "ok"},
}  # fmt: skip
LOOK = 0.05  # seconds between two looks at what there is to do
ACCOUNT = {"account": "acme", "api_key": DEMO_KEY}
ANNA = {"email": "anna@example.com", "phone": "+79161234567", "first_name": "Анна", "last_name": "Иванова"}
ORDER = {
    "desk": "demo", "source": "getcourse", "name": "Анна Иванова", "phone": "8 916 123-45-67",
    "email": "Anna@Example.com", "title": "Курс «Старт»", "amount": "12000.00",
}  # fmt: skip
DUE = "UPDATE poll SET due_at = clock_timestamp()"


class Desk:
    """The desk: its API, the stand-in of its school, and the steps of its worker."""

    def __init__(
        self, api: Api, standin: GetCourseStandin, school: School, base: str, source: Mapping[str, object]
    ) -> None:
        self.api, self.standin, self.school, self.source = api, standin, school, source
        self.ctx, self.clock = api.ctx, api.clock
        self._base = base
        self._checks: PollLoop[Found] = checks(api.ctx, Watch(1.0))
        self._subscriptions = subscriptions(api.ctx, Watch(1.0))

    async def look(self) -> None:
        """Let the check look once, as its loop does every few seconds."""
        await self.ctx.core.db.pool.execute(DUE)
        await self._checks.once()

    async def subscribe(self) -> None:
        """Let the school be asked to report its orders, if that is due."""
        await self.ctx.core.db.pool.execute(DUE)
        await self._subscriptions.once()

    async def pass_time(self, span: timedelta, step: timedelta = timedelta(minutes=2)) -> None:
        """Let business time pass, with a look at each step."""
        for _ in range(int(span / step)):
            self.clock.advance(step)
            await self.look()

    async def customer(self, path: str = "_orders", **body: object) -> dict[str, object]:
        """Do what customers and people of the school do."""
        async with http_client() as http:
            answer = await http.post(f"{self._base}/getcourse/acme/{path}", json=body)
        assert answer.is_success, answer.text
        async with asyncio.timeout(PATIENCE):
            while self.standin.waiting:
                await asyncio.sleep(0.01)
        return cast("dict[str, object]", answer.json())

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Run the loops for the block, then stop them as the worker does."""
        stop = asyncio.Event()
        lookout = Lookout(self.ctx.core.db, self.ctx.core.clock, WORK, LOOK)
        loops: tuple[Loop, ...] = (lookout, *placing_loops(self.ctx, lookout))
        async with asyncio.TaskGroup() as group:
            for loop in loops:
                group.create_task(_run(loop(stop)))
            try:
                yield
            finally:
                stop.set()

    async def shown(self, order: Mapping[str, object]) -> dict[str, object]:
        return await self.api.ok("GET", f"/orders/{order['id']}")

    async def set_school(self, **members: object) -> dict[str, object]:
        return await self.api.ok("PUT", f"/sources/{self.source['id']}/school", {**ACCOUNT, **members})

    async def check(self) -> dict[str, object]:
        return await self.api.ok("GET", f"/sources/{self.source['id']}/school")


@asynccontextmanager
async def open_school(
    db: Database, *, webhooks: bool = True, source: Mapping[str, object] = SOURCE, outside: bool = True
) -> AsyncIterator[Desk]:
    """Open a desk whose school is played by the stand-in. `outside`: it is known where we are reached."""
    school, clock, port, stop = GetCourseStandin.demo(), ManualClock(NOW), free_port(), asyncio.Event()
    standin = GetCourseStandin([school], KIND, seed=3, clock=clock)
    async with running(standin) as url:
        settings = IntakeSettings.model_validate({
            "postgres_url": db.config.url, "data_keys": SecretStr(new_key("tests")), "standins_url": url,
            "egress_allow": url.removeprefix("http://"), "call_timeout": 0.5, "call_lease": 1.0,
            "call_unknown_after": 3.0, "public_url": f"http://127.0.0.1:{port}/" if outside else None,
        })  # fmt: skip
        core = Core("intake", settings, db, clock, Tracing("intake"), new_registry())
        api = Api(Context.of(core, settings))
        serving = asyncio.create_task(serve(api.app, "127.0.0.1", port, stop, lifespan="off"))
        made = await api.ok("POST", "/sources", source)
        if webhooks:
            school.address = f"http://127.0.0.1:{port}{made['hook']}"
        desk = Desk(api, standin, school, url, made)
        await desk.set_school()
        try:
            yield desk
        finally:
            stop.set()
            await serving
            await api.ctx.transport.close()
            await api.ctx.exports.close()


async def _run(loop: Awaitable[None]) -> None:
    await loop
