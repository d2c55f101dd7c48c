"""Plans of what the worker asks again and again: by an index, never by reading all there are."""

import pytest

from libs.common.platform.db import Database
from libs.common.platform.worker.lookout import statement_of
from services.assignment.shifts.worker import WORK
from tests.support.grown import KNOWN, Tables, grow, read_whole

#: What stays with desks and people; the rest grows.
STEADY: Tables = {
    "operator": {"presence": "'checked_in'", "away": "NULL", "after_call_until": "NULL"},
    "heartbeat": {"at": "now()"},
    "seat": {},
    "pool": {},
    "pause_reason": {},
}
GROWN: Tables = {"pause": {}, "shift": {}}


@pytest.mark.parametrize("known", KNOWN)
async def test_the_lookout_reads_nothing_whole_that_grows(assignment_db: Database, known: str) -> None:
    await grow(assignment_db, STEADY, 20, known)
    await grow(assignment_db, GROWN, 3000, known)
    assert await read_whole(assignment_db, statement_of(WORK), "now()") <= {*STEADY}
