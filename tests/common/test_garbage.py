"""The cycle collector of a service process."""

import gc
from collections.abc import Iterator

import pytest

from libs.common.platform.garbage import YOUNG, calm_collector


@pytest.fixture
def collector() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_what_is_loaded_is_out_of_sight_and_looks_are_rarer() -> None:
    calm_collector()
    assert gc.get_freeze_count() > 1000
    assert gc.get_threshold()[0] == YOUNG


@pytest.mark.usefixtures("collector")
def test_a_later_cycle_is_still_found() -> None:
    calm_collector()
    ring: list[object] = []
    ring.append(ring)
    del ring
    assert gc.collect() > 0
