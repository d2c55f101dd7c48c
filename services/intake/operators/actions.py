"""The use case of the consumer that keeps the projection of operators."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO operator AS o (id, desk, subject, sequence)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[])
ON CONFLICT (id) DO UPDATE SET desk = excluded.desk, subject = excluded.subject, sequence = excluded.sequence
WHERE o.sequence < excluded.sequence
"""


async def project_operators(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `operator.changed`; events of one operator come in their order."""
    newest = {
        e.data.operator_id: (e.desk, e.data, e.sequence) for e in events if isinstance(e.data, OperatorChanged)
    }
    ids = sorted(newest)
    rows = [newest[operator_id] for operator_id in ids]
    subjects = [data.subject for _, data, _ in rows]
    await tx.conn.execute(PROJECT, ids, [desk for desk, _, _ in rows], subjects, [number for *_, number in rows])
