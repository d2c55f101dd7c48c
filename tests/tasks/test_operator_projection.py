"""Tasks' operators: the newest event counts, in any order in which two topics bring them (docs/adr/0007)."""

import pytest

from services.tasks.operators.actions import project_operators
from tests.tasks.desk import ANNA_ID, Desk, operator

LATER = 1000  # after every event that the desk was made of


async def receive(desk: Desk, *events: tuple[int, str]) -> None:
    """Apply events of one operator as one batch, each with its sequence."""
    batch = [desk.event(operator(ANNA_ID, "anna", name=name))._replace(sequence=number) for number, name in events]
    async with desk.ctx.db.begin() as tx:
        await project_operators(desk.ctx)(tx, batch)
        await tx.commit()


@pytest.mark.parametrize(
    "batches", [[[(LATER + 1, "new")], [(LATER, "old")]], [[(LATER + 1, "new"), (LATER, "old")]]]
)
async def test_an_older_event_never_overwrites_a_newer_one(
    desk: Desk, batches: list[list[tuple[int, str]]]
) -> None:
    for batch in batches:
        await receive(desk, *batch)
    assert await desk.ctx.db.pool.fetchval("SELECT name FROM operator WHERE id = $1", ANNA_ID) == "new"
