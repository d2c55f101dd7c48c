"""What the services still have to do: who drives a stack by jumps of the clock waits until nothing is left."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from libs.common.contracts import OWNERS, Topic, topic_name
from libs.common.messaging.bus.topics import partitions_of
from services.assignment import subscriptions as assignment
from services.intake import subscriptions as intake
from services.notifications import subscriptions as notifications
from services.notifications.providers.registry import PROVIDERS
from services.tasks import subscriptions as tasks

#: The topics that each service's worker reads, in a group of the service's name.
READS: Mapping[str, Sequence[str]] = {
    "intake": intake.TOPICS,
    "tasks": tasks.TOPICS,
    "assignment": assignment.TOPICS,
    "notifications": notifications.TOPICS,
}
#: A message that waits for its next try or its turn goes within this.
SOON = timedelta(minutes=1)
#: Providers that say no more of a message that arrives than that they have accepted it.
SILENT = tuple(
    code for code, adapter in PROVIDERS.items() if not (adapter.limits.reports and adapter.limits.confirms)
)
# What waits for the morning is not under way, nor what nothing more will be heard of.
OPEN_MESSAGES = """
SELECT count(*) FROM notifications.message m WHERE state IN ('pending', 'accepted', 'sent') AND NOT EXISTS (
    SELECT FROM notifications.attempt a WHERE a.message_id = m.id AND a.state = 'held' AND a.not_before > $1)
AND NOT (state = 'accepted' AND provider = ANY($2))
"""
DUE_TIMERS = "SELECT count(*) FROM tasks.timer WHERE due_at <= $1"
OUTBOX = "SELECT count(*) FROM {0}.outbox"
PARKED = "SELECT count(*) FROM {0}.parked WHERE state IN ('blocked', 'failed', 'retrying')"
WRITTEN = "SELECT coalesce(sum(version), 0) FROM {0}.stream"

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one stack; `partitions` is the most that one of them has."""

    bootstrap: str
    prefix: str
    partitions: int

    def of(self, *topics: str) -> list[TopicPartition]:
        """Return the partitions of some topics."""
        names = [topic_name(topic, self.prefix) for topic in topics]
        return [TopicPartition(name, n) for name in names for n in range(partitions_of(name, self.partitions))]


async def backlog(conn: Connection) -> dict[str, int]:
    """Return the number of unsent outbox rows and of parked events, by `<schema>.<table>`."""
    found = {}
    for owner in OWNERS:
        found[f"{owner}.outbox"] = await conn.fetchval(OUTBOX.format(owner))
        found[f"{owner}.parked"] = await conn.fetchval(PARKED.format(owner))
    return found


class Unread:
    """Counts the records that the workers have not read; its clients stay open, for their first answer is slow."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._clients: tuple[AIOKafkaConsumer, AIOKafkaAdminClient] | None = None

    async def count(self) -> int:
        """Return how many records lie between what the workers have committed and the ends. Raises KafkaError."""
        try:
            return await self._count(*(self._clients or await self._connect()))
        except (KafkaError, OSError):
            await self.close()  # a broker that was started again is met anew
            raise

    async def _count(self, consumer: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> int:
        ends = await consumer.end_offsets(self._topics.of(*Topic))
        left = 0
        for reader, topics in READS.items():
            read = await admin.list_consumer_group_offsets(topic_name(reader, self._topics.prefix))
            left += sum(ends[tp] - (read[tp].offset if tp in read else 0) for tp in self._topics.of(*topics))
        return left

    async def close(self) -> None:
        """Close the connections."""
        clients, self._clients = self._clients, None
        if clients:
            await clients[0].stop()
            await clients[1].close()

    async def _connect(self) -> tuple[AIOKafkaConsumer, AIOKafkaAdminClient]:
        server = self._topics.bootstrap
        made = (
            AIOKafkaConsumer(bootstrap_servers=server, enable_auto_commit=False),
            AIOKafkaAdminClient(bootstrap_servers=server),
        )
        self._clients = made
        for client in made:
            await client.start()
        return made


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What is left to do, by kind and without zeros, and how many events were ever written."""

    left: Mapping[str, int]
    events: int


class Watch:
    """Looks at a whole stack; what it looks through stays open. `postgres_url` is a superuser's."""

    def __init__(self, postgres_url: str, topics: Topics, standins: str) -> None:
        self._postgres_url = postgres_url
        self._conn: Connection | None = None
        self._unread = Unread(topics)
        self._standins = httpx.AsyncClient(base_url=standins, timeout=10)

    async def look(self, now: datetime) -> UnderWay:
        """Return what is to be done by `now`.

        Raises OSError, asyncpg.PostgresError, KafkaError and httpx.HTTPError while a part is down.
        """
        if self._conn is None or self._conn.is_closed():
            self._conn = await asyncpg.connect(self._postgres_url)
        moving, events = await in_databases(self._conn, now), await written(self._conn)
        if not any(moving.values()):  # asked last: what is between two databases has left the first
            moving |= {"webhooks": await in_standins(self._standins), "events not read": await self._unread.count()}
        return UnderWay({name: count for name, count in moving.items() if count}, events)

    async def close(self) -> None:
        """Close the connections."""
        await self._unread.close()
        await self._standins.aclose()
        if self._conn:
            await self._conn.close()


async def in_databases(conn: Connection, now: datetime) -> dict[str, int]:
    """Return what stands in the four schemas and is to be done by `now`, business time; zeros too."""
    moving = await backlog(conn)
    moving["messages under way"] = await conn.fetchval(OPEN_MESSAGES, now + SOON, SILENT)
    moving["timers due"] = await conn.fetchval(DUE_TIMERS, now)
    return moving


async def written(conn: Connection) -> int:
    """Return how many events were ever written: what is between two places is in none of them for a moment."""
    counts = [await conn.fetchval(WRITTEN.format(owner)) for owner in OWNERS]
    return int(sum(counts))


async def in_standins(client: httpx.AsyncClient) -> int:
    """Return how many webhooks the stand-ins of providers have yet to deliver. Raises httpx.HTTPError."""
    return int((await client.get("/_waiting")).raise_for_status().text)
