"""The frozen baseline of the chain benchmark: the same hops between the same servers, without any logic.

A process per service: consume, one transaction (inbox by unnest, one effect row, one outbox row per event), relay.
A lead goes intake → tasks → assignment → tasks, as an order does until `task.assigned`. Do not improve this file.

`python -m tests.bench.bare_chain <dsn> <bootstrap> <prefix> <service>`
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import time
import uuid
import zlib
from collections.abc import Sequence

import asyncpg
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord, TopicPartition

PARTITIONS = 12
SERVICES = ("intake", "tasks", "assignment")
BODY = b"x" * 600
# service -> topic read -> kind of event written for each (the last is the end of the way)
HOPS: dict[str, dict[str, str]] = {
    "tasks": {"intake": "work", "assignment": "assigned"},
    "assignment": {"tasks": "proposal"},
}
# topic -> kind of event that the next service takes from it
WANTED = {"intake": b"lead", "tasks": b"work", "assignment": b"proposal"}

TABLES = """
CREATE SCHEMA bare_{0};
CREATE TABLE bare_{0}.inbox (id uuid PRIMARY KEY);
CREATE TABLE bare_{0}.effect (id uuid PRIMARY KEY, lead text NOT NULL);
CREATE TABLE bare_{0}.outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key text NOT NULL, kind text NOT NULL,
    event_id text NOT NULL, body bytea NOT NULL
);
"""
INBOX = "INSERT INTO bare_{0}.inbox SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING RETURNING id"
EFFECT = "INSERT INTO bare_{0}.effect SELECT * FROM unnest($1::uuid[], $2::text[])"
OUTBOX = """
INSERT INTO bare_{0}.outbox (key, kind, event_id, body)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[])
"""
READ = "SELECT id, key, kind, event_id, body FROM bare_{0}.outbox ORDER BY id LIMIT 500"
DELETE = "DELETE FROM bare_{0}.outbox WHERE id = ANY($1::bigint[])"


async def relay(pool: asyncpg.Pool[asyncpg.Record], bootstrap: str, prefix: str, service: str) -> None:
    """Send the outbox in batches per partition, delete after the acks."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, max_batch_size=900_000)
    await producer.start()
    topic = f"{prefix}.bare.{service}"
    try:
        while True:
            rows = await pool.fetch(READ.format(service))
            if rows:
                await send(producer, topic, rows)
                await pool.execute(DELETE.format(service), [row["id"] for row in rows])
            if len(rows) < 500:
                await asyncio.sleep(0.005)
    finally:
        await producer.stop()


async def send(producer: AIOKafkaProducer, topic: str, rows: Sequence[asyncpg.Record]) -> None:
    """Send rows by one batch per partition and wait for all acknowledgements."""
    batches = {}
    for row in rows:
        key = row["key"].encode()
        number = zlib.crc32(key) % PARTITIONS
        if number not in batches:
            batches[number] = producer.create_batch()
        headers = [("ce_id", row["event_id"].encode()), ("ce_type", row["kind"].encode())]
        batches[number].append(timestamp=None, key=key, value=row["body"], headers=headers)
    await asyncio.gather(*[await producer.send_batch(batch, topic, partition=n) for n, batch in batches.items()])


async def consume(pool: asyncpg.Pool[asyncpg.Record], bootstrap: str, prefix: str, service: str) -> None:
    """Apply what comes in one transaction per poll; offsets every half second."""
    made = {f"{prefix}.bare.{owner}": (WANTED[owner], kind) for owner, kind in HOPS[service].items()}
    consumer = AIOKafkaConsumer(
        *made, bootstrap_servers=bootstrap, group_id=f"{prefix}.bare.{service}", enable_auto_commit=False,
        auto_offset_reset="earliest",
    )  # fmt: skip
    await consumer.start()
    committed = time.monotonic()
    positions: dict[TopicPartition, int] = {}
    try:
        while True:
            taken = []
            for place, records in (await consumer.getmany(timeout_ms=500, max_records=500)).items():
                wanted, kind = made[place.topic]
                taken += [(kind, record) for record in records if dict(record.headers)["ce_type"] == wanted]
                positions[place] = records[-1].offset + 1
            if taken:
                await apply(pool, service, taken)
            if positions and time.monotonic() - committed > 0.5:
                await consumer.commit(positions)
                committed = time.monotonic()
    finally:
        await consumer.stop()


async def apply(
    pool: asyncpg.Pool[asyncpg.Record], service: str, records: Sequence[tuple[str, ConsumerRecord]]
) -> None:
    """One transaction: find the new events, add an effect and an outgoing event for each."""
    ids = [uuid.UUID(dict(record.headers)["ce_id"].decode()) for _, record in records]
    async with pool.acquire() as conn, conn.transaction():
        new = {row["id"] for row in await conn.fetch(INBOX.format(service), ids)}
        fresh = [(kind, record.key.decode()) for (kind, record), i in zip(records, ids, strict=True) if i in new]
        made = [uuid.uuid4() for _ in fresh]
        await conn.execute(EFFECT.format(service), made, [key for _, key in fresh])
        await conn.execute(
            OUTBOX.format(service),
            [key for _, key in fresh],
            [kind for kind, _ in fresh],
            [str(i) for i in made],
            [BODY] * len(fresh),
        )


async def feed(pool: asyncpg.Pool[asyncpg.Record], leads: int, rate: float) -> dict[str, float]:
    """Write leads into intake's outbox, a transaction per 20 ms; return when each was due (perf_counter)."""
    start = time.perf_counter()
    due: dict[str, float] = {}
    while len(due) < leads:
        now = min(leads, (time.perf_counter() - start) * rate + 1, len(due) + 500)
        keys = [f"lead:{uuid.uuid4()}" for _ in range(int(now) - len(due))]
        due |= {key: start + number / rate for number, key in enumerate(keys, len(due))}
        if keys:
            ids = [str(uuid.uuid4()) for _ in keys]
            await pool.execute(OUTBOX.format("intake"), keys, ["lead"] * len(keys), ids, [BODY] * len(keys))
        if len(keys) < 500:
            await asyncio.sleep(0.02)
    return due


async def run(dsn: str, bootstrap: str, prefix: str, service: str) -> None:
    """Be one service until SIGTERM."""
    async with asyncpg.create_pool(dsn, min_size=2, max_size=4) as pool:
        loops = [asyncio.create_task(relay(pool, bootstrap, prefix, service))]
        if service in HOPS:
            loops.append(asyncio.create_task(consume(pool, bootstrap, prefix, service)))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: [task.cancel() for task in loops])
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*loops)


if __name__ == "__main__":
    uvloop.run(run(*sys.argv[1:5]))
