"""Reads of queues."""

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from libs.common.auth.principal import Principal
from libs.common.db import Transaction
from libs.common.http.language import Language
from services.tasks.context import Context
from services.tasks.errors import NotFoundError
from services.tasks.operators.queries import operator_of
from services.tasks.playbooks.model import Holder
from services.tasks.queues import store
from services.tasks.queues.actions import all_queues
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
        for queue, zone in await all_queues(ctx, tx, await _desks(tx, caller, desk)):
            if queue.lane.holder is Holder.ME and me is None:
                continue
            count, oldest = await store.size(tx.conn, queue, zone, me, now)
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
    ctx: Context, caller: Principal, code: str, desk: str | None, offset: int, limit: int, language: Language
) -> list[TaskOut]:
    """Return tasks of the queues of a code in their order. Raises NotFoundError."""
    async with ctx.db.begin() as tx:
        person = await operator_of(tx.conn, caller.sub)
        me: UUID | None = person.id if person else None
        queues = await all_queues(ctx, tx, await _desks(tx, caller, desk))
        chosen = [(queue, zone) for queue, zone in queues if queue.lane.code == code]
        if not chosen:
            raise NotFoundError
        rows: list[asyncpg.Record] = []
        for queue, zone in chosen:
            rows += await store.tasks(tx.conn, queue, zone, me, ctx.now(), offset + limit, 0)
    return await shaped(ctx, rows[offset : offset + limit], language)


async def _desks(tx: Transaction, caller: Principal, desk: str | None) -> Sequence[str]:
    rows = await tx.conn.fetch(DESKS, caller.sees_all_desks, list(caller.desks), desk)
    return [row["desk"] for row in rows]
