"""The memory of the rules."""

import pytest

from tests.architecture.memory import Memory


@pytest.fixture(scope="session")
def memory(pytestconfig: pytest.Config) -> Memory:
    return Memory(getattr(pytestconfig, "cache", None))
