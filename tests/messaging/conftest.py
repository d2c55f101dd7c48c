"""Messaging tables, and a relay and a consumer on a bus in memory."""

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
