"""Intake's operators: the newest event counts, in any order in which two topics bring them (docs/adr/0007)."""

from uuid import UUID

import pytest

from libs.common.contracts import Cause, Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.contracts.shared import Presence
from libs.common.platform.ids import uuid7
from services.intake.operators.actions import project_operators
from tests.intake.api import NOW, Api

ANNA = UUID(int=1)


def changed(subject: str) -> OperatorChanged:
    return OperatorChanged(
        operator_id=ANNA, subject=subject, name="Анна", active=True, roles=(), desks=("demo",),
        pools=(), products=(), capacity=20, presence=Presence.CHECKED_IN,
    )  # fmt: skip


async def receive(api: Api, *events: tuple[int, str]) -> None:
    """Apply events of one operator as one batch, each with its sequence."""
    key = f"operator:{ANNA}"
    batch = [Received(uuid7(), key, "demo", NOW, number, Cause.fresh(), changed(name)) for number, name in events]
    async with api.ctx.core.db.begin() as tx:
        await project_operators(tx, batch)
        await tx.commit()


@pytest.mark.parametrize("batches", [[[(2, "new")], [(1, "old")]], [[(2, "new"), (1, "old")]]])
async def test_an_older_event_never_overwrites_a_newer_one(api: Api, batches: list[list[tuple[int, str]]]) -> None:
    for batch in batches:
        await receive(api, *batch)
    assert await api.ctx.core.db.pool.fetchval("SELECT subject FROM operator") == "new"
