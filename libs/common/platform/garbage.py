"""Settings of Python's cycle collector for a service: many short-lived objects and hardly any cycles."""

import gc

# A batch of events makes tens of thousands of objects that reference counting frees. With the default threshold of
# 700 the collector took 30 % of the CPU of tasks' worker and 10 to 20 % of the others'.
YOUNG, MIDDLE, OLD = 50_000, 20, 50


def calm_collector() -> None:
    """Freeze the objects loaded so far and raise the collector's thresholds.

    Call once, after the imports. Cycles are still found, only later.
    """
    gc.collect()
    gc.freeze()
    collect_rarely()


def collect_rarely() -> None:
    """Raise the collector's thresholds.

    Before the imports of a service it saves a fifth of the start: hardly anything of what they make is ever freed.
    """
    gc.set_threshold(YOUNG, MIDDLE, OLD)
