"""The event `pool.changed` of a stored pool."""

from datetime import datetime

from asyncpg import Record

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.assignment import PoolChanged
from libs.common.contracts.shared import TakenWork


def pool_changed(row: Record, now: datetime, cause: Cause) -> Outgoing:
    """Return `pool.changed` of a row of `pool`."""
    data = PoolChanged(
        pool_id=row["id"],
        desk=row["desk"],
        code=row["code"],
        off_shift_pull=row["off_shift_pull"],
        taken_work=TakenWork(row["taken_work"]),
        mend_within=row["mend_within"],
        version=row["version"],
    )
    return Outgoing(f"pool:{row['id']}", row["desk"], now, data, cause)
