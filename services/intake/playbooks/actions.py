"""The use case of the consumer that keeps the projection of active playbooks."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.desks import PlaybookActivatedV2
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO active_playbook AS p (desk, code, version, sequence, first_status, first_title, first_stage)
SELECT DISTINCT ON (desk, code) * FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::text[],
                                              $6::jsonb[], $7::text[])
    AS t(desk, code, version, sequence, first_status, first_title, first_stage)
ORDER BY desk, code, sequence DESC
ON CONFLICT (desk, code) DO UPDATE
SET version = excluded.version, sequence = excluded.sequence, first_status = excluded.first_status,
    first_title = excluded.first_title, first_stage = excluded.first_stage
WHERE p.sequence < excluded.sequence
"""


async def project_playbooks(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `playbook.activated`; an older event never overwrites a newer one."""
    rows = [(e.data, e.sequence, e.data.first_status) for e in events if isinstance(e.data, PlaybookActivatedV2)]
    await tx.conn.execute(
        PROJECT,
        [data.desk for data, *_ in rows],
        [data.code for data, *_ in rows],
        [data.version for data, *_ in rows],
        [sequence for _, sequence, _ in rows],
        [first.code if first else None for *_, first in rows],
        [first.title.model_dump() if first else None for *_, first in rows],
        [first.stage.value if first else None for *_, first in rows],
    )
