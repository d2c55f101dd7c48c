"""Messaging tables, and a relay and a consumer on a bus in memory."""

import socket

import pytest

from libs.common.platform.db import Database
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import Rig, messaging_db, messaging_stack, messaging_template

__all__ = ["messaging_db", "messaging_stack", "messaging_template"]


@pytest.fixture
def memory() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def rig(messaging_db: Database, memory: MemoryBus) -> Rig:
    return Rig(messaging_db, memory)


@pytest.fixture
def free_udp_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
