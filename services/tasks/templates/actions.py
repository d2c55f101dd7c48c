"""The projection of approved templates from notifications' events: what was approved, and not retired since."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.notifications import TemplateApproved, TemplateRetired
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO approved_template AS t (desk, code, retired, sequence)
SELECT DISTINCT ON (desk, code) * FROM unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[])
    AS n(desk, code, retired, sequence)
ORDER BY desk, code, sequence DESC
ON CONFLICT (desk, code) DO UPDATE SET retired = excluded.retired, sequence = excluded.sequence
WHERE t.sequence < excluded.sequence
"""


async def project_templates(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `template.approved` and `template.retired`; an older event never overwrites a newer one."""
    rows = [
        (event.desk, event.data.code, isinstance(event.data, TemplateRetired), event.sequence)
        for event in events
        if isinstance(event.data, TemplateApproved | TemplateRetired)
    ]
    await tx.conn.execute(PROJECT, *map(list, zip(*rows, strict=True)))
