"""Python's cycle collector, told that a service makes many short-lived objects and hardly any cycles."""

import gc

# A batch of events makes tens of thousands of objects that reference counting frees by itself. With the default
# of 700 the collector walked them over and over: 30 % of the CPU of tasks' worker, 10 to 20 % of the others'.
YOUNG, MIDDLE, OLD = 50_000, 20, 50


def calm_collector() -> None:
    """Take everything loaded until now out of the collector's sight, and let it look less often.

    Call once, after the imports. Cycles are still found, only later.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
