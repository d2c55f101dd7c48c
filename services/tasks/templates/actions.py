"""The projection of approved templates from notifications' events; what was approved once may be used."""

from collections.abc import Sequence

from libs.common.contracts import EventData, Received
from libs.common.contracts.notifications import TemplateApproved
from libs.common.platform.db import Transaction

PROJECT = """
INSERT INTO approved_template (desk, code) SELECT DISTINCT * FROM unnest($1::text[], $2::text[]) ORDER BY 1, 2
ON CONFLICT DO NOTHING
"""


async def project_templates(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Apply `template.approved`."""
    approved = [(event.desk, event.data.code) for event in events if isinstance(event.data, TemplateApproved)]
    await tx.conn.execute(PROJECT, [desk for desk, _ in approved], [code for _, code in approved])
