"""Reads of queues."""

from collections.abc import Sequence

import asyncpg

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.http.language import Language
from services.tasks.context import Context
from services.tasks.errors import NotFoundError
from services.tasks.operators.queries import operator_of
from services.tasks.playbooks.model import Holder
from services.tasks.queues import store
from services.tasks.queues.actions import all_queues
from services.tasks.queues.rules import Place, Queue
from services.tasks.queues.schemas import QueueOut
from services.tasks.work.queries import shaped
from services.tasks.work.schemas import TaskOut

DESKS = "SELECT desk FROM desk WHERE ($1 OR desk = ANY($2::text[])) AND ($3::text IS NULL OR desk = $3)"


async def list_queues(ctx: Context, caller: Principal, desk: str | None, language: Language) -> list[QueueOut]:
    """Return the queues of the caller's desks by priority, with count and oldest age."""
    now, found = ctx.now(), []
    async with ctx.db.begin() as tx:
        person = await operator_of(tx.conn, caller.sub)
        me = person.id if person else None
        for queue in await all_queues(ctx, tx, await _desks(tx, caller, desk)):
            if queue.lane.holder is Holder.ME and me is None:
                continue
            count, oldest = await store.size(tx.conn, queue, me, now)
            found.append(
                QueueOut(
                    code=queue.lane.code,
                    desk=queue.desk,
                    title=queue.lane.title.of(language.value),
                    playbooks=queue.playbooks,
                    priority=queue.lane.priority,
                    count=count,
                    oldest_at=oldest,
                    oldest_age=None if oldest is None else int((now - oldest).total_seconds()),
                )
            )
    return found


async def queue_tasks(
    ctx: Context,
    caller: Principal,
    code: str,
    desk: str | None,
    after: Place | None,
    limit: int,
    language: Language,
) -> tuple[list[TaskOut], Place | None]:
    """Return tasks of the queues of a code in their order, and the place to go on from. Raises NotFoundError."""
    async with ctx.db.begin() as tx:
        person = await operator_of(tx.conn, caller.sub)
        queues = await all_queues(ctx, tx, await _desks(tx, caller, desk))
        chosen = [queue for queue in queues if queue.lane.code == code]
        if not chosen:
            raise NotFoundError
        found: list[tuple[Place, asyncpg.Record]] = []
        first = after.queue if after else 0
        for number, queue in enumerate(chosen[first:], first):
            left, behind = limit + 1 - len(found), after if number == first else None
            rows = await store.tasks(tx.conn, queue, person.id if person else None, ctx.now(), left, behind)
            found += [(_place(number, queue, row), row) for row in rows]
    items = await shaped(ctx, [row for _, row in found[:limit]], language)
    return items, found[limit - 1][0] if len(found) > limit else None


def _place(number: int, queue: Queue, row: asyncpg.Record) -> Place:
    at = row["received_at" if queue.lane.newest_first else "due_at"]
    return Place(number, row["important"], row["rank"], at, row["id"])


async def _desks(tx: Transaction, caller: Principal, desk: str | None) -> Sequence[str]:
    rows = await tx.conn.fetch(DESKS, caller.sees_all_desks, list(caller.desks), desk)
    return [row["desk"] for row in rows]
