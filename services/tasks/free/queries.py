"""What a free task is checked against: the desk's people and playbooks, and the lead that it is linked to."""

from uuid import UUID

from libs.common.platform.db import Transaction
from services.tasks.context import Context
from services.tasks.desks.store import read_desks
from services.tasks.engine.facts import Facts
from services.tasks.errors import NotFoundError
from services.tasks.free.rules import Asked, Known
from services.tasks.operators.queries import locked_operators, operators_of
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.model import Playbook
from services.tasks.processes.store import read_facts

STAFF = """
SELECT DISTINCT role, pool FROM operator, jsonb_array_elements_text(roles) AS role,
       jsonb_array_elements_text(pools) AS pool WHERE active AND desks ? $1
"""
# An operator may link leads that they own, that have no owner, or on which they work or worked (P.6).
_SEEN = """
SELECT * FROM process p WHERE desk = $1 AND lead_id IS NOT NULL
  AND ($3 OR owner_id IS NULL OR owner_id = $4
       OR EXISTS (SELECT FROM task t WHERE t.lead_id = p.lead_id AND t.operator_id = $4))
"""
BY_ID = f"{_SEEN} AND lead_id = $2"
BY_ORDER = f"{_SEEN} AND order_number = $2"


async def look_up(
    ctx: Context, tx: Transaction, asked: Asked, free: Playbook, me: UUID | None, *, everything: bool
) -> Known:
    """Return what a task is checked against; `everything`: the author sees all leads. Raises NotFoundError."""
    desk = (await read_desks(tx.conn, [asked.desk])).get(asked.desk)
    if desk is None:
        raise NotFoundError
    person, deputy = await _people(tx, asked.operator_id)
    active = [await ctx.playbooks.get(tx.conn, code, version) for code, version in desk.active.items()]
    kinds = [kind for playbook in active for kind in playbook.task_types.values()]
    own = free.task_types.values()
    staff = await tx.conn.fetch(STAFF, asked.desk)
    return Known(
        desk=desk.desk,
        types={name for kind in (*kinds, *own) for name in (kind.code, kind.title.ru, kind.title.en)},
        roles={row["role"] for row in staff} | {kind.role for kind in kinds},
        pools={row["pool"] for row in staff} | {kind.pool for kind in kinds},
        person=person,
        deputy=deputy,
        lead=await _lead(tx, asked, me, everything=everything),
    )


async def _people(tx: Transaction, asked: UUID | None) -> tuple[OperatorProfile | None, OperatorProfile | None]:
    """Return who is to have the task, and who deputises for them and is there, both locked."""
    if asked is None:
        return None, None
    named = (await operators_of(tx.conn, [asked])).get(asked)
    deputy_id = named.deputy_id if named is not None else None
    locked = await locked_operators(tx.conn, [asked, *([deputy_id] if deputy_id else [])])
    person, deputy = locked.get(asked), locked.get(deputy_id) if deputy_id else None
    is_there = (
        person is not None and person.deputy_id == deputy_id and deputy is not None and deputy.absence is None
    )
    return person, deputy if is_there else None


async def _lead(tx: Transaction, asked: Asked, me: UUID | None, *, everything: bool) -> Facts | None:
    row = None
    if asked.lead_id is not None:
        row = await tx.conn.fetchrow(BY_ID, asked.desk, asked.lead_id, everything, me)
    elif asked.order_number is not None:
        row = await tx.conn.fetchrow(BY_ORDER, asked.desk, asked.order_number, everything, me)
    return None if row is None else read_facts(row)
