"""The projection of calls from intake's contacts; the newest report of a call wins."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.intake import ContactRecorded
from libs.common.contracts.shared import ContactKind
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO call AS c (id, desk, lead_id, customer_id, kind, at, duration, operator_id, extension, line, sequence)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[], $7::int[],
                     $8::uuid[], $9::text[], $10::text[], $11::bigint[])
ON CONFLICT (id) DO UPDATE SET lead_id = excluded.lead_id, customer_id = excluded.customer_id,
    kind = excluded.kind, at = excluded.at, duration = excluded.duration, operator_id = excluded.operator_id,
    extension = excluded.extension, line = excluded.line, sequence = excluded.sequence
WHERE c.sequence < excluded.sequence
"""


async def project_calls(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Store the calls that events report."""
    ordered = sorted(events, key=lambda event: event.sequence)
    newest = {event.data.contact_id: event for event in ordered if isinstance(event.data, ContactRecorded)}
    rows = [
        (event, event.data)
        for _, event in sorted(newest.items())  # of two transactions the rows are locked in one order
        if isinstance(event.data, ContactRecorded) and event.data.kind is not ContactKind.MESSAGE
    ]
    if rows:
        await tx.conn.execute(
            PROJECT,
            [data.contact_id for _, data in rows],
            [event.desk for event, _ in rows],
            [data.lead_id for _, data in rows],
            [data.customer_id for _, data in rows],
            [data.kind for _, data in rows],
            [data.at for _, data in rows],
            [data.duration for _, data in rows],
            [data.operator_id for _, data in rows],
            [data.extension for _, data in rows],
            [data.line for _, data in rows],
            [event.sequence for event, _ in rows],
        )
