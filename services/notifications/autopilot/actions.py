"""Use cases of the autopilot: halt channels that died, and let their messages go on by the next rung."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.connect.command.store import Halted
from libs.common.platform.db import Database, Transaction
from services.notifications.autopilot import store
from services.notifications.autopilot.rules import why_dead
from services.notifications.delivery.store import COMMANDS
from services.notifications.ladders.convert import rungs_of
from services.notifications.ladders.rules import Rung, Stop, next_rung
from services.notifications.ladders.store import prospects
from services.notifications.messages.rules import Fact, MessageState
from services.notifications.messages.store import apply_facts

FIRST = UUID(int=0)


async def halt_dead(db: Database, now: datetime) -> Sequence[Halted]:
    """Halt the channels that deliver nothing any more, and return them."""
    async with db.begin() as tx:
        found = await store.healths(tx.conn)
        reasons = {channel_id: str(why) for channel_id, health in found if (why := why_dead(health)) is not None}
        halted = await COMMANDS.halt(tx, reasons, now)
        await tx.commit()
    return halted


async def go_past_halted(db: Database, now: datetime) -> int:
    """Let what waits for halted channels go on by the next rung that can be tried, once; return how many did.

    A message without such a rung waits for the person who resumes the channel, until its deadline.
    """
    gone, after = 0, FIRST
    while True:
        async with db.begin() as tx:
            rows = await store.waiting(tx, after)
            going = await _going(tx, rows, now)
            await store.go_past(tx, [row["id"] for row in going])
            halted = Fact(MessageState.FAILED, str(Stop.CHANNEL_HALTED))
            await apply_facts(tx, [(row["message_id"], row["rung"], halted) for row in going], now)
            await tx.commit()
        gone += len(going)
        if len(rows) < store.PAGE:
            return gone
        after = rows[-1]["id"]


async def _going(tx: Transaction, rows: Sequence[asyncpg.Record], now: datetime) -> list[asyncpg.Record]:
    """Return those that have a rung ahead that can be tried."""
    rungs = {row["id"]: rungs_of(row["ahead"]) for row in rows}
    ahead: dict[str, list[Rung]] = {}
    for row in rows:
        ahead.setdefault(row["desk"], []).extend(rungs[row["id"]])
    left_out = await prospects(tx, ahead, now)

    def goes_on(row: asyncpg.Record) -> bool:
        rung, _, _ = next_rung(rungs[row["id"]], lambda one: left_out(row["desk"], one))
        return rung is not None

    return [row for row in rows if goes_on(row)]
