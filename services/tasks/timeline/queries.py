"""Reads of the timeline."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from libs.common.platform.auth.principal import Principal, Role
from libs.common.platform.db import Connection
from libs.common.platform.http.language import Language
from services.tasks.context import Context
from services.tasks.errors import NotFoundError
from services.tasks.operators.queries import operator_of
from services.tasks.playbooks.model import Playbook
from services.tasks.timeline.rules import Step, ordered
from services.tasks.timeline.schemas import StepOut, TimelineOut
from services.tasks.timeline.store import Entry, read_entry
from services.tasks.timeline.texts import title_of
from services.tasks.timeline.waiting import waiting_steps

LONGEST = 5000  # steps; a lead lives a month

PROCESS = "SELECT * FROM process WHERE lead_id = $1"
BY_SOURCE = """
SELECT lead_id FROM process WHERE source = $1 AND external_id = $2 AND ($3 OR desk = ANY($4::text[]))
ORDER BY started_at DESC LIMIT 1
"""
STEPS = "SELECT * FROM timeline_entry WHERE lead_id = $1 ORDER BY id LIMIT $2"
_HEAD = (
    "source", "external_id", "order_number", "playbook", "playbook_version", "status", "stage", "owner_id",
)  # fmt: skip
NAMES = "SELECT id, name FROM operator WHERE id = ANY($1::uuid[])"


async def lead_of(ctx: Context, caller: Principal, source: str, external_id: str) -> UUID:
    """Return the lead of an external order. Raises NotFoundError."""
    found: UUID | None = await ctx.db.pool.fetchval(
        BY_SOURCE, source, external_id, caller.sees_all_desks, list(caller.desks)
    )
    if found is None:
        raise NotFoundError
    return found


async def timeline(ctx: Context, caller: Principal, lead_id: UUID, language: Language) -> TimelineOut:
    """Return a lead's timeline. Raises NotFoundError, also for what the caller may not see (P.6)."""
    async with ctx.db.pool.acquire() as conn:
        found = [read_entry(row) for row in await conn.fetch(STEPS, lead_id, LONGEST)]
        process = await conn.fetchrow(PROCESS, lead_id)
        if process is None:
            found += await waiting_steps(conn, lead_id)
        if not found or not caller.may_see(found[0].desk):
            raise NotFoundError
        profile = await operator_of(conn, caller.sub)
        if not _visible(caller, profile.id if profile else None, process, found):
            raise NotFoundError
        names = await _names(conn, found)
        playbook = None
        if process is not None:
            playbook = await ctx.playbooks.get(conn, process["playbook"], process["playbook_version"])
    return _shaped(lead_id, found, process, names, playbook, language)


def _visible(caller: Principal, me: UUID | None, process: asyncpg.Record | None, found: Sequence[Entry]) -> bool:
    """Operators see leads that they own, that have no owner, or on which they have worked."""
    if caller.has(Role.SUPERVISOR, Role.ADMIN, Role.SERVICE):
        return True
    if process is None:
        return False
    return process["owner_id"] in (None, me) or any(entry.facts.get("operator_id") == str(me) for entry in found)


async def _names(conn: Connection, found: Sequence[Entry]) -> Mapping[str, str]:
    ids = {actor for entry in found if (actor := _uuid(entry.actor)) is not None}
    return {str(row["id"]): row["name"] for row in await conn.fetch(NAMES, list(ids))}


def _shaped(
    lead_id: UUID,
    found: Sequence[Entry],
    process: asyncpg.Record | None,
    names: Mapping[str, str],
    playbook: Playbook | None,
    language: Language,
) -> TimelineOut:
    steps = [
        Step(number, entry.event_id, entry.causation_id, entry.owner, entry.sequence, entry.time)
        for number, entry in enumerate(found)
    ]
    return TimelineOut(
        lead_id=lead_id,
        desk=found[0].desk,
        **{name: process[name] if process else None for name in _HEAD},
        items=[_step(found[step.id], names, playbook, language) for step in ordered(steps)],
    )


def _step(entry: Entry, names: Mapping[str, str], playbook: Playbook | None, language: Language) -> StepOut:
    return StepOut(
        id=entry.event_id,
        time=entry.time,
        owner=entry.owner,
        kind=entry.kind,
        title=title_of(entry.kind, entry.facts, playbook, language.value),
        actor=entry.actor,
        actor_name=names.get(entry.actor),
        rule=entry.rule,
        task_id=entry.task_id,
        facts=entry.facts,
        caused_by=entry.causation_id,
        correlation_id=entry.correlation_id,
    )


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
