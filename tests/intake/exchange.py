"""A desk with a telephone exchange: the stand-in over real HTTP both ways, the worker's loops in this process."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import cast

from pydantic import SecretStr

from deploy.local.ports import free_port
from deploy.standins.faults import KIND, Profile
from deploy.standins.mango import DEMO_KEY, DEMO_SALT, MangoStandin
from deploy.standins.provider import GatewayAccount
from deploy.standins.server import running
from libs.common.platform.clock import ManualClock
from libs.common.platform.core import Core
from libs.common.platform.db import Database
from libs.common.platform.sealing.keys import new_key
from libs.common.platform.serving import serve
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from libs.common.platform.worker import Lookout
from services.intake.calls.worker import WORK, calling_loops
from services.intake.context import Context
from services.intake.settings import IntakeSettings
from tests.intake.api import NOW, Api, order
from tests.support.patience import eventually

KEYS = SecretStr(new_key("tests"))
LOOK = 0.05  # seconds between two looks at what there is to do
CONFIG = {"format": "mango", "api_key": DEMO_KEY}
SOURCE = {"desk": "demo", "code": "line", "playbook": "callback", "zone": "Europe/Moscow", "secret": DEMO_SALT}


class Exchange:
    """The desk: its API, its stand-in, and what it takes to be another process."""

    def __init__(self, db: Database, api: Api, standin: MangoStandin, url: str) -> None:
        self.db, self.api, self.standin, self._url = db, api, standin, url

    def context(self) -> Context:
        return context(self.db, self._url)

    @property
    def address(self) -> str:
        """Where the stand-ins are, with its last slash."""
        return f"{self._url.rstrip('/')}/"

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[None]:
        """Run the loops of the worker for the block, then stop them as the worker does."""
        ctx, stop = self.context(), asyncio.Event()
        lookout = Lookout(ctx.core.db, ctx.core.clock, WORK, LOOK)
        async with asyncio.TaskGroup() as group:
            for loop in (lookout, *calling_loops(ctx, lookout)):
                group.create_task(_run(loop(stop)))
            try:
                yield
            finally:
                stop.set()
        await ctx.transport.close()

    async def call(self, **members: object) -> dict[str, object]:
        """Start a call to the customer of a number."""
        asked = {"desk": "demo", "source": "line", "extension": "101", "phone": "+79161234567", **members}
        return await self.api.ok("POST", "/calls", asked)

    async def lead(self) -> str:
        """Return a lead of a landing page, whose customer has the number."""
        return (await self.api.deliver(await self.api.source(), order(phone="+79161234567")))["lead_id"]

    async def shown(self, view: dict[str, object]) -> dict[str, object]:
        return await self.api.ok("GET", f"/calls/{view['id']}")

    async def until(self, view: dict[str, object], state: str) -> dict[str, object]:
        """Return the call once it has this state."""
        return await eventually(lambda: self.shown(view), lambda shown: shown["state"] == state)

    @property
    def dialled(self) -> list[str | None]:
        """The commands that the exchange has taken."""
        return [entry.crm_message_id for entry in self.standin.journal.entries.values()]


def context(db: Database, standins: str) -> Context:
    """The context of a process, with quick time-outs."""
    settings = IntakeSettings.model_validate({
        "postgres_url": db.config.url, "data_keys": KEYS, "standins_url": standins,
        "egress_allow": standins.removeprefix("http://"), "call_timeout": 0.5, "call_lease": 1.0,
        "call_unknown_after": 3.0,
    })  # fmt: skip
    return Context.of(Core("intake", settings, db, ManualClock(NOW), Tracing("intake"), new_registry()), settings)


@asynccontextmanager
async def open_exchange(db: Database, profile: Profile = KIND, seed: int = 3) -> AsyncIterator[Exchange]:
    """Open a desk whose exchange is played by the stand-in."""
    account = GatewayAccount(DEMO_KEY, DEMO_SALT)
    standin = MangoStandin([account], replace(profile), seed)
    port = free_port()
    async with running(standin) as url:
        api, stop = Api(context(db, url)), asyncio.Event()
        serving = asyncio.create_task(serve(api.app, "127.0.0.1", port, stop, lifespan="off"))
        made = await api.ok("POST", "/sources", {**SOURCE, "config": CONFIG})
        account.callbacks = f"http://127.0.0.1:{port}{made['hook']}"
        try:
            yield Exchange(db, api, standin, url)
        finally:
            stop.set()
            await serving
            await api.ctx.transport.close()


async def _run(loop: Awaitable[None]) -> None:
    await loop


def faults(answer: dict[str, object]) -> list[tuple[object, object]]:
    return [(each["pointer"], each["code"]) for each in cast("list[dict[str, object]]", answer["errors"])]
