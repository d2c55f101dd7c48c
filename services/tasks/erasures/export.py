"""What of tasks' tables belongs to a customer."""

from uuid import UUID

from libs.common.platform.db import Database
from libs.common.platform.erasure.export import Exported
from services.tasks.merges import store as merges

_SUBJECT = "lead_id = ANY($1::uuid[]) OR subject_id = ANY($1::uuid[])"
_LEADS = "SELECT lead_id FROM process WHERE customer_id = ANY($1::uuid[]) AND lead_id IS NOT NULL"

EXPORTED: Exported = {
    "process": _SUBJECT,
    "task": _SUBJECT,
    "timeline_entry": _SUBJECT,
    "mendable": f"process_id IN (SELECT id FROM process WHERE {_SUBJECT})",  # noqa: S608 - a constant
}


async def ids_of(db: Database, customer_id: UUID) -> list[UUID]:
    """Return all ids of a customer and of their leads."""
    async with db.begin() as tx:
        whole = (await merges.read(tx.conn, [customer_id])).whole(customer_id)
        return [*whole, *(row["lead_id"] for row in await tx.conn.fetch(_LEADS, list(whole)))]
