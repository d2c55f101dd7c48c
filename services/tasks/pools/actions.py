"""The projection of pools from assignment's events; the newest event wins."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.assignment import PoolChanged
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from services.tasks.context import Context

PROJECT = """
INSERT INTO pool AS p (id, desk, code, off_shift_pull, taken_work, mend_within, sequence)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bool[], $5::text[], $6::int[], $7::bigint[])
ON CONFLICT (id) DO UPDATE SET desk = excluded.desk, code = excluded.code,
    off_shift_pull = excluded.off_shift_pull, taken_work = excluded.taken_work,
    mend_within = excluded.mend_within, sequence = excluded.sequence
WHERE p.sequence < excluded.sequence
"""


def project_pools(_: Context) -> UseCase:
    """Return the use case of `pool.changed`."""

    async def apply(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        newest = {
            event.data.pool_id: (event.data, event.sequence)
            for event in sorted(events, key=lambda event: event.sequence)
            if isinstance(event.data, PoolChanged)
        }
        rows = [newest[pool_id] for pool_id in sorted(newest)]
        await tx.conn.execute(
            PROJECT,
            [data.pool_id for data, _ in rows],
            [data.desk for data, _ in rows],
            [data.code for data, _ in rows],
            [data.off_shift_pull for data, _ in rows],
            [data.taken_work for data, _ in rows],
            [data.mend_within for data, _ in rows],
            [sequence for _, sequence in rows],
        )

    return apply
