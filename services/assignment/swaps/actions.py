"""Use cases of swaps: asked for, accepted, refused, withdrawn; over when a shift of theirs begins."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg import Record

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.versions import StaleVersionError
from services.assignment.context import Context
from services.assignment.errors import (
    AlreadyExistsError,
    NotFoundError,
    NotYoursError,
    ShiftBegunError,
    SwapOverError,
    SwapRefusedError,
)
from services.assignment.schedule.rules import Planned
from services.assignment.schedule.store import add
from services.assignment.swaps import store
from services.assignment.swaps.rules import SwapFault, SwapState, faults


@dataclass(frozen=True, slots=True)
class AskedSwap:
    """That another takes a shift, or (`in_return_id`) exchanges it for one of theirs."""

    planned_id: UUID
    to_operator_id: UUID
    in_return_id: UUID | None = None
    comment: str | None = None


async def ask_swap(ctx: Context, caller: Principal, asked: AskedSwap) -> UUID:
    """Ask another operator to take a shift of the caller's, or of one of a supervisor's people; return its id.

    Raises NotFoundError, ShiftBegunError, SwapRefusedError with every fault, AlreadyExistsError.
    """
    now = ctx.now()
    async with ctx.db.begin() as tx:
        ids = [each for each in (asked.planned_id, asked.in_return_id) if each is not None]
        rows = await store.locked(tx.conn, ids)
        row = rows.get(asked.planned_id)
        mine = store.shift_of(row)
        if row is None or mine is None or not _owns(caller, row["subject"], row["desk"]):
            raise NotFoundError
        if not mine.is_open(now):
            raise ShiftBegunError
        other = store.shift_of(rows.get(asked.in_return_id)) if asked.in_return_id is not None else None
        fit = await tx.conn.fetchval(store.FIT, asked.to_operator_id, mine.desk)
        exchanged = asked.in_return_id is not None
        if found := faults(mine, asked.to_operator_id, other, now, exchanged=exchanged, fit=fit):
            raise SwapRefusedError(found)
        expires = min(each.starts_at for each in (mine, other) if each is not None)
        who = mine.desk, mine.operator_id, asked.to_operator_id
        what = asked.planned_id, asked.in_return_id, asked.comment, expires, now
        swap_id = await tx.conn.fetchval(store.ADD, uuid7(), *who, *what)
        if swap_id is None:
            raise AlreadyExistsError(await tx.conn.fetchval(store.SAME, asked.planned_id, asked.to_operator_id))
        await tx.commit()
    return UUID(str(swap_id))


async def answer_swap(ctx: Context, caller: Principal, swap_id: UUID, seen: int, state: SwapState) -> None:
    """Accept or refuse a swap as the one who is asked, or withdraw it as who asks or a supervisor.

    Accepted, both shifts change hands at once. Raises NotFoundError, NotYoursError, StaleVersionError,
    SwapOverError, SwapRefusedError.
    """
    now = ctx.now()
    async with ctx.db.begin() as tx:
        row = await _answered(tx, caller, swap_id, seen, state)
        if row["state"] != SwapState.ASKED or row["expires_at"] <= now:
            raise SwapOverError
        if state is SwapState.ACCEPTED:
            await _change_hands(ctx, tx, row)
        await tx.conn.execute(store.ANSWER, swap_id, state.value, now, caller.sub)
        await tx.commit()


async def expire_swaps(ctx: Context) -> None:
    """End the swaps of which a shift has begun, was cancelled, or has another operator by now."""
    await ctx.db.pool.execute(store.EXPIRE, ctx.now())


async def _answered(tx: Transaction, caller: Principal, swap_id: UUID, seen: int, state: SwapState) -> Record:
    row = await tx.conn.fetchrow(store.OWN, swap_id)
    manages = row is not None and caller.sees_whole_desks and caller.may_see(row["desk"])
    if row is None or not (manages or caller.sub in (row["asker"], row["other"])):
        raise NotFoundError
    if row["version"] != seen:
        raise StaleVersionError
    own = caller.sub == row["asker"] or manages if state is SwapState.WITHDRAWN else caller.sub == row["other"]
    if not own:
        raise NotYoursError
    return row


async def _change_hands(ctx: Context, tx: Transaction, swap: Record) -> None:
    """Plan each shift for the other; the old ones stay as cancelled, so that no week makes them again."""
    pairs = [(swap["planned_id"], swap["from_operator_id"], swap["to_operator_id"])]
    if swap["in_return_id"] is not None:
        pairs.append((swap["in_return_id"], swap["to_operator_id"], swap["from_operator_id"]))
    rows = await store.locked(tx.conn, [planned_id for planned_id, _, _ in pairs])
    await tx.conn.fetch(store.PEOPLE, [swap["from_operator_id"], swap["to_operator_id"]])
    for planned_id, holder, _ in pairs:
        shift = store.shift_of(rows.get(planned_id))
        if shift is None or shift.operator_id != holder or not shift.is_open(ctx.now()):
            raise SwapOverError
    given = [(rows[planned_id], to) for planned_id, _, to in pairs]
    await tx.conn.execute(store.CANCEL, [row["id"] for row, _ in given])
    if found := [fault async for fault in _absent(tx, given)]:
        raise SwapRefusedError(found)
    planned = [each async for each in _planned(tx, given)]
    if len(await add(tx.conn, swap["desk"], planned, weekly=False)) != len(planned):
        raise SwapRefusedError([SwapFault("planned_id", "overlaps")])


async def _absent(tx: Transaction, given: Sequence[tuple[Record, UUID]]) -> AsyncIterator[SwapFault]:
    for row, to in given:
        if await tx.conn.fetchval(store.ABSENT, to, row["starts_at"], row["ends_at"]):
            yield SwapFault("planned_id", "absent")


async def _planned(tx: Transaction, given: Sequence[tuple[Record, UUID]]) -> AsyncIterator[Planned]:
    for row, to in given:
        subject = await tx.conn.fetchval(store.SUBJECT, to)
        yield Planned(subject, row["shift"], row["starts_at"], row["ends_at"], row["late_after"])


def _owns(caller: Principal, subject: str, desk: str) -> bool:
    return caller.sub == subject or (caller.sees_whole_desks and caller.may_see(desk))
