"""All four services on one database in this process: events are passed on by hand, and persons are looked for."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from pydantic import SecretStr

from libs.common.contracts import REGISTRY, Cause, EventData, Received
from libs.common.contracts.erasures import AssignmentScrubbed, NotificationsScrubbed
from libs.common.messaging.inbox import Subscriptions
from libs.common.platform.clock import ManualClock
from libs.common.platform.core import Core
from libs.common.platform.db import Database
from libs.common.platform.erasure.actions import Eraser
from libs.common.platform.sealing.keys import new_key
from libs.common.platform.telemetry.metrics import new_registry
from libs.common.platform.telemetry.tracing import Tracing
from libs.common.testkit.database import StackDatabase
from services.assignment.context import Context as AssignmentContext
from services.assignment.erasures.places import PLACES as ASSIGNMENT_PLACES
from services.assignment.settings import AssignmentSettings
from services.assignment.subscriptions import subscriptions as of_assignment
from services.intake.context import Context as IntakeContext
from services.intake.erasures.actions import eraser as intake_eraser
from services.intake.settings import IntakeSettings
from services.intake.subscriptions import subscriptions as of_intake
from services.notifications.erasures.places import PLACES as NOTIFICATIONS_PLACES
from services.notifications.subscriptions import subscriptions as of_notifications
from services.tasks.erasures.actions import eraser
from services.tasks.subscriptions import subscriptions as of_tasks
from tests.intake.api import Api as Intake
from tests.notifications import support as notifications
from tests.support.patience import eventually
from tests.support.search import tables_with
from tests.tasks.client import Api as Tasks
from tests.tasks.client import api_of
from tests.tasks.desk import Desk

OUTBOX = "SELECT * FROM outbox ORDER BY id"


@dataclass
class House:
    """The services by name: their databases, what they read, and what empties them."""

    intake: Intake
    desk: Desk
    tasks: Tasks
    databases: Mapping[str, Database]
    reads: Mapping[str, Subscriptions]
    erasers: Mapping[str, Eraser]
    late: list[Received[EventData]] = field(default_factory=list)

    async def pass_on(self) -> None:
        """Take events from the outboxes to their readers until there are none."""
        while any([await self._sent(name) for name in self.databases]):
            pass

    async def _sent(self, name: str) -> int:
        rows = await self.databases[name].pool.fetch(OUTBOX)
        events = [
            Received(
                row["event_id"], row["key"], row["desk"], row["time"], row["sequence"],
                Cause(row["correlation_id"], row["causation_id"], row["traceparent"]),
                REGISTRY[row["type"]].model_validate_json(row["body"]),
            )
            for row in rows
        ]  # fmt: skip
        for reader in self.databases:
            await self.hear(reader, events)
        await self.databases[name].pool.execute(
            "DELETE FROM outbox WHERE id = ANY($1::bigint[])", [r["id"] for r in rows]
        )
        return len(rows)

    async def hear(self, reader: str, events: Sequence[Received[EventData]]) -> None:
        """Give a service the events that it reads, in one transaction."""
        table = self.reads[reader]
        known = [event for event in events if event.data.event_type in table]
        async with self.databases[reader].begin() as tx:
            for use_case, batch in groupby(known, key=lambda event: table[event.data.event_type]):
                await use_case(tx, list(batch))
            await tx.commit()

    async def settle(self, erasure_id: object) -> dict[str, Any]:
        """Let every service do what an erasure leaves to do, and hear of the others' answers; return the ledger."""

        async def look() -> dict[str, Any]:
            await self.pass_on()
            for one in self.erasers.values():
                await one.round()
            await self.pass_on()
            return await self.intake.ok("GET", f"/erasures/{erasure_id}")

        return await eventually(look, lambda ledger: ledger["state"] == "done")

    async def found(self, *words: str) -> set[str]:
        """Return the tables that have any of these words in any column, as text or as bytes."""
        return {
            f"{service}.{table}"
            for service, db in self.databases.items()
            for table in await tables_with(db.pool, service, *words)
        }


@asynccontextmanager
async def open_house(stack_db: StackDatabase) -> AsyncIterator[House]:
    """Open all services, a desk with its playbooks, a channel and a template."""
    async with AsyncExitStack() as stack:
        names = ("intake", "tasks", "assignment", "notifications")
        databases = {name: await stack.enter_async_context(stack_db.open(name)) for name in names}
        desk = await stack.enter_async_context(Desk.opened(databases["tasks"]))
        http = await stack.enter_async_context(api_of(desk))
        clock = desk.clock
        intake = _intake(databases["intake"], clock)
        await notifications.approved_template(databases["notifications"], "callback_received")
        await notifications.channel(databases["notifications"])
        told = notifications.context(databases["notifications"], "http://127.0.0.1:9", clock)
        stack.push_async_callback(told.transport.close)
        staff = _assignment(databases["assignment"], clock)
        yield House(
            intake,
            desk,
            Tasks(http),
            databases,
            {
                "intake": of_intake(intake.ctx),
                "tasks": of_tasks(desk.ctx),
                "assignment": of_assignment(staff),
                "notifications": of_notifications(told),
            },
            {
                "tasks": eraser(desk.ctx),
                "assignment": Eraser(staff.core, ASSIGNMENT_PLACES, AssignmentScrubbed),
                "notifications": Eraser(told.core, NOTIFICATIONS_PLACES, NotificationsScrubbed),
                "intake": intake_eraser(intake.ctx),
            },
        )


def _intake(db: Database, clock: ManualClock) -> Intake:
    settings = IntakeSettings(postgres_url=SecretStr(db.config.url), data_keys=SecretStr(new_key("tests")))
    core = Core("intake", settings, db, clock, Tracing("intake"), new_registry())
    return Intake(IntakeContext.of(core, settings))


def _assignment(db: Database, clock: ManualClock) -> AssignmentContext:
    settings = AssignmentSettings(postgres_url=SecretStr(db.config.url))
    core = Core("assignment", settings, db, clock, Tracing("assignment"), new_registry())
    return AssignmentContext.of(core, settings)
