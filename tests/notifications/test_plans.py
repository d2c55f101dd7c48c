"""Plans of what is read of one lead, and of what is asked again and again: by an index, never by reading all."""

from uuid import uuid4

import pytest
from sqlalchemy import select

from libs.common.platform.db import Database
from libs.common.platform.worker.lookout import statement_of
from services.notifications.conversations.queries import of_lead
from services.notifications.conversations.tables import thread
from services.notifications.delivery.worker import WORK
from services.notifications.pushes.store import SWEEP
from tests.support.grown import KNOWN, Tables, grow, read_whole
from tests.support.plans import reads_whole

IN_USE = {"active": "true", "halted_at": "NULL"}
#: What stays with desks and browsers; the rest grows.
STEADY: Tables = {"channel": IN_USE, "push_subscription": IN_USE, "poll": {"leased_until": "NULL"}}
OVER = {"state": "'accepted'", "lease_token": "NULL"}
GROWN: Tables = {
    "attempt": OVER,
    "push": {**OVER, "due_at": "now()"},
    "message": {"state": "'delivered'", "withdrawn_at": "NULL"},
    "callback": {"state": "'applied'"},
    "media": {"state": "'stored'"},
    "bulk_action": {"state": "'applied'"},
}


async def test_the_conversations_of_a_lead_are_found_by_an_index(notifications_db: Database) -> None:
    assert await reads_whole(notifications_db, select(thread).where(of_lead(uuid4()))) == []


@pytest.mark.parametrize("known", KNOWN)
async def test_lookout_and_sweep_read_nothing_whole_that_grows(notifications_db: Database, known: str) -> None:
    await grow(notifications_db, STEADY, 20, known)
    await grow(notifications_db, GROWN, 3000, known)
    assert await read_whole(notifications_db, statement_of(WORK), "now()") <= {*STEADY}
    assert "clock_timestamp" not in statement_of(WORK)  # volatile: all that is open would be read
    assert await read_whole(notifications_db, SWEEP, "") == set()
