"""One seeded kill −9 of every process and server under load, and the points where a kill hurts most."""

import random
from pathlib import Path

import pytest

from tests.chaos.run import POINTS, TARGETS, broken_promises, chaos_run

SEED = 20260302


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.req("P.1", "P.2")
async def test_a_kill_of_anything_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    chance = random.Random(SEED)  # noqa: S311 - repeatable
    async with chaos_run(tmp_path, chance) as running:
        facts = await running.run(chance.sample(TARGETS, len(TARGETS)))
        fallen = {name for name in POINTS if running.stack.fell(name)}
    assert broken_promises(facts) == []
    assert fallen == set(POINTS)
