"""A relay and a consumer on a bus in memory."""

import pytest

from libs.common.platform.db import Database
from libs.common.testkit.memory_bus import MemoryBus
from libs.common.testkit.messaging import Stack


@pytest.fixture
def memory() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def stack(messaging_db: Database, memory: MemoryBus) -> Stack:
    return Stack(messaging_db, memory)
