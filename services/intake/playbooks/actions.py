"""The use case of the consumer that keeps the projection of active playbooks."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.desks import PlaybookActivatedV2
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO active_playbook AS p (desk, code, version, sequence, first_status, first_title, first_stage,
                                  returns_calls_since, returns_calls_sequence)
SELECT DISTINCT ON (desk, code) *, sequence
FROM unnest($1::text[], $2::text[], $3::int[], $4::bigint[], $5::text[], $6::jsonb[], $7::text[], $8::timestamptz[])
    AS t(desk, code, version, sequence, first_status, first_title, first_stage, returns_calls_since)
ORDER BY desk, code, sequence DESC
ON CONFLICT (desk, code) DO UPDATE
SET version = excluded.version, sequence = excluded.sequence, first_status = excluded.first_status,
    first_title = excluded.first_title, first_stage = excluded.first_stage,
    returns_calls_since = CASE WHEN excluded.returns_calls_since IS NULL OR p.returns_calls_sequence <> p.sequence
                               THEN excluded.returns_calls_since
                               ELSE coalesce(p.returns_calls_since, excluded.returns_calls_since) END,
    returns_calls_sequence = excluded.returns_calls_sequence
WHERE p.sequence < excluded.sequence
"""


async def project_playbooks(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `playbook.activated`; an older event never overwrites a newer one."""
    heard = [(event, event.data) for event in events if isinstance(event.data, PlaybookActivatedV2)]
    # A version that calls no buyer back begins that time anew, also where a newer one of the batch does.
    for some in ([each for each in heard if not each[1].returns_calls], heard):
        firsts = [data.first_status for _, data in some]
        await tx.conn.execute(
            PROJECT,
            [data.desk for _, data in some],
            [data.code for _, data in some],
            [data.version for _, data in some],
            [event.sequence for event, _ in some],
            [first.code if first else None for first in firsts],
            [first.title.model_dump() if first else None for first in firsts],
            [first.stage.value if first else None for first in firsts],
            [event.time if data.returns_calls else None for event, data in some],
        )
