"""The call sheet of a task as its operator reads it."""

from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Connection
from libs.common.platform.http.language import Language
from libs.common.platform.masking import masking_desks
from services.tasks.context import Context
from services.tasks.desks.store import read_desks
from services.tasks.engine.state import State
from services.tasks.engine.variables import message_language
from services.tasks.errors import NotFoundError
from services.tasks.moves.queries import get_lead
from services.tasks.moves.schemas import LeadOut
from services.tasks.operators.queries import operator_of, read_staff
from services.tasks.partners.store import read_partners
from services.tasks.processes.store import parts, state_of
from services.tasks.sheets import store
from services.tasks.sheets.rules import said, values_of_messages
from services.tasks.sheets.schemas import MessageValues, ScriptOut, SheetOut, SheetStepOut
from services.tasks.tasks.customers import hides_numbers
from services.tasks.tasks.queries import get_task
from services.tasks.tasks.store import read_task

TASK = "SELECT * FROM task WHERE id = $1"
_OPEN: Mapping[str, object] = {"actor": None, "at": None}
NAME = "SELECT name FROM operator WHERE id = $1"
MAIN = "SELECT id FROM process WHERE lead_id = $1"
PROCESS = "SELECT * FROM process WHERE id = $1"


async def get_sheet(ctx: Context, caller: Principal, task_id: UUID, language: Language) -> SheetOut:
    """Return the call sheet of a task that the caller may see. Raises NotFoundError, also if its type has none."""
    await get_task(ctx, caller, task_id, language)
    async with ctx.db.begin() as tx:
        row = await tx.conn.fetchrow(TASK, task_id)
        state = await _state(tx.conn, row["process_id"]) if row else None
        if row is None or state is None:
            raise NotFoundError
        playbook = await ctx.playbooks.get(tx.conn, state.playbook, state.playbook_version)
        if ctx.playbooks.asks_of_staff(state.playbook, state.playbook_version):
            state.staff = await read_staff(tx.conn)
        holder = await tx.conn.fetchval(NAME, row["operator_id"]) if row["operator_id"] else None
        hides = await hides_numbers(tx.conn, caller, row, ctx.now())
        ticked = {step["step"]: step for step in await store.ticked(tx.conn, task_id)}
    sheet = playbook.sheet_of(row["type"])
    if sheet is None:
        raise NotFoundError
    now, lang = ctx.now(), language.value
    done = {code: ticked.get(code, _OPEN) for code in sheet.steps}
    scripts = said(sheet, state, read_task(row), playbook, lang, now, holder=holder, hides=hides)
    return SheetOut(
        goal=sheet.goal.of(lang),
        steps=tuple(
            SheetStepOut(code=code, title=title.of(lang), done_by=done[code]["actor"], done_at=done[code]["at"])
            for code, title in sheet.steps.items()
        ),
        scripts=tuple(ScriptOut(**asdict(script)) for script in scripts),
    )


async def message_values(ctx: Context, caller: Principal, lead_id: UUID, language: Language) -> MessageValues:
    """Return what a message to a lead's customer would be filled with. Raises NotFoundError."""
    lead = await get_lead(ctx, caller, lead_id, language)
    async with ctx.db.begin() as tx:
        hides = not caller.sees_whole_desks and await _hides(tx.conn, caller, lead)
        state = await _state(tx.conn, await tx.conn.fetchval(MAIN, lead_id))
        if state is None:
            raise NotFoundError
        playbook = await ctx.playbooks.get(tx.conn, state.playbook, state.playbook_version)
    theirs = message_language(state)
    return MessageValues(language=theirs, values=values_of_messages(state, playbook, theirs, hides=hides))


async def _hides(conn: Connection, caller: Principal, lead: LeadOut) -> bool:
    """Return whether numbers are masked to an operator: neither the lead nor a task of it is theirs (P.7)."""
    profile = await operator_of(conn, caller.sub)
    theirs = {lead.owner_id, *(who for task in lead.tasks for who in (task.operator_id, task.lender_id))}
    is_theirs = profile is not None and profile.active and profile.id in theirs
    return not is_theirs and bool(await masking_desks(conn, [lead.desk]))


async def _state(conn: Connection, process_id: UUID) -> State | None:
    """Return a process as it is, without a lock."""
    row = await conn.fetchrow(PROCESS, process_id)
    if row is None:
        return None
    desk = (await read_desks(conn, [row["desk"]]))[row["desk"]].desk
    state = state_of(row, desk, *await parts(conn, [process_id]))
    who = state.facts.whose_partner
    state.partner = (await read_partners(conn, [who])).get(who) if who is not None else None
    return state
