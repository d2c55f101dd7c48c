"""Operators by the subject of their token."""

from libs.common.platform.db import Connection
from services.tasks.operators.rules import OperatorProfile

BY_SUBJECT = "SELECT * FROM operator WHERE subject = $1 ORDER BY active DESC, sequence DESC LIMIT 1"


async def operator_of(conn: Connection, subject: str) -> OperatorProfile | None:
    """Return the operator of a token's subject, if one is known."""
    row = await conn.fetchrow(BY_SUBJECT, subject)
    if row is None:
        return None
    return OperatorProfile(
        row["id"],
        row["name"],
        row["active"],
        frozenset(row["roles"]),
        frozenset(row["desks"]),
        frozenset(row["pools"]),
        frozenset(row["products"]),
    )
