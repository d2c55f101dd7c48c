"""Reads of queues."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.http.language import Language
from libs.common.platform.http.pagination import Keyset, Page, PageQuery
from services.tasks.context import Context
from services.tasks.errors import NotFoundError
from services.tasks.operators.queries import operator_of
from services.tasks.operators.rules import OperatorProfile
from services.tasks.playbooks.terms import Holder
from services.tasks.queues import store
from services.tasks.queues.actions import all_queues
from services.tasks.queues.rules import Place, Queue, ids_of
from services.tasks.queues.schemas import QueueOut
from services.tasks.tasks.queries import shaped
from services.tasks.tasks.schemas import TaskOut

# The key of a cursor: a place in the queues of one code.
_PLACE = {"queue": int, "important": int, "rank": int, "at": datetime, "id": UUID}
DESKS = "SELECT desk FROM desk WHERE ($1 OR desk = ANY($2::text[])) AND ($3::text IS NULL OR desk = $3)"


async def list_queues(ctx: Context, caller: Principal, desk: str | None, language: Language) -> list[QueueOut]:
    """Return the queues of the caller's desks by priority, with count and oldest age."""
    now, found = ctx.now(), []
    async with ctx.db.begin() as tx:
        profile = await operator_of(tx.conn, caller.sub)
        if _is_stranger(caller, profile):
            return []
        me = profile.id if profile else None
        queues = await all_queues(ctx, tx, await _desks(tx, caller, desk))
        ids = {queue: name for name, queue in ids_of(queues).items()}
        for queue in queues:
            if queue.lane.holder is Holder.ME and me is None:
                continue
            count, oldest = await store.size(tx.conn, queue, me, now)
            found.append(
                QueueOut(
                    id=ids[queue],
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
    page: PageQuery,
    language: Language,
) -> Page[TaskOut]:
    """Return tasks of the queue of an id, or of all queues of a code, in their order. Raises NotFoundError."""
    keyset = Keyset(code, _PLACE)
    after = _after(keyset, page)
    async with ctx.db.begin() as tx:
        profile = await operator_of(tx.conn, caller.sub)
        if _is_stranger(caller, profile):
            raise NotFoundError
        queues = await all_queues(ctx, tx, await _desks(tx, caller, desk))
        named = ids_of(queues).get(code)
        chosen = [queue for queue in queues if queue.lane.code == code] if named is None else [named]
        if not chosen:
            raise NotFoundError
        found: list[asyncpg.Record] = []
        places: list[dict[str, object]] = []
        first = after.queue if after else 0
        for number, queue in enumerate(chosen[first:], first):
            remaining, behind = page.reach - len(found), after if number == first else None
            rows = await store.tasks(tx.conn, queue, profile.id if profile else None, ctx.now(), remaining, behind)
            found += rows
            places += [_place(number, queue, row) for row in rows]
    items = await shaped(ctx, caller, found[: page.limit], language)
    return Page(items=items, next_cursor=keyset.cut(places, page).next_cursor)


def _is_stranger(caller: Principal, profile: OperatorProfile | None) -> bool:
    """Return whether the caller is no more than an operator, and none who is active."""
    manages = caller.sees_whole_desks
    return not manages and (profile is None or not profile.active)


def _place(number: int, queue: Queue, row: asyncpg.Record) -> dict[str, object]:
    at = row["received_at" if queue.lane.newest_first else "due_at"]
    return {"queue": number, "important": int(row["important"]), "rank": row["rank"], "at": at, "id": row["id"]}


def _after(keyset: Keyset, page: PageQuery) -> Place | None:
    match keyset.after(page):
        case (int(queue), int(important), int(rank), datetime() as at, UUID() as task_id):
            return Place(queue, bool(important), rank, at, task_id)
        case _:
            return None


async def _desks(tx: Transaction, caller: Principal, desk: str | None) -> Sequence[str]:
    rows = await tx.conn.fetch(DESKS, caller.sees_all_desks, list(caller.desks), desk)
    return [row["desk"] for row in rows]
