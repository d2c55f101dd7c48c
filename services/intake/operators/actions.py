"""The use case of the consumer that keeps the projection of operators."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.assignment import OperatorChanged
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO operator AS o (id, desk, subject, sequence, active, extension, name, roles)
SELECT DISTINCT ON (id) id, desk, subject, sequence, active, extension, name, string_to_array(roles, ' ')
FROM unnest(
    $1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::boolean[], $6::text[], $7::text[], $8::text[]
) AS t(id, desk, subject, sequence, active, extension, name, roles)
ORDER BY id, sequence DESC
ON CONFLICT (id) DO UPDATE
SET desk = excluded.desk, subject = excluded.subject, sequence = excluded.sequence, active = excluded.active,
    extension = excluded.extension, name = excluded.name, roles = excluded.roles
WHERE o.sequence < excluded.sequence
"""


async def project_operators(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `operator.changed`; an older event never overwrites a newer one."""
    rows = [(e.desk, e.data, e.sequence) for e in events if isinstance(e.data, OperatorChanged)]
    await tx.conn.execute(
        PROJECT,
        [data.operator_id for _, data, _ in rows],
        [desk for desk, _, _ in rows],
        [data.subject for _, data, _ in rows],
        [sequence for *_, sequence in rows],
        [data.active for _, data, _ in rows],
        [data.extension for _, data, _ in rows],
        [data.name for _, data, _ in rows],
        [" ".join(data.roles) for _, data, _ in rows],
    )
