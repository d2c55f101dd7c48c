"""A relay process for fault tests: dies where `DOZVON_CRASH_AT` says."""

import asyncio
import sys

from prometheus_client import CollectorRegistry

from libs.common.messaging.bus.kafka import KafkaBus
from libs.common.messaging.outbox.relay import Relay
from libs.common.messaging.outbox.relay_metrics import RelayMetrics
from libs.common.platform.db import DatabaseConfig

if __name__ == "__main__":
    url, bootstrap, topic = sys.argv[1:]
    config = DatabaseConfig(url, schema="intake")
    relay = Relay(config, KafkaBus(bootstrap, 3), topic, RelayMetrics(CollectorRegistry()), batch=50)
    asyncio.run(relay.run(asyncio.Event()))
