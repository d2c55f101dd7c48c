"""One seeded kill −9 of every process and server under load, and the points where a kill hurts most."""

from pathlib import Path

import pytest

from tests.chaos.drill import TARGETS, drill
from tests.harness.checks import violations

SEED = 20260302


@pytest.mark.servers
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.req("P.1")
async def test_a_kill_of_anything_under_load_loses_and_doubles_nothing(tmp_path: Path) -> None:
    async with drill(tmp_path, SEED) as running:
        order = tuple(running.chance.sample(TARGETS, len(TARGETS)))
        facts = await running.run(order)
    assert len(facts.answered) > 100
    assert violations(facts) == []
