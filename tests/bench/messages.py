"""Messages apart: from an intent in the outbox of tasks to the provider's acceptance."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.shared import Customer, Language
from libs.common.contracts.tasks import MessageRequested
from libs.common.messaging import outbox
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from tests.bench.cpu import cpu_table
from tests.bench.desk import DESK, TEMPLATE, make_channels
from tests.bench.figures import Count, Goal, Part, Table, short
from tests.bench.product import meter_of, product_on, running_processes
from tests.bench.servers import Servers, count

FILL = 100  # intents per transaction
# Seconds without a delivery after which the rest is given up: longer than the product repeats an unanswered call
# (NOTIFICATIONS_REPEAT_WINDOW and a lease), for then it only waits for a callback.
STUCK = 60.0
STANDINS = "standins"
RUNS = ("tasks-worker", "tasks-api", "notifications-api", "notifications-worker", STANDINS)
DELIVERED = "SELECT count(*) FROM notifications.message WHERE state IN ('delivered', 'read')"
ALL = "SELECT count(*) FROM notifications.message"
UNANSWERED = "SELECT count(*) FROM notifications.attempt WHERE state IN ('waiting', 'unknown')"
HOW = (
    "{intents} intents are put into the outbox of tasks at once; its relay, notifications and the Wazzup stand-in"
    " (its steady profile: an answer takes 50 ms, no faults, four callbacks per message) do the rest. {accounts}"
    " accounts of one channel each, 500 calls in 5 s allowed to each. The clock runs from the first insert."
)


async def measure(servers: Servers, *, accounts: int, intents: int) -> Part:
    """Send `intents` through `accounts` channels and time acceptance and delivery."""
    channels = {f"bench-key-{number}": f"bench-channel-{number}" for number in range(accounts)}
    standin = [part for key, channel in channels.items() for part in ("--wazzup-account", f"{key}={channel}")]
    async with (
        product_on(servers, "messages", "--profile", "steady", *standin) as product,
        running_processes(product.stack, *RUNS),
        product.stack.database.open("tasks") as tasks,
    ):
        await make_channels(product.stack, channels)
        await asyncio.sleep(1)  # the desk's event reaches notifications
        url, meter, began = product.stack.database.admin_url, meter_of(servers, product.stack), time.time()
        await _request(tasks, intents)
        delivered = await _settled(url, intents)
        seconds, spent = time.time() - began, meter.lap()
        journal = product.stack.journal()
        last = max(entry.accepted_at.timestamp() for entry in journal.entries.values()) - began
        counts = [
            Count("messages", intents, await count(url, ALL)),
            Count("delivered", intents, delivered),
            Count("accepted by the provider, its own journal", intents, len(journal.entries)),
            Count("accepted twice", 0, len(journal.twice())),
            Count("given up without an answer", 0, await count(url, UNANSWERED)),
        ]
    share = spent.get(STANDINS, 0.0) / sum(spent.values())
    accepted = len(journal.entries) / last
    table = Table(
        ("accounts", "intents", "to accepted, per s", "to delivered, per s", "the stand-in's share of the CPU"),
        [(str(accounts), short(intents), short(accepted), short(delivered / seconds), f"{100 * share:.0f} %")],
    )
    split = cpu_table(spent, intents / 1000, seconds, "CPU, the stand-in (`standins`) included")
    how = HOW.format(intents=short(intents), accounts=accounts)
    goal = Goal("messages accepted by the provider", accepted, 300, "/s", before="38/s")
    return Part("Messages", how, [table, split], [goal], counts)


async def _request(tasks: Database, intents: int) -> None:
    for start in range(0, intents, FILL):
        async with tasks.begin() as tx:
            await outbox.add(tx, [_intent(number) for number in range(start, min(start + FILL, intents))])
            await tx.commit()


def _intent(number: int) -> Outgoing:
    lead_id: UUID = uuid7()
    variables: Mapping[str, str] = {"order_number": str(number)}
    data = MessageRequested(
        message_id=uuid7(),
        lead_id=lead_id,
        task_id=None,
        template=TEMPLATE,
        variables=dict(variables),
        language=Language.RU,
        zone="Europe/Moscow",
        purpose="acknowledgement",
        deadline=None,
        dedupe_key=f"bench-{lead_id}",
        person=Customer(name="Анна", phone=f"+7900{number:07d}"),
    )
    return Outgoing(f"lead:{lead_id}", DESK, datetime.now(UTC), data, Cause.fresh())


async def _settled(url: str, wanted: int) -> int:
    """Wait until all are delivered, or none was for a while; return how many were."""
    delivered, moved = 0, time.monotonic()
    while delivered < wanted and time.monotonic() - moved < STUCK:
        await asyncio.sleep(0.3)
        before, delivered = delivered, await count(url, DELIVERED)
        if delivered > before:
            moved = time.monotonic()
    return delivered
