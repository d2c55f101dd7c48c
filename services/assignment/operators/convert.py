"""The event `operator.changed` of a stored operator."""

from datetime import datetime

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.assignment import OperatorChanged
from libs.common.contracts.shared import Presence
from libs.common.platform.db import Transaction
from services.assignment.pools.rules import OperatorId

SNAPSHOT = """
SELECT o.*, ARRAY(
    SELECT p.code FROM seat s JOIN pool p ON p.id = s.pool_id WHERE s.operator_id = o.id ORDER BY p.code
) AS pools
FROM operator o WHERE o.id = $1
"""


async def operator_changed(tx: Transaction, operator_id: OperatorId, now: datetime, cause: Cause) -> Outgoing:
    """Return `operator.changed` with the operator's current row in the transaction."""
    row = await tx.conn.fetchrow(SNAPSHOT, operator_id)
    if row is None:
        raise LookupError(operator_id)
    data = OperatorChanged(
        operator_id=operator_id,
        subject=row["subject"],
        name=row["name"],
        active=row["active"],
        roles=tuple(row["roles"]),
        desks=tuple(row["desks"]),
        pools=tuple(row["pools"]),
        products=tuple(row["products"]),
        capacity=row["capacity"],
        presence=Presence(row["presence"]),
    )
    return Outgoing(key=f"operator:{operator_id}", desk=row["desk"], time=now, data=data, cause=cause)
