"""Messaging tables, and a relay and a consumer on a bus in memory."""

from collections.abc import Iterator, MutableMapping

import pytest
from structlog.testing import capture_logs

from libs.common.db import Database
from libs.common.testing.memory_bus import MemoryBus
from libs.common.testing.messaging import Rig, messaging_db, messaging_stack, messaging_template

__all__ = ["messaging_db", "messaging_stack", "messaging_template"]


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[list[MutableMapping[str, object]]]:
    with capture_logs() as lines:  # the library's own way to print an exception takes seconds
        yield lines


@pytest.fixture
def memory() -> MemoryBus:
    return MemoryBus()


@pytest.fixture
def rig(messaging_db: Database, memory: MemoryBus) -> Rig:
    return Rig(messaging_db, memory)
