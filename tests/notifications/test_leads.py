"""Who works a lead is kept as tasks says it, in whatever order its events come."""

from collections.abc import Sequence
from uuid import UUID

import pytest

from libs.common.contracts import Cause, Received
from libs.common.contracts.tasks import LeadOwnerChanged, TaskCompleted, TaskReassigned
from libs.common.platform.db import Database
from libs.common.platform.ids import uuid7
from services.notifications.leads.actions import follow_leads
from services.notifications.leads.convert import LeadEvent
from services.notifications.leads.store import listeners_of
from tests.notifications.test_feed import ANNA, BORIS, DUE
from tests.notifications.test_rules_leads import event

LEAD = UUID(int=7)


def owned(sequence: int, operator: UUID | None) -> Received[LeadEvent]:
    data = LeadOwnerChanged(lead_id=LEAD, from_operator_id=None, to_operator_id=operator, reason="taken")
    return Received(uuid7(), f"lead:{LEAD}", "demo", DUE, sequence, Cause.fresh(), data)


async def listener(db: Database, *batches: Sequence[Received[LeadEvent]]) -> UUID | None:
    for batch in batches:
        async with db.begin() as tx:
            await follow_leads(tx, batch)
            await tx.commit()
    async with db.begin() as tx:
        return (await listeners_of(tx, {LEAD})).get(LEAD)


@pytest.mark.req("U16")
@pytest.mark.parametrize(
    "batches", [[[(2, ANNA)], [(1, BORIS)]], [[(2, ANNA), (1, BORIS)]], [[(1, BORIS), (2, ANNA)]]]
)
async def test_an_older_event_of_a_lead_never_overwrites_a_newer_one(
    notifications_db: Database, batches: list[list[tuple[int, UUID]]]
) -> None:
    events = [[owned(*one) for one in batch] for batch in batches]
    assert await listener(notifications_db, *events) == ANNA


async def test_a_lead_that_is_no_operator_s_is_heard_by_none(notifications_db: Database) -> None:
    assert await listener(notifications_db) is None
    assert await listener(notifications_db, [owned(1, ANNA), owned(2, None)]) is None


@pytest.mark.req("S4.6")
async def test_a_conversation_that_was_handed_over_is_heard_by_its_heir_until_it_ends(
    notifications_db: Database,
) -> None:
    moved = event(TaskReassigned, BORIS, reason="handed_over", lead_id=LEAD)
    lent = event(TaskReassigned, BORIS, reason="assigned", lead_id=LEAD)
    over = event(TaskCompleted, lead_id=LEAD)
    assert await listener(notifications_db, [owned(1, ANNA), said(2, lent)]) == ANNA
    assert await listener(notifications_db, [said(3, moved)]) == BORIS
    assert await listener(notifications_db, [said(4, over)]) == ANNA


def said(sequence: int, data: LeadEvent) -> Received[LeadEvent]:
    return Received(uuid7(), f"lead:{LEAD}", "demo", DUE, sequence, Cause.fresh(), data)
