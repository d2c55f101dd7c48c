"""A tasks service on a real database: events in as from the consumer, events out of the outbox."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar
from uuid import UUID, uuid4

from pydantic import SecretStr

from libs.common.contracts import Cause, EventData, Received
from libs.common.contracts import assignment as work
from libs.common.contracts import intake as leads
from libs.common.contracts.notifications import TemplateApproved
from libs.common.contracts.registry import REGISTRY
from libs.common.contracts.shared import (
    ContactKind,
    Customer,
    Direction,
    Language,
    OrderStatus,
    Presence,
    Signal,
    Speaker,
    Stage,
    TakenWork,
    Text,
)
from libs.common.domain.money import Money
from libs.common.messaging.inbox import Subscriptions, UseCase
from libs.common.platform.clock import ManualClock
from libs.common.platform.core import Core
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from services.tasks.context import Context
from services.tasks.desks.actions import DeskSpec, create_desk
from services.tasks.playbooks.actions import add_version, start_on
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.standing import NameKind, used
from services.tasks.playbooks.vocabulary import VOCABULARY
from services.tasks.settings import TasksSettings
from services.tasks.subscriptions import subscriptions
from services.tasks.timers.actions import fire_due
from tests.tasks.support import LIBRARY, START

D = TypeVar("D", bound=EventData)
OPENED = """
SELECT id AS task_id, lead_id, type AS task_type, pool, mode, role, playbook_version
FROM task ORDER BY opened_at, id
"""
ANNA_ID, BORIS_ID = UUID(int=1), UUID(int=2)


@dataclass(frozen=True)
class Opened:
    """A task as it was opened; no event says so to other services."""

    task_id: UUID
    lead_id: UUID | None
    task_type: str
    pool: str
    mode: str
    role: str
    playbook_version: int


@dataclass
class Desk:
    """A desk in one service; `clock` only moves when a test advances it."""

    ctx: Context
    clock: ManualClock
    sequence: int = 0
    last: dict[UUID, UUID] = field(default_factory=dict)

    @classmethod
    @asynccontextmanager
    async def opened(cls, db: Database) -> AsyncIterator["Desk"]:
        settings = TasksSettings(postgres_url=SecretStr(db.config.url))
        clock = ManualClock(START)
        core = Core("tasks", settings, db, clock, Tracing("tasks"), new_registry())
        desk = cls(Context.of(core, settings), clock)
        await desk.set_up()
        yield desk

    async def set_up(self) -> None:
        title = Text(ru="Демо", en="Demo")
        spec = DeskSpec("demo", title, "Europe/Moscow", (Language.RU, Language.EN), ())
        await create_desk(self.ctx, spec, Cause.fresh())
        for code in ("callback", "school"):
            await self.activate_playbook((LIBRARY / f"{code}.yaml").read_text(encoding="utf-8"))
        await self.receive(operator(ANNA_ID, "anna"), operator(BORIS_ID, "boris"))

    async def activate_playbook(self, source: str, desk: str = "demo", owner: str | None = None) -> None:
        """Start the desk's new leads on a playbook, as its file does: what it names may come later."""
        made = await add_version(self.ctx, source, "test", owner)
        async with self.ctx.db.begin() as tx:
            playbook = await self.ctx.playbooks.get(tx.conn, made.code, made.version)
            await start_on(self.ctx, tx, playbook, made.version, desk, "test", Cause.fresh())
            await tx.commit()

    async def furnish(self, source: str) -> None:
        """Let the desk have the pools and templates that a playbook names."""
        named = {(kind, name) for _, kind, name in used(parse(source, VOCABULARY))}
        pools = (pool(name) for kind, name in named if kind is NameKind.POOL)
        templates = (approved(name) for kind, name in named if kind is NameKind.TEMPLATE)
        await self.receive(*pools, *templates)

    async def add_desk(self, code: str, source: str) -> None:
        """Create another desk with its own playbook."""
        spec = DeskSpec(code, Text(ru=code, en=code), "Asia/Omsk", (Language.RU,), ())
        await create_desk(self.ctx, spec, Cause.fresh())
        await self.activate_playbook(source, code, owner=code)

    def event(self, data: EventData, cause: Cause | None = None, desk: str = "demo") -> Received[EventData]:
        self.sequence += 1
        return Received(uuid7(), key_of(data), desk, self.clock.now(), self.sequence, cause or Cause.fresh(), data)

    async def receive(self, *payloads: EventData, desk: str = "demo") -> list[Received[EventData]]:
        """Apply events in one transaction, as the consumer does."""
        events = [self.event(data, desk=desk) for data in payloads]
        await self.apply(events)
        return events

    async def apply(self, events: Sequence[Received[EventData]]) -> None:
        async with self.ctx.db.begin() as tx:
            for use_case, run in _runs(subscriptions(self.ctx), events):
                await use_case(tx, run)
            await tx.commit()

    async def lead(
        self, playbook: str, *signals: Signal, status: OrderStatus = OrderStatus.NEW, desk: str = "demo"
    ) -> UUID:
        data = lead(playbook, *signals, status=status, received_at=self.clock.now())
        await self.receive(data, desk=desk)
        return data.lead_id

    async def pass_time(self, delta: timedelta) -> None:
        """Advance the clock and fire the due timers."""
        self.clock.advance(delta)
        while await fire_due(self.ctx, 100):
            pass

    async def tasks(self) -> list[Opened]:
        """Return all tasks, oldest first."""
        rows = await self.ctx.db.pool.fetch(OPENED)
        return [Opened(**row) for row in rows]

    async def sent(self, kind: type[D]) -> list[D]:
        """Return the events of a type in the outbox, oldest first."""
        rows = await self.ctx.db.pool.fetch("SELECT type, body FROM outbox ORDER BY id")
        found = [REGISTRY[row["type"]].model_validate_json(row["body"]) for row in rows]
        return [data for data in found if isinstance(data, kind)]


