"""The customers of tasks: for managers, for who has the task, and where they own the lead or nobody does (P.6)."""

from collections.abc import Mapping, Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import asyncpg

from libs.common.contracts.shared import SubjectKind
from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.http.wire import CustomerOut
from services.tasks.context import Context
from services.tasks.operators.queries import operator_of
from services.tasks.tasks.store import Row

# A lead's customer is that of its first process, also for the tasks of its other processes.
CUSTOMERS = """
SELECT lead_id AS key, person, facts->>'zone' AS zone, owner_id FROM process WHERE lead_id = ANY($1::uuid[])
UNION ALL
SELECT id, person, facts->>'zone', NULL FROM process WHERE id = ANY($2::uuid[])
"""


async def customers_of(ctx: Context, caller: Principal, rows: Sequence[Row]) -> Mapping[UUID, CustomerOut]:
    """Return the customers of task rows by the task's id; none that the caller may not see."""
    leads = {row["lead_id"] for row in rows} - {None}
    others = {row["process_id"] for row in rows if row["subject_kind"] == SubjectKind.CUSTOMER}
    async with ctx.db.pool.acquire() as conn:
        found = {each["key"]: each for each in await conn.fetch(CUSTOMERS, list(leads), list(others))}
        profile = await operator_of(conn, caller.sub)
    me = profile.id if profile is not None and profile.active else None
    shown = {}
    for row in rows:
        whose = found.get(row["lead_id"] or row["process_id"])
        if whose is not None and _may_see(caller, me, row, whose["owner_id"]):
            shown[row["id"]] = _shaped(ctx, whose)
    return shown


def _may_see(caller: Principal, me: UUID | None, row: Row, owner: UUID | None) -> bool:
    if caller.has(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE):
        return True
    return me is not None and (me in (row["operator_id"], row["lender_id"]) or owner in (None, me))


def _shaped(ctx: Context, row: asyncpg.Record) -> CustomerOut:
    person, zone = row["person"], row["zone"]
    return CustomerOut(
        name=person["name"],
        phone=person["phone"],
        phone_raw=person["phone_raw"],
        zone=zone,
        local_time=ctx.now().astimezone(ZoneInfo(zone)),
    )
