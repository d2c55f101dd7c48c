"""Kafka's own part beside the bus contract: topics' settings, and clients whose `stop()` fails."""

import secrets

import pytest
from aiokafka.errors import KafkaError

from libs.common.messaging.bus import KafkaBus
from libs.common.messaging.bus.kafka_consumer import KafkaConsumer
from libs.common.messaging.bus.topics import partitions_of, topic_configs


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


async def _no_revocation(_: object) -> None: ...


@pytest.mark.parametrize(("most", "partitions"), [(12, (12, 3)), (2, (2, 2))])
def test_people_and_parties_have_three_partitions_at_most(most: int, partitions: tuple[int, int]) -> None:
    assert (partitions_of("dozvon.tasks", most), partitions_of("dozvon.people", most)) == partitions
