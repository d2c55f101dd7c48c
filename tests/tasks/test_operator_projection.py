"""Tasks' operators: the newest event counts, in any order in which two topics bring them (docs/adr/0007)."""

from dataclasses import replace

import pytest

from libs.common.contracts.shared import Presence
from services.tasks.engine.state import OperatorId
from services.tasks.operators.actions import project_operators
from services.tasks.operators.rules import OperatorProfile, is_back
from tests.tasks.desk import ANNA_ID, Desk, operator
from tests.tasks.support import START

THERE = OperatorProfile(
    OperatorId(ANNA_ID), "anna", active=True, roles=frozenset(), desks=frozenset(), pools=frozenset(),
    products=frozenset(), presence=Presence.CHECKED_IN,
)  # fmt: skip
ABSENT, AWAY = replace(THERE, absent_until=START), replace(THERE, away=True)
AT_HOME = replace(THERE, presence=Presence.CHECKED_OUT)
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


@pytest.mark.req("S2.2")
@pytest.mark.parametrize(
    ("before", "now", "comes"),
    [
        (ABSENT, THERE, True),
        (AT_HOME, THERE, True),
        (None, THERE, True),
        (replace(THERE, active=False), THERE, True),
        (AWAY, THERE, True),
        (THERE, THERE, False),
        (ABSENT, AT_HOME, False),
        (ABSENT, AWAY, False),
    ],
)
def test_who_is_there_and_was_not_has_come_back(
    before: OperatorProfile | None, now: OperatorProfile, *, comes: bool
) -> None:
    assert is_back(before, now) is comes
