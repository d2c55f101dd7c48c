"""Reads of the timeline."""

from collections.abc import Mapping, Sequence
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import SubjectKind
from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Connection
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Keyset, PageQuery, invalid_cursor
from services.tasks.context import Context
from services.tasks.engine.facts import Subject
from services.tasks.errors import NotFoundError
from services.tasks.merges import store as merges
from services.tasks.operators.queries import operator_of
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.model import Playbook
from services.tasks.tasks.schemas import SubjectOut
from services.tasks.timeline.rules import Step, ordered
from services.tasks.timeline.schemas import DocumentOut, StepOut, TimelineOut
from services.tasks.timeline.store import Entry, read_entry
from services.tasks.timeline.texts import title_of
from services.tasks.timeline.waiting import waiting_steps

_OURS = "/intake/v1/contacts/"  # where leave to listen is asked for
_BY_CAUSE = Keyset("cause", {"id": UUID})
LONGEST = 5000  # steps; a lead lives a month

PROCESSES = """
SELECT * FROM process WHERE lead_id = $1 UNION ALL SELECT * FROM process WHERE subject_id = $1 ORDER BY id
"""
BY_SOURCE = """
SELECT lead_id FROM process
WHERE source = $1 AND external_id = $2 AND ($3 OR desk = ANY($4::text[])) AND lead_id IS NOT NULL
ORDER BY started_at DESC LIMIT 1
"""
STEPS = "SELECT * FROM timeline_entry WHERE lead_id = ANY($1::uuid[]) ORDER BY id LIMIT $2"
STEPS_OF_OTHERS = """
SELECT * FROM timeline_entry WHERE subject_id = ANY($1::uuid[]) AND subject_kind = $3 ORDER BY id LIMIT $2
"""
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


async def timeline(
    ctx: Context, caller: Principal, subject: Subject, language: Language, page: PageQuery | None = None
) -> TimelineOut:
    """Return a subject's timeline, or a page of it.

    Raises NotFoundError, also for what the caller may not see (P.6), and Problem 400 `invalid_cursor`.
    """
    async with ctx.db.pool.acquire() as conn:
        found = await _entries(conn, subject)
        processes = await conn.fetch(PROCESSES, subject.id)
        if not processes and subject.lead_id is not None:
            found += await waiting_steps(conn, subject.lead_id)
        if not found or not caller.may_see(found[0].desk):
            raise NotFoundError
        profile = await operator_of(conn, caller.sub)
        head = _head(processes)
        if not _visible(caller, profile, subject, head, found):
            raise NotFoundError
        names = await _names(conn, found)
        playbooks = {
            row["id"]: await ctx.playbooks.get(conn, row["playbook"], row["playbook_version"]) for row in processes
        }
    shaped = _shaped(subject, found, head, names, playbooks, language)
    linked = [DocumentOut(**document) for row in processes for document in row["documents"]]
    steps, more = _cut(shaped.items, page)
    documents = [one for n, one in enumerate(linked) if one not in linked[:n]]
    return shaped.model_copy(update={"documents": documents, "items": steps, "next_cursor": more})


def _cut(steps: Sequence[StepOut], page: PageQuery | None) -> tuple[Sequence[StepOut], str | None]:
    """Return the steps of a page, and the cursor of the next one: it names a step, and follows that if it moves."""
    if page is None:
        return steps, None
    if (after := _BY_CAUSE.after(page)) is not None:
        places = [number for number, step in enumerate(steps, 1) if step.id == after[0]]
        if not places:
            raise invalid_cursor()
        steps = steps[places[0] :]
    cut = _BY_CAUSE.cut([{"id": step.id} for step in steps], page)
    return steps[: page.limit], cut.next_cursor


async def _entries(conn: Connection, subject: Subject) -> list[Entry]:
    """Return the steps of a subject and of those that were merged into it; a step that several have once."""
    aliases = await merges.read(conn, [subject.id])
    ids = [subject.id, *(loser for loser in aliases.winners if subject.id in aliases.path(loser))]
    if subject.lead_id is not None:
        rows = await conn.fetch(STEPS, ids, LONGEST)
    else:
        rows = await conn.fetch(STEPS_OF_OTHERS, ids, LONGEST, subject.kind)
    found = map(read_entry, rows)
    placed = (entry if entry.subject == subject else entry._replace(sequence=None) for entry in found)
    return list({entry.event_id: entry for entry in placed}.values())


def _head(processes: Sequence[asyncpg.Record]) -> asyncpg.Record | None:
    """Return the process with which a lead began, or the newest one of another subject."""
    return next((row for row in processes if row["lead_id"]), processes[-1] if processes else None)


def _visible(
    caller: Principal,
    profile: OperatorProfile | None,
    subject: Subject,
    head: asyncpg.Record | None,
    found: Sequence[Entry],
) -> bool:
    """Operators see leads that they own, that have no owner, or on which they worked; of the staff, themselves."""
    if caller.sees_whole_desks:
        return True
    if head is None or profile is None or not profile.active:
        return False
    me = profile.id
    if any(entry.facts.get("operator_id") == str(me) for entry in found):
        return True
    return subject.id == me if subject.kind is SubjectKind.STAFF else head["owner_id"] in (None, me)


async def _names(conn: Connection, found: Sequence[Entry]) -> Mapping[str, str]:
    ids = {actor for entry in found if (actor := _uuid(entry.actor)) is not None}
    return {str(row["id"]): row["name"] for row in await conn.fetch(NAMES, list(ids))}


def _shaped(
    subject: Subject,
    found: Sequence[Entry],
    head: asyncpg.Record | None,
    names: Mapping[str, str],
    playbooks: Mapping[UUID, Playbook],
    language: Language,
) -> TimelineOut:
    steps = [
        Step(number, entry.event_id, entry.causation_id, entry.owner, entry.sequence, entry.time)
        for number, entry in enumerate(found)
    ]
    first = playbooks[head["id"]] if head else None
    ranked = [found[step.id] for step in ordered(steps)]
    return TimelineOut(
        subject=SubjectOut.of(subject),
        lead_id=subject.lead_id,
        desk=found[0].desk,
        **{name: head[name] if head else None for name in _HEAD},
        documents=[],
        items=[
            _step(entry, names, playbooks.get(entry.process_id, first) if entry.process_id else first, language)
            for entry in ranked
        ],
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
        facts=_shown(entry),
        caused_by=entry.causation_id,
        correlation_id=entry.correlation_id,
    )


def _shown(entry: Entry) -> Mapping[str, object]:
    """Return the facts of a step without where a recording lies: of releases before, it was among them."""
    recording = entry.facts.get("recording")
    ours = isinstance(recording, str) and recording.startswith(_OURS)
    return entry.facts if recording is None or ours else {**entry.facts, "recording": None}


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
