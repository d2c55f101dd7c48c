"""What a desk has at assignment."""

from dataclasses import dataclass
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from services.assignment.configuration.schemas import AssignmentPart, OperatorPart, PoolPart, SeatPart
from services.assignment.operators.schemas import OperatorContactIn
from services.assignment.wire import Titles

POOLS = "SELECT * FROM pool WHERE desk = $1 ORDER BY code"
# Retired ones too: they are made active again under the same id.
OPERATORS = """
SELECT o.*, ARRAY(SELECT ROW(p.code, s.weight) FROM seat s JOIN pool p ON p.id = s.pool_id
                  WHERE s.operator_id = o.id AND p.desk = $1 ORDER BY p.code) AS seats
FROM operator o WHERE o.desk = $1 ORDER BY o.subject
"""


@dataclass(frozen=True, slots=True)
class Stored:
    """A pool or an operator as it is stored."""

    id: UUID
    version: int
    active: bool

    @classmethod
    def of(cls, row: asyncpg.Record) -> "Stored":
        return cls(row["id"], row["version"], row["active"])


@dataclass(frozen=True, slots=True)
class Found:
    """A desk's pools and operators, retired ones included; `part` is without those."""

    part: AssignmentPart
    pools: dict[str, Stored]
    operators: dict[str, Stored]


async def read_desk(tx: Transaction, desk: str) -> Found:
    """Return what a desk has."""
    pools = await tx.conn.fetch(POOLS, desk)
    operators = await tx.conn.fetch(OPERATORS, desk)
    part = AssignmentPart(
        pools={row["code"]: _pool(row) for row in pools if row["active"]},
        operators={row["subject"]: _operator(row) for row in operators if row["active"]},
    )
    return Found(
        part, {row["code"]: Stored.of(row) for row in pools}, {row["subject"]: Stored.of(row) for row in operators}
    )


def _pool(row: asyncpg.Record) -> PoolPart:
    plain = ("role", "off_shift_pull", "taken_work", "away_after", "share")
    return PoolPart(title=Titles(**row["title"]), **{name: row[name] for name in plain})


def _operator(row: asyncpg.Record) -> OperatorPart:
    seats = tuple(SeatPart(code=code, weight=weight) for code, weight in row["seats"])
    lists = {name: tuple(row[name]) for name in ("roles", "desks", "products")}
    contact = {
        name: value for name, value in (row["contact"] or {}).items() if name in OperatorContactIn.model_fields
    }
    return OperatorPart(
        name=row["name"],
        capacity=row["capacity"],
        pools=seats,
        **lists,
        contact=OperatorContactIn(**contact) if contact else None,
    )
