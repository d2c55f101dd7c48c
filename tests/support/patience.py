"""How long a test waits for what must happen."""

import asyncio
from collections.abc import Awaitable, Callable
from time import monotonic
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 60.0  # seconds; only a fault takes them, whatever else keeps the machine busy


async def eventually(look: Callable[[], Awaitable[T]], good: Callable[[T], bool], seconds: float = PATIENCE) -> T:
    """Look until the value is good. Raises AssertionError with the last value."""
    end = monotonic() + seconds
    while not good(found := await look()):
        assert monotonic() < end, f"still {found!r}"
        await asyncio.sleep(0.02)
    return found
