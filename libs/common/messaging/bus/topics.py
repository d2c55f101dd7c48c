"""Topics in Kafka: a fixed number of partitions, retention (docs/adr/0002, docs/adr/0007)."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError, TopicAlreadyExistsError, for_code

from libs.common.contracts import Topic, topic_name
from libs.common.messaging.bus.ports import BusError
from libs.common.platform.waiting import bounded, quietly

PARTITIONS = 12
#: Topics with less on them need fewer; a deployment that sets fewer for all has no more of these either.
FEWER: Mapping[str, int] = {Topic.PEOPLE: 3, Topic.PARTIES: 3}
RETENTION = timedelta(days=7)
SEGMENT = timedelta(days=1)  # the broker deletes whole closed segments: a quiet topic's would stay open for a week
REPLICAS = 3  # or as many as there are brokers
SECONDS = 20.0


async def ensure_topics(bootstrap: str, prefix: str = "dozvon", partitions: int = PARTITIONS) -> None:
    """Create all topics where they are missing; existing ones stay as they are. Raises BusError."""
    await create_topics(bootstrap, [topic_name(topic, prefix) for topic in Topic], partitions)


def partitions_of(name: str, most: int) -> int:
    """Return how many partitions a topic is created with; `most` is the deployment's setting."""
    return min(most, FEWER.get(name.rpartition(".")[2], most))


async def create_topics(bootstrap: str, topics: Sequence[str], partitions: int) -> None:
    """Create the named topics where they are missing. Raises BusError."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=10_000)
    try:
        await bounded(admin.start(), SECONDS)
        existing = await bounded(admin.list_topics(), SECONDS)
        missing = [name for name in topics if name not in existing]
        if missing:
            await bounded(_create(admin, missing, partitions), SECONDS)
    except (KafkaError, OSError, TimeoutError) as error:
        raise BusError(f"topics cannot be created: {type(error).__name__}") from error
    finally:
        await quietly(admin.close(), 3)


def topic_configs(copies: int) -> dict[str, str]:
    """Return a topic's settings: with three replicas, two must have a record before it is acknowledged."""
    configs = {
        "retention.ms": str(RETENTION // timedelta(milliseconds=1)),
        "segment.ms": str(SEGMENT // timedelta(milliseconds=1)),
    }
    return {**configs, "min.insync.replicas": "2"} if copies >= 3 else configs


async def _create(admin: AIOKafkaAdminClient, names: Sequence[str], partitions: int) -> None:
    copies = min(REPLICAS, len((await admin.describe_cluster())["brokers"]))
    configs = topic_configs(copies)
    new = [NewTopic(name, partitions_of(name, partitions), copies, topic_configs=configs) for name in names]
    response = await admin.create_topics(new)
    for _, code, *_ in response.topic_errors:
        error = for_code(code)
        if code and error is not TopicAlreadyExistsError:
            raise error
