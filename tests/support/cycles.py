"""What a piece of work leaves to the cycle collector: a long pause later, for memory that was done with at once."""

import gc
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

OURS = ("libs.", "services.")


@contextmanager
def left_in_cycles() -> Iterator[Counter[str]]:
    """Count, by type, the objects of ours that at the end of the block are held by nothing but each other."""
    found: Counter[str] = Counter()
    gc.collect()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        yield found
        gc.collect()
        found.update(type(each).__qualname__ for each in gc.garbage if type(each).__module__.startswith(OURS))
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.collect()
