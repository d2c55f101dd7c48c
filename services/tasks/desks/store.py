"""Desks as the engine reads them, with the playbook versions of new leads."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import time
from typing import Any, TypeAlias

import asyncpg

from libs.common.platform.db import Connection
from services.tasks.desks.convert import holidays_of
from services.tasks.engine.state import Desk, Hours

DESKS = """
SELECT d.desk, d.title_ru, d.title_en, d.zone, d.languages, d.calendar, d.holidays,
       (SELECT jsonb_object_agg(a.code, a.version) FROM playbook_activation a WHERE a.desk = d.desk) AS active
FROM desk d WHERE d.desk = ANY($1::text[])
"""


#: A row of `DESKS`, or the object that the server makes of it.
Row: TypeAlias = asyncpg.Record | Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ActiveDesk:
    """A desk and its active versions by playbook code."""

    desk: Desk
    active: Mapping[str, int]


async def read_desks(conn: Connection, codes: Collection[str]) -> dict[str, ActiveDesk]:
    """Return the desks that exist, by code."""
    return active_desks(await conn.fetch(DESKS, list(codes)))


def active_desks(rows: Iterable[Row]) -> dict[str, ActiveDesk]:
    """Return the desks of rows, by code."""
    return {row["desk"]: ActiveDesk(read_desk(row), row["active"] or {}) for row in rows}


def read_desk(row: Row) -> Desk:
    """Return a stored desk."""
    hours = tuple(
        Hours(part["weekday"], time.fromisoformat(part["opens"]), time.fromisoformat(part["closes"]))
        for part in row["calendar"]
    )
    return Desk(
        row["desk"],
        row["title_ru"],
        row["title_en"],
        row["zone"],
        tuple(row["languages"]),
        hours,
        holidays_of(row["holidays"]),
    )
