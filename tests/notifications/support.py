"""A desk with a template and a channel, its worker loops in this process, and the stand-in over real HTTP."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from uuid import UUID

import asyncpg
import orjson

from deploy.local.ports import free_port
from deploy.standins.wazzup import KIND, Account, Profile, Standin, running
from deploy.standins.wazzup.accounts import DEMO_CHANNEL, DEMO_KEY
from libs.common.connect.command.store import Halted, Limits
from libs.common.connect.egress import Egress
from libs.common.connect.transport import Transport
from libs.common.contracts import REGISTRY, Cause, EventData, Received
from libs.common.contracts.shared import Customer, Language
from libs.common.contracts.tasks import MessageRequested, MessageWithdrawn
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.clock import Clock, SystemClock
from libs.common.platform.core import Core
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from libs.common.platform.sealing import DataKeys
from libs.common.platform.serving import serve
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from libs.common.platform.worker import Loop
from services.notifications.channels.actions import create
from services.notifications.channels.convert import adapter_of
from services.notifications.channels.queries import channel_of_webhook
from services.notifications.channels.schemas import CreateChannel
from services.notifications.context import Context
from services.notifications.delivery import store
from services.notifications.delivery.store import Claim, Result
from services.notifications.delivery.worker import loops
from services.notifications.feed.hub import FeedHub
from services.notifications.providers.values import Raw
from services.notifications.settings import NotificationsSettings
from services.notifications.subscriptions import subscriptions
from services.notifications.templates.actions import approve, propose
from services.notifications.templates.convert import Wording
from services.notifications.webhooks.store import Body, Origin, store_bodies
from tests.support.patience import PATIENCE, eventually

DESK = "demo"
HOOK_KEY = "hook-key-of-the-demo-desk"
BODIES = {"ru": "Здравствуйте, {name}! Заказ {order_number} принят", "en": "Hello {name}! Order {order_number}"}
CAUSE = Cause.fresh("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")


LIMITS = Limits(16, timedelta(seconds=1))
VAPID_KEY = base64.urlsafe_b64encode(bytes(31) + b"\x07").decode()
KEYS = "tests:" + base64.b64encode(bytes(32)).decode()


def settings(standins: str, **changes: object) -> NotificationsSettings:
    quick = {"send_timeout": 0.5, "send_lease": 1.0, "repeat_window": 4.0, "unknown_after": 8.0, **changes}
    given = {
        "postgres_url": "postgresql://unused@127.0.0.1/unused",
        "standins_url": standins,
        "data_keys": KEYS,
        "egress_allow": standins.removeprefix("http://"),
        "vapid_key": VAPID_KEY,
        "vapid_subject": "mailto:admin@example.com",
    }
    return NotificationsSettings.model_validate({**given, **quick})


def context(db: Database, standins: str, clock: Clock | None = None, **changes: object) -> Context:
    """The context of another process: its own core, client and sender, on a shared database."""
    own = settings(standins, **changes)
    core = Core("notifications", own, db, clock or SystemClock(), Tracing("notifications"), new_registry())
    return Context(core, own, Transport(Egress(own.egress_allow), own.send_timeout), FeedHub(db))


@asynccontextmanager
async def worker(ctx: Context) -> AsyncIterator[None]:
    """Run the loops of the worker for the block, then stop them as the worker does."""
    stop = asyncio.Event()
    try:
        async with asyncio.TaskGroup() as group:
            for loop in loops(ctx):
                group.create_task(_run(loop, stop))
            try:
                yield
            finally:
                stop.set()
    finally:
        await ctx.transport.close()


async def _run(loop: Loop, stop: asyncio.Event) -> None:
    await loop(stop)


@asynccontextmanager
async def webhook_server(db: Database) -> AsyncIterator[str]:
    """Serve the webhook without the rest of the API and yield its URL."""
    from starlette.applications import Starlette

    from services.notifications.webhooks.api import routes

    app, stop = Starlette(routes=routes), asyncio.Event()
    app.state.ctx = context(db, "http://127.0.0.1:9")
    port = free_port()
    serving = asyncio.create_task(serve(app, "127.0.0.1", port, stop, lifespan="off"))
    await asyncio.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}/notifications/v1/hooks/wazzup/{HOOK_KEY}"
    finally:
        stop.set()
        await serving
        await app.state.ctx.transport.close()


@dataclass
class Desk:
    """A desk that can send: its database, the stand-in and its channel."""

    db: Database
    url: str
    standin: Standin
    channel_id: UUID
    clock: Clock = field(default_factory=SystemClock)

    def context(self, **changes: object) -> Context:
        return context(self.db, self.url, self.clock, **changes)

    async def request(self, *requests: EventData, given: Context | None = None) -> None:
        ctx = given or self.context()
        try:
            await apply(ctx, *requests)
        finally:
            if ctx is not given:
                await ctx.transport.close()

    async def rows(self, query: str, *args: object) -> list[asyncpg.Record]:
        return await self.db.pool.fetch(query, *args)

    async def states(self) -> Mapping[UUID, str]:
        return {row["id"]: row["state"] for row in await self.rows("SELECT id, state FROM message")}

    async def attempts(self) -> list[str]:
        return [row["state"] for row in await self.rows("SELECT state FROM attempt ORDER BY id")]

    async def accepted(self) -> int:
        """Return how many messages the provider has."""
        return len(self.standin.journal.entries)

    async def events(self) -> list[EventData]:
        rows = await self.rows("SELECT type, body FROM outbox ORDER BY id")
        return [REGISTRY[row["type"]].model_validate(orjson.loads(row["body"])) for row in rows]

    async def until(self, *states: str, seconds: float = PATIENCE) -> Mapping[UUID, str]:
        """Wait until every message is in one of `states`; `accepted` is also what has come further since."""
        wanted = {*states, *(("sent", "delivered", "read") if "accepted" in states else ())}
        return await eventually(self.states, lambda found: bool(found) and set(found.values()) <= wanted, seconds)


async def apply(ctx: Context, *data: EventData, desk: str = DESK, cause: Cause = CAUSE) -> None:
    """Apply events as the consumer does: one batch per type, one transaction."""
    table = subscriptions(ctx)
    async with ctx.core.db.begin() as tx:
        for event_type, batch in groupby(data, key=lambda item: item.event_type):
            received = [
                Received(uuid7(), "lead:1", desk, ctx.core.clock.now(), n, cause, item)
                for n, item in enumerate(batch, 1)
            ]
            await table[event_type](tx, received)
        await tx.commit()


def requested(**changes: object) -> MessageRequested:
    """A message to Anna, in Russian, of the template that the desk has."""
    fields: dict[str, object] = {
        "message_id": uuid7(), "lead_id": uuid7(), "task_id": None, "template": "order_received",
        "variables": {"order_number": "1042"}, "language": Language.RU, "zone": "Europe/Moscow",
        "purpose": "acknowledgement", "deadline": None, "dedupe_key": str(uuid7()),
        "person": Customer(name="Анна", phone="+79000000001"),
    }  # fmt: skip
    return MessageRequested.model_validate({**fields, **changes})


def withdrawn(request: MessageRequested) -> MessageWithdrawn:
    """The withdrawal of a request."""
    return MessageWithdrawn(
        dedupe_key=request.dedupe_key,
        lead_id=request.lead_id,
        purpose=request.purpose,
        actor="system",
        reason="paid",
    )


async def claim(
    db: Database, busy: Mapping[UUID, int] | None = None, limits: Limits = LIMITS, **changes: object
) -> Sequence[Claim]:
    """Claim as a worker of the quick settings does."""
    policies = settings("http://127.0.0.1:9", **changes).policies
    return await store.claim(db, busy or {}, limits, policies, datetime.now(UTC))


async def callback(db: Database, body: object, raw: bytes = b"", hook_key: str = HOOK_KEY) -> None:
    """Store a callback as the webhook does."""
    row = await channel_of_webhook(db, "wazzup", hook_key)
    assert row is not None
    keys = DataKeys.parse(KEYS)
    adapter, content = adapter_of(row["id"], row, keys, None), raw or orjson.dumps(body)
    reading = adapter.read(Raw("POST", "", {}, {}, content))
    await store_bodies(db, [Body(Origin.of(row), reading, content, datetime.now(UTC))])


async def record(db: Database, *results: Result) -> Sequence[Halted]:
    return await store.record(db, results, datetime.now(UTC))


async def expire(db: Database) -> int:
    return await store.expire(db, settings("http://127.0.0.1:9").policies, datetime.now(UTC))


SUPERVISOR = Principal("supervisor", frozenset({Role.SUPERVISOR}), frozenset({DESK}))


async def approved_template(
    db: Database,
    code: str = "order_received",
    bodies: Mapping[str, str] = BODIES,
    variants: Mapping[str, object] | None = None,
) -> None:
    """Propose and approve a template of the desk."""
    now = datetime.now(UTC)
    row = await propose(db, DESK, code, Wording(bodies, variants or {}), "operator", now)
    await approve(db, (code, int(str(row["version"]))), DESK, None, SUPERVISOR, now, CAUSE)
    await db.pool.execute("DELETE FROM outbox")


async def channel(db: Database, **changes: object) -> UUID:
    """Make the desk's channel at the stand-in's demo account."""
    demo = {"api_key": DEMO_KEY, "provider_channel_id": DEMO_CHANNEL}
    own = {} if "config" in changes else demo
    fields = {"desk": DESK, "code": "main", "hook_key": HOOK_KEY, **own}
    wanted = CreateChannel.model_validate({**fields, **changes})
    row = await create(db, DataKeys.parse(KEYS), wanted, datetime.now(UTC))
    return UUID(str(row["id"]))


@asynccontextmanager
async def open_desk(
    db: Database, profile: Profile = KIND, seed: int = 1, clock: Clock | None = None
) -> AsyncIterator[Desk]:
    """Open a desk that can send, with the stand-in and our webhook running."""
    await approved_template(db)
    channel_id = await channel(db)
    async with webhook_server(db) as webhook:
        standin = Standin([Account(webhooks_uri=webhook)], profile, seed)
        async with running(standin) as url:
            yield Desk(db, url, standin, channel_id, clock or SystemClock())
