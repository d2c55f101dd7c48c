"""The use case of the consumer that keeps the projection of active playbooks."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.tasks import PlaybookActivatedV2
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO active_playbook AS p (desk, code, version, sequence)
SELECT DISTINCT ON (desk, code) * FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[])
    AS t(desk, code, version, sequence)
ORDER BY desk, code, sequence DESC
ON CONFLICT (desk, code) DO UPDATE SET version = excluded.version, sequence = excluded.sequence
WHERE p.sequence < excluded.sequence
"""


async def project_playbooks(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `playbook.activated`; an older event never overwrites a newer one."""
    activations = [(e.data, e.sequence) for e in events if isinstance(e.data, PlaybookActivatedV2)]
    desks, codes = [data.desk for data, _ in activations], [data.code for data, _ in activations]
    versions, sequences = [data.version for data, _ in activations], [sequence for _, sequence in activations]
    await tx.conn.execute(PROJECT, desks, codes, versions, sequences)
