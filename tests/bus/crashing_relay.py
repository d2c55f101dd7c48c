"""A relay process for fault tests: dies where `DOZVON_CRASH_AT` says."""

import asyncio
import sys

from prometheus_client import CollectorRegistry

from libs.common.bus import KafkaBus
from libs.common.db import DatabaseConfig
from libs.common.outbox.relay import Relay
from libs.common.outbox.relay_metrics import RelayMetrics

if __name__ == "__main__":
    url, bootstrap, topic = sys.argv[1:]
    config = DatabaseConfig(url, schema="intake")
    relay = Relay(config, KafkaBus(bootstrap, 3), topic, RelayMetrics(CollectorRegistry()), batch=50)
    asyncio.run(relay.run(asyncio.Event()))
