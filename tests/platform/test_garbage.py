"""The cycle collector of a service process, in a process of its own: with few objects its looks are quick."""

import subprocess
import sys

import pytest

from tests.architecture.sources import ROOT

CALM = "import gc; from libs.common.platform.garbage import YOUNG, calm_collector; calm_collector()"
CYCLE = "ring = []; ring.append(ring); del ring"


@pytest.mark.parametrize(
    "promise",
    ["assert gc.get_freeze_count() > 1000", "assert gc.get_threshold()[0] == YOUNG"],
    ids=["what is loaded is out of sight", "looks are rarer"],
)
def test_a_calm_collector_keeps_its_promise(promise: str) -> None:
    subprocess.run([sys.executable, "-c", f"{CALM}; {promise}"], cwd=ROOT, check=True)


def test_a_later_cycle_is_still_found() -> None:
    subprocess.run([sys.executable, "-c", f"{CALM}; {CYCLE}; assert gc.collect() > 0"], cwd=ROOT, check=True)
