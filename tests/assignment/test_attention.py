"""A supervisor's board counts what waits for a person at assignment."""

import pytest

from tests.assignment.desk import Desk, requested


@pytest.mark.req("S2.2")
async def test_work_without_an_operator_and_operators_who_are_away_are_counted(desk: Desk) -> None:
    await desk.hire("ann")
    await desk.presence("ann", "me/away")
    await desk.receive(requested(1))
    found = await desk.items("/attention")
    assert [(row["kind"], row["count"]) for row in found] == [("away_operators", 1), ("waiting_work", 1)]
