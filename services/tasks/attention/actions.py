"""Use case: what waits for a person at any service becomes a task of the desk's supervisors (P.12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias, cast
from uuid import UUID

from libs.common.contracts import Cause, EventData, Received
from libs.common.contracts.attention import Cleared, Raised
from libs.common.contracts.shared import SubjectKind, Text
from libs.common.messaging.inbox import UseCase
from libs.common.platform.attention.rules import Change, Mark
from libs.common.platform.attention.watch import Say
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.tasks.attention import store
from services.tasks.attention.rules import Due, what_is_due
from services.tasks.context import Context
from services.tasks.engine.events import Made, OutcomeGiven
from services.tasks.engine.facts import Facts, Subject
from services.tasks.engine.state import SYSTEM, Brief, Operator, ProcessId, State
from services.tasks.operators.queries import locked_operators
from services.tasks.playbooks.builtin import builtin_version
from services.tasks.playbooks.model import FREE
from services.tasks.playbooks.terms import SUPERVISOR, Title
from services.tasks.processes.batch import Batch

OWN = "tasks"
LOOK_AHEAD = timedelta(hours=12)  # what is due until then is said of one who is not there
DONE = "done"  # an outcome of the built-in playbook of free tasks
OVER = Title("Больше ничего не ждёт", "Nothing waits any more")


@dataclass(frozen=True, slots=True)
class Todo:
    """What is to be done, and until when.

    `operator_id`: whose work waits with it; `assignee_id`: who is to do it.
    """

    title: Text
    due_at: datetime
    operator_id: UUID | None = None
    assignee_id: UUID | None = None


#: What is raised, or (None) is over.
Step: TypeAlias = tuple[Mark, Todo | None, Cause]


def follow_attention(ctx: Context) -> UseCase:
    """Return the use case of what other services raise and clear."""

    async def follow(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        said = cast("Sequence[Received[Raised | Cleared]]", events)
        for service in sorted({event.data.owner for event in said}):
            await settle(ctx, tx, service, [_step(event) for event in said if event.data.owner == service])

    return follow


def follow_own(ctx: Context) -> Say:
    """Return what makes tasks of what waits for a person at tasks itself: nothing is published of it."""

    async def say(tx: Transaction, seen: Change, _: datetime) -> None:
        raised: list[Step] = [(each.mark, Todo(each.title, each.due_at), Cause.fresh()) for each in seen.raised]
        await settle(ctx, tx, OWN, [*raised, *((mark, None, Cause.fresh()) for mark in seen.cleared)])

    return say


async def settle(ctx: Context, tx: Transaction, service: str, steps: Sequence[Step]) -> None:
    """Open a task for each matter that is new, and end that of one that is over; nothing for an unknown desk."""
    before = await store.known(tx, service, {mark for mark, _, _ in steps})
    raised = dict(before)
    batch = Batch(ctx, tx)
    await batch.load(ids=before.values(), desks={mark.desk for mark, _, _ in steps})
    for mark, said, cause in steps:
        if said is None:
            if (process_id := raised.pop(mark, None)) is not None:
                _end(batch, process_id, cause)
        elif mark not in raised and (made := await _open(ctx, tx, batch, mark, said, cause)) is not None:
            raised[mark] = made
    await batch.save()
    await store.write(tx, service, before, raised)


async def _open(ctx: Context, tx: Transaction, batch: Batch, mark: Mark, todo: Todo, cause: Cause) -> UUID | None:
    desk = batch.desk(mark.desk)
    if desk is None:
        return None
    version = await builtin_version(ctx, tx, FREE)
    free = await ctx.playbooks.get(tx.conn, FREE, version)
    kind = free.task_types[free.fallback]
    pool = await store.pool_of(tx.conn, mark.desk, SUPERVISOR) or kind.pool
    process_id = ProcessId(uuid7())
    facts = Facts(Subject(SubjectKind.STAFF, process_id), desk.languages[0], desk.zone, received_at=batch.now)
    process = batch.add(State(process_id, desk, FREE, version, facts, main=False), free, cause)
    language = desk.languages[0]
    due = await _due(ctx, tx, todo.operator_id, batch.now + LOOK_AHEAD, language) if todo.operator_id else []
    text = what_is_due(due, language, desk.zone)
    who = await _assignee(tx, todo.assignee_id)
    brief = Brief(Title(todo.title.ru, todo.title.en).of(language), SYSTEM, text, personal=who is not None)
    made = Made(brief, todo.due_at, important=False, role=SUPERVISOR, pool=pool, operator=who)
    batch.apply(process, made, cause)
    return process_id


async def _assignee(tx: Transaction, operator_id: UUID | None) -> Operator | None:
    """Return the one person who is to do it; one who works here no more, or is not known yet, is none."""
    known = await locked_operators(tx.conn, [operator_id] if operator_id else [])
    found = known.get(operator_id) if operator_id else None
    return found.operator if found is not None and found.active else None


async def _due(ctx: Context, tx: Transaction, operator_id: UUID, until: datetime, language: str) -> list[Due]:
    found = []
    for row in await store.due_of(tx.conn, operator_id, until):
        playbook = await ctx.playbooks.get(tx.conn, row["playbook"], row["playbook_version"])
        title = row["title"] or playbook.task_types[row["type"]].title.of(language)
        found.append(Due(title, row["due_at"], row["order_number"], row["lead_id"]))
    return found


def _end(batch: Batch, process_id: UUID, cause: Cause) -> None:
    """End the task of a matter that is over; of one that a person has ended already there is nothing to end."""
    process = batch.of_id(process_id)
    if process is None:
        return
    comment = OVER.of(process.state.desk.languages[0])
    for task in process.state.open_tasks:
        done = OutcomeGiven(task.id, DONE, comment, SYSTEM, operator=None, supervisor=True)
        batch.apply(process, done, cause)


def _step(event: Received[Raised | Cleared]) -> Step:
    data = event.data
    if not isinstance(data, Raised):
        return Mark(event.desk, data.kind, data.ref), None, event.follow()
    said = Todo(data.title, data.due_at, data.operator_id, data.assignee_id)
    return Mark(event.desk, data.kind, data.ref), said, event.follow()
