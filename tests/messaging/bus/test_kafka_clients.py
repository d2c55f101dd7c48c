"""Kafka's own part beside the bus contract: topics' settings, and clients whose `stop()` fails."""

import secrets
from functools import partial

import pytest
from aiokafka.errors import KafkaError

from libs.common.messaging.bus import Message
from libs.common.messaging.bus.kafka import KafkaBus
from libs.common.messaging.bus.kafka_consumer import FETCH_WAIT_MS, KafkaConsumer
from libs.common.messaging.bus.kafka_producer import KafkaProducer
from libs.common.messaging.bus.topics import partitions_of, topic_configs
from libs.common.testkit.messaging import eventually


@pytest.mark.parametrize(("copies", "needed"), [(1, None), (2, None), (3, "2")])
def test_of_three_copies_two_must_have_a_record(copies: int, needed: str | None) -> None:
    assert topic_configs(copies).get("min.insync.replicas") == needed


def test_segments_are_closed_daily_so_that_a_quiet_topic_forgets_after_a_week() -> None:
    configs = topic_configs(1)
    assert (configs["retention.ms"], configs["segment.ms"]) == ("604800000", "86400000")


async def test_a_consumer_whose_stop_fails_leaves_no_task_and_no_connection(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, topic = KafkaBus(kafka_bootstrap, partitions=1), f"close-{secrets.token_hex(4)}"
    await bus.ensure_topics([topic])
    consumer = await bus.consumer(topic, [topic], None, _no_revocation)
    assert isinstance(consumer, KafkaConsumer)
    inner = consumer._inner

    async def fails() -> None:
        raise KafkaError

    monkeypatch.setattr(inner._coordinator, "close", fails)
    await consumer.close()
    assert inner._fetcher._fetch_task.done()
    assert not [conn for conn in inner._client._conns.values() if conn.connected()]


async def test_what_goes_to_many_partitions_leaves_in_one_request(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    bus, topics = KafkaBus(kafka_bootstrap, partitions=3), [f"wave-{secrets.token_hex(4)}" for _ in range(2)]
    await bus.ensure_topics(topics)
    producer = await bus.producer()
    assert isinstance(producer, KafkaProducer)
    client, asked = producer._inner.client, []
    send = client.send

    async def counted(node: int, request: object, **options: object) -> object:
        asked.append(type(request).__name__)
        return await send(node, request, **options)

    monkeypatch.setattr(client, "send", counted)
    batch = [(topics[number % 2], Message(f"{number}".encode(), b"{}", [])) for number in range(30)]
    await producer.send(batch)  # of new topics the first request may be refused and sent again
    asked.clear()
    sent = await producer.send(batch)
    await producer.close()
    assert (sorted(sent.acked), [name for name in asked if name.startswith("Produce")]) == (
        list(range(30)),
        ["ProduceRequest"],
    )


async def test_records_come_at_once_after_a_transaction_that_took_long(kafka_bootstrap: str) -> None:
    bus, topic = KafkaBus(kafka_bootstrap, partitions=2), f"late-{secrets.token_hex(4)}"
    await bus.ensure_topics([topic])
    producer = await bus.producer()
    consumer = await bus.consumer(topic, [topic], None, _no_revocation)
    assert isinstance(consumer, KafkaConsumer)
    await producer.send([(topic, Message(b"a", b"1", [])), (topic, Message(b"a", b"2", []))])
    await eventually(partial(_polled, consumer, 1))
    fetcher = consumer._inner._fetcher
    [left] = fetcher._records.values()
    left._created -= 3  # what the poll has brought took three seconds to apply
    fetcher._notify(fetcher._wait_consume_future)
    await eventually(partial(_polled, consumer, 1))
    await producer.send([(topic, Message(b"a", b"3", []))])
    records = await consumer.poll(FETCH_WAIT_MS / 1000 / 2, 10)
    await consumer.close()
    await producer.close()
    assert [record.value for record in records] == [b"3"]


async def _polled(consumer: KafkaConsumer, limit: int) -> bool:
    return bool(await consumer.poll(0.1, limit))


async def _no_revocation(_: object) -> None: ...


@pytest.mark.parametrize(("most", "partitions"), [(12, (12, 3)), (2, (2, 2))])
def test_people_and_parties_have_three_partitions_at_most(most: int, partitions: tuple[int, int]) -> None:
    assert (partitions_of("dozvon.tasks", most), partitions_of("dozvon.people", most)) == partitions
