"""What would become of a lead: the consumer's use case on intake's events, taken back."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.contracts import Cause, EventData, Received
from libs.common.messaging.inbox.rehearsal import rehearsed, said
from libs.common.platform.db import Connection
from libs.common.platform.http.language import Language
from libs.common.platform.ids import uuid7
from services.tasks.context import Context
from services.tasks.engine.state import Timer, TimerKind
from services.tasks.playbooks.waiting import UnknownPlaybookError, playbook_of
from services.tasks.processes.actions import advance
from services.tasks.processes.store import parts
from services.tasks.rehearsals.schemas import (
    LeadRehearsal,
    MissingPlaybook,
    RehearsalIn,
    RehearsedProcess,
    RehearsedTask,
    RehearsedTimer,
    RequestedMessage,
    RequestedWork,
)

PROCESSES = """
SELECT * FROM process WHERE lead_id = $1 OR subject_id = $1 ORDER BY id
"""
TASKS = "SELECT * FROM task WHERE process_id = $1 AND state = 'active' ORDER BY id"
KNOWN = """
SELECT EXISTS (SELECT FROM desk WHERE desk = $1) AS desk_exists,
       EXISTS (SELECT FROM playbook WHERE code = $2 AND desk IN ($1, '*')) AS playbook_exists
"""


_SAME = ("type", "role", "pool", "mode", "lane", "important", "due_at", "offer_from")


async def rehearse(ctx: Context, given: RehearsalIn, cause: Cause, language: Language) -> LeadRehearsal:
    """Return what would become of a lead or a contact. Raises EventRefusedError."""
    lead_id, now = _lead_of(given), ctx.now()
    try:
        async with rehearsed(ctx.db, advance(ctx), _events(given, lead_id, cause, now)) as conn:
            work = {each.task_id: each for each in await said(conn, cause, RequestedWork)}
            rows = await conn.fetch(PROCESSES, lead_id)
            return LeadRehearsal(
                desk=given.desk,
                at=now,
                processes=tuple([await _process(ctx, conn, row, work, language) for row in rows]),
                messages=tuple(await said(conn, cause, RequestedMessage)),
            )
    except UnknownPlaybookError as error:
        missing = playbook_of(error.waits_for)
        known = await ctx.db.pool.fetchrow(KNOWN, given.desk, missing)
        waits = MissingPlaybook(playbook=missing, **dict(known or {}))
        return LeadRehearsal(desk=given.desk, at=now, waits_for=waits)


def _lead_of(given: RehearsalIn) -> UUID | None:
    """Return the id of the lead: of one that begins a new one, so that no other is meant."""
    if given.lead is not None:
        return uuid7()
    return given.contact.lead_id if given.contact else None


def _events(given: RehearsalIn, lead_id: UUID | None, cause: Cause, now: datetime) -> list[Received[EventData]]:
    said_of = [each.model_copy(update={"lead_id": lead_id}) for each in (given.lead, given.contact) if each]
    key = f"lead:{lead_id}" if lead_id else f"contact:{uuid7()}"
    return [Received(uuid7(), key, given.desk, now, n, cause, data) for n, data in enumerate(said_of, 1)]


async def _process(
    ctx: Context, conn: Connection, row: asyncpg.Record, work: Mapping[UUID, RequestedWork], language: Language
) -> RehearsedProcess:
    playbook = await ctx.playbooks.get(conn, row["playbook"], row["playbook_version"])
    tasks = await conn.fetch(TASKS, row["id"])
    _, found = await parts(conn, [row["id"]])
    timers = found.get(row["id"], [])
    later = {timer.task_id: timer for timer in timers if timer.kind is TimerKind.OFFER}
    return RehearsedProcess(
        playbook=row["playbook"],
        playbook_version=row["playbook_version"],
        status=row["status"],
        stage=row["stage"],
        ended_at=row["ended_at"],
        tasks=tuple(
            RehearsedTask(
                title=playbook.task_types[each["type"]].title.of(language.value),
                work=work.get(each["id"]) or _later(each, later.get(each["id"])),
                **{name: each[name] for name in _SAME},
            )
            for each in tasks
        ),
        timers=tuple(RehearsedTimer(name=each.name, kind=each.kind, at=each.at) for each in timers),
    )


def _later(task: asyncpg.Record, timer: Timer | None) -> RequestedWork | None:
    """Return the request that a task's timer will make; None for a task that operators take."""
    if timer is None:
        return None
    same = {name: task[name] for name in ("lead_id", "pool", "role", "products", "due_at")}
    of_task = {"task_id": task["id"], "task_version": task["version"], "task_type": task["type"]}
    return RequestedWork.model_validate({**of_task, **same, "requested_at": timer.at})