def key_of(data: EventData) -> str:
    """Return the key of an event's subject."""
    if not isinstance(data, leads.CustomerChanged) and (lead_id := getattr(data, "lead_id", None)) is not None:
        return f"lead:{lead_id}"
    customer_id = getattr(data, "customer_id", None)
    return f"customer:{customer_id}" if customer_id is not None else "lead:"


def _runs(
    table: Subscriptions, events: Sequence[Received[EventData]]
) -> list[tuple[UseCase, list[Received[EventData]]]]:
    runs: list[tuple[UseCase, list[Received[EventData]]]] = []
    for event in events:
        use_case = table[event.data.event_type]
        if not runs or runs[-1][0] is not use_case:
            runs.append((use_case, []))
        runs[-1][1].append(event)
    return runs


def lead(
    playbook: str, *signals: Signal, status: OrderStatus = OrderStatus.NEW, received_at: object = START
) -> leads.LeadReceived:
    return leads.LeadReceived(
        lead_id=uuid7(),
        customer_id=uuid7(),
        source_id=uuid7(),
        source=playbook,
        playbook=playbook,
        external_id=str(uuid4()),
        order_id=uuid7(),
        order_number="1042",
        order_status=status,
        amount=Money(amount="4990", currency="RUB"),
        payment_link="https://pay.example/42",
        items=(leads.Item(title="Курс", code="course"),),
        signals=signals,
        language=Language.RU,
        zone="Europe/Moscow",
        received_at=received_at,
        person=Customer(name="Иван", phone="+79990000001", email="ivan@example.org"),
    )


def lead_v2(playbook: str, **changes: object) -> leads.LeadReceivedV2:
    """A lead without an order, born in the status `new` of its playbook."""
    fields = {
        "lead_id": uuid7(),
        "customer_id": uuid7(),
        "source_id": uuid7(),
        "source": playbook,
        "playbook": playbook,
        "status": "new",
        "title": Text(ru="Новый", en="New"),
        "stage": Stage.NEW,
        "language": Language.RU,
        "zone": "Europe/Moscow",
        "received_at": START,
        "person": Customer(name="Иван", phone="+79990000001"),
    }
    return leads.LeadReceivedV2.model_validate({**fields, **changes})


def contact(**changes: object) -> leads.ContactRecorded:
    """A missed call of a known number."""
    fields = {
        "contact_id": uuid7(),
        "kind": ContactKind.MISSED,
        "direction": Direction.IN,
        "at": START,
        "source_id": uuid7(),
        "source": "telephony",
        "person": Speaker(phone="+79990000001"),
    }
    return leads.ContactRecorded.model_validate({**fields, **changes})


def operator(operator_id: UUID, subject: str, **changes: object) -> work.OperatorChanged:
    fields = {
        "operator_id": operator_id,
        "subject": subject,
        "name": subject.title(),
        "active": True,
        "roles": ("operator",),
        "desks": ("demo",),
        "pools": ("callback", "sales"),
        "products": ("*",),
        "capacity": 20,
        "presence": Presence.CHECKED_IN,
    }
    return work.OperatorChanged.model_validate({**fields, **changes})


def approved(code: str) -> TemplateApproved:
    return TemplateApproved(code=code, version=1, languages=(Language.RU,), actor="chief")


def pool(code: str = "callback", **changes: object) -> work.PoolChanged:
    fields = {
        "pool_id": UUID(bytes=code.encode().ljust(16)[:16]),
        "desk": "demo",
        "code": code,
        "off_shift_pull": False,
        "taken_work": TakenWork.KEEP,
        "version": 1,
    }
    return work.PoolChanged.model_validate({**fields, **changes})


def proposal(
    task_id: UUID,
    lead_id: UUID | None,
    version: int = 1,
    operator_id: UUID = ANNA_ID,
    operator_version: int | None = None,
) -> work.WorkAssigned:
    return work.WorkAssigned(
        task_id=task_id,
        lead_id=lead_id,
        task_version=version,
        pool="sales",
        decision_id=uuid7(),
        operator_id=operator_id,
        operator_name={BORIS_ID: "Boris"}.get(operator_id, "Anna"),
        reason="least_virtual_time",
        candidates=(),
        operator_version=operator_version,
    )
