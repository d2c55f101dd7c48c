"""Rehearsals of events: the use case as the consumer calls it, and none of it kept."""

from collections.abc import Sequence

import pytest

from libs.common.contracts import Cause, EventData, Received
from libs.common.contracts.tasks import WorkWithdrawn
from libs.common.messaging.inbox import Transient
from libs.common.messaging.inbox.rehearsal import EventRefusedError, rehearsed
from libs.common.platform.clock.business import SystemClock
from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7


class Narrowed(WorkWithdrawn):
    """The event as a body takes it."""


def event() -> Received[EventData]:
    data = Narrowed(task_id=uuid7(), reason="closed")
    return Received(uuid7(), "task:1", "demo", SystemClock().now(), 1, Cause.fresh(), data)


async def test_the_use_case_gets_the_published_type(assignment_db: Database) -> None:
    seen: list[type[EventData]] = []

    async def apply(_: Transaction, events: Sequence[Received[EventData]]) -> None:
        seen.extend(type(each.data) for each in events)

    async with rehearsed(assignment_db, apply, [event()]):
        pass
    assert seen == [WorkWithdrawn]


@pytest.mark.parametrize(("fault", "raised"), [(ValueError(), EventRefusedError), (Transient(), Transient)])
async def test_a_fault_is_a_refusal_and_what_passes_is_not(
    assignment_db: Database, fault: Exception, raised: type[Exception]
) -> None:
    async def apply(_: Transaction, __: Sequence[Received[EventData]]) -> None:
        raise fault

    with pytest.raises(raised):
        async with rehearsed(assignment_db, apply, [event()]):
            pass
