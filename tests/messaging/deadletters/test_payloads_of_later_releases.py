"""Payloads that an older release cannot read: parked with their key, and read by the upgraded worker by itself."""

from dataclasses import replace
from typing import ClassVar
from uuid import UUID

import pytest

from libs.common.contracts import Outgoing
from libs.common.contracts.intake import IntakeEvent, LeadStatusChanged
from libs.common.messaging.deadletters.replay import TRIES
from libs.common.testkit.messaging import Stack, eventually, journal, running, status_event


class Older(IntakeEvent):
    """`lead.status_changed` as a release knew it that wanted one more field."""

    event_type: ClassVar[str] = LeadStatusChanged.event_type

    lead_id: UUID
    order_id: UUID
    reason: str


@pytest.fixture
def older(stack: Stack) -> Stack:
    return replace(stack, known={Older.event_type: Older})


async def park(older: Stack, *events: Outgoing) -> None:
    """Let the older release take events in until each is parked."""
    await older.publish(events)

    async def all_parked() -> bool:
        return len(await older.states()) == len(events)

    async with running(older.consumer().run):
        await eventually(all_parked)


async def replay(stack: Stack) -> None:
    await stack.replayer.learn()
    await stack.replayer.look()


async def test_after_the_upgrade_a_key_goes_on_by_itself_in_order(older: Stack, stack: Stack) -> None:
    await park(older, *(status_event("a", note) for note in ("1", "2", "3")))
    await replay(stack)
    assert await journal(stack.db) == [("a", "1"), ("a", "2"), ("a", "3")]


async def test_before_the_upgrade_nothing_is_tried(older: Stack) -> None:
    await park(older, status_event("a", "1"))
    await replay(older)
    assert await older.db.pool.fetchval("SELECT attempts FROM parked WHERE state = 'failed'") == 1


async def test_what_keeps_failing_is_left_to_people_in_the_end(older: Stack, stack: Stack) -> None:
    await park(older, status_event("a", "1"))
    await stack.db.pool.execute("UPDATE parked SET attempts = $1", TRIES)
    await replay(stack)
    assert await stack.states() == [("a", "failed")]
