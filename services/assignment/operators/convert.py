"""The event `operator.changed` of a stored operator."""

from datetime import datetime

from asyncpg import Record

from libs.common.contracts import Cause, Outgoing
from libs.common.contracts.assignment import OperatorChanged
from libs.common.contracts.shared import Customer, Presence
from libs.common.platform.db import Transaction
from services.assignment.pools.rules import OperatorId

POOLS = """
ARRAY(SELECT p.code FROM seat s JOIN pool p ON p.id = s.pool_id
      WHERE s.operator_id = o.id ORDER BY p.code) AS pools,
ARRAY(SELECT d.code FROM department d WHERE d.head_id = o.id AND d.active ORDER BY d.code) AS heads
"""
ANNOUNCED = f"UPDATE operator o SET announced_version = version WHERE id = $1 RETURNING o.*, {POOLS}"  # noqa: S608 - clauses of our own


async def operator_changed(tx: Transaction, operator_id: OperatorId, now: datetime, cause: Cause) -> Outgoing:
    """Return `operator.changed` with the operator's current row in the transaction."""
    row = await tx.conn.fetchrow(ANNOUNCED, operator_id)
    if row is None:
        raise LookupError(operator_id)
    return event_of(row, now, cause)


def event_of(row: Record, now: datetime, cause: Cause) -> Outgoing:
    """Return `operator.changed` of a row with its `pools`."""
    data = OperatorChanged(
        operator_id=row["id"],
        subject=row["subject"],
        name=row["name"],
        active=row["active"],
        roles=tuple(row["roles"]),
        desks=tuple(row["desks"]),
        pools=tuple(row["pools"]),
        products=tuple(row["products"]),
        capacity=row["capacity"],
        presence=Presence(row["presence"]),
        away=row["away"] is not None,
        version=row["version"],
        person=person_of(row),
        department=row["department"],
        heads=tuple(row["heads"]),
        absent_until=row["absent_until"],
        deputy_id=row["deputy_id"],
        extension=row["extension"],
    )
    return Outgoing(key=f"operator:{row['id']}", desk=row["desk"], time=now, data=data, cause=cause)


def person_of(row: Record) -> Customer | None:
    """Return how an operator is reached, with their name; None where nothing is known."""
    contact = Customer.model_validate(row["contact"] or {})
    return None if contact == Customer() else contact.model_copy(update={"name": row["name"]})


def as_json(contact: Customer | None) -> dict[str, object] | None:
    """Return how an operator is reached as it is stored."""
    return None if contact is None else contact.model_dump(mode="json", exclude={"name"})
