"""What a desk has at assignment."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.db import Transaction
from services.assignment.absences.convert import part_of
from services.assignment.absences.store import NOT_OVER, ZONE
from services.assignment.attendance.store import read_part
from services.assignment.configuration.schemas import (
    AssignmentPart,
    DepartmentPart,
    OperatorPart,
    PoolPart,
    SeatPart,
)
from services.assignment.operators.schemas import OperatorContactIn
from services.assignment.pauses.schemas import PauseReasonPart
from services.assignment.pauses.store import REASONS
from services.assignment.schedule.schemas import ShiftPart
from services.assignment.schedule.store import kind_of
from services.assignment.wire import Titles

POOLS = "SELECT * FROM pool WHERE desk = $1 ORDER BY code"
# Retired ones too: they are made active again under the same id.
OPERATORS = """
SELECT o.*, ARRAY(SELECT ROW(p.code, s.weight) FROM seat s JOIN pool p ON p.id = s.pool_id
                  WHERE s.operator_id = o.id AND p.desk = $1 ORDER BY p.code) AS seats
FROM operator o WHERE o.desk = $1 ORDER BY o.subject
"""
# Retired ones too, as above.
DEPARTMENTS = """
SELECT d.*, o.subject AS head FROM department d LEFT JOIN operator o ON o.id = d.head_id
WHERE d.desk = $1 ORDER BY d.code
"""
SHIFTS = "SELECT * FROM shift_kind WHERE desk = $1 AND active ORDER BY code"


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
    """What a desk has, retired ones included; `part` is without those, and has its shifts."""

    part: AssignmentPart
    pools: dict[str, Stored]
    operators: dict[str, Stored]
    departments: dict[str, Stored]
    absences: Sequence[asyncpg.Record]
    zone: str | None


async def read_desk(tx: Transaction, desk: str, now: datetime) -> Found:
    """Return what a desk has; `zone` None: it was not heard of yet."""
    absences, zone = await tx.conn.fetch(NOT_OVER, desk, now), await tx.conn.fetchval(ZONE, desk)
    pools = await tx.conn.fetch(POOLS, desk)
    operators = await tx.conn.fetch(OPERATORS, desk)
    shifts = await tx.conn.fetch(SHIFTS, desk)
    departments = await tx.conn.fetch(DEPARTMENTS, desk)
    pauses = await tx.conn.fetch(REASONS, desk)
    part = AssignmentPart(
        pools={row["code"]: _pool(row) for row in pools if row["active"]},
        operators={row["subject"]: _operator(row) for row in operators if row["active"]},
        shifts={row["code"]: _shift(row) for row in shifts},
        departments={row["code"]: _department(row) for row in departments if row["active"]},
        pauses={row["code"]: _pause(row) for row in pauses},
        attendance=await read_part(tx.conn, desk),
        absences=part_of(absences, zone or "UTC"),
    )
    stored = (
        {row["code"]: Stored.of(row) for row in pools},
        {row["subject"]: Stored.of(row) for row in operators},
        {row["code"]: Stored.of(row) for row in departments},
    )
    return Found(part, *stored, absences, zone)


def _pool(row: asyncpg.Record) -> PoolPart:
    plain = ("role", "off_shift_pull", "taken_work", "away_after", "share", "mend_within", "after_call")
    return PoolPart(title=Titles(**row["title"]), **{name: row[name] for name in plain})


def _shift(row: asyncpg.Record) -> ShiftPart:
    starts, ends = (row[name].strftime("%H:%M") for name in ("starts", "ends"))
    kind, title = kind_of(row), Titles(**row["title"])
    week = {day: tuple(who) for day, who in kind.week.items()}
    return ShiftPart(
        title=title, starts=starts, ends=ends, late_after=kind.late_after, week=week, needed=dict(kind.needed)
    )


def _department(row: asyncpg.Record) -> DepartmentPart:
    return DepartmentPart(title=Titles(**row["title"]), head=row["head"])


def _pause(row: asyncpg.Record) -> PauseReasonPart:
    limits = {name: row[name] for name in ("paid", "minutes", "shift_minutes")}
    return PauseReasonPart(title=Titles(**row["title"]), **limits)


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
        department=row["department"],
        extension=row["extension"],
    )
