"""The poll of official rates: the Bank of Russia is asked a few times a day, by business time."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import chain
from zoneinfo import ZoneInfo

from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.connect.poll.loop import Page, PollLoop
from libs.common.connect.poll.store import Cursor, Leased, is_due, put
from libs.common.contracts import Cause
from libs.common.platform.db import Transaction
from libs.common.platform.worker import Lookout, Loop
from services.intake.context import Context
from services.intake.rates.rules import OFFICIAL, Rate, read_daily
from services.intake.rates.store import write_rates

KIND = "cbr"
LOOK = timedelta(minutes=1)  # how often it is looked whether the bank is to be asked
EVERY = timedelta(hours=3)  # of business time: tomorrow's rates are set in the afternoon
#: What the loop has to do (`Lookout`).
WORK: Mapping[str, str] = {"rates": is_due([KIND])}
LEASE = timedelta(seconds=60)
UNREADABLE = "unreadable"
MOSCOW = ZoneInfo("Europe/Moscow")


@dataclass(frozen=True, slots=True)
class Round:
    """One look at the bank: the rates of today, and the last that were set, which may be tomorrow's."""

    url: str
    now: datetime
    every: timedelta = LOOK

    def requests(self, cursor: Cursor) -> Sequence[HttpRequest]:
        asked = cursor.get("asked_at")
        if isinstance(asked, str) and self.now - datetime.fromisoformat(asked) < EVERY:
            return ()
        today: date = self.now.astimezone(MOSCOW).date()
        return HttpRequest("GET", f"{self.url}?date_req={today:%d/%m/%Y}"), HttpRequest("GET", self.url)

    def read(self, replies: Sequence[Reply], cursor: Cursor) -> Page[Rate]:
        del cursor
        found = [read_daily(reply.body) for reply in replies if reply.status == 200 and not reply.too_long]
        dailies = {one.day: one for one in found if one is not None}
        if len(found) < len(replies) or None in found:
            return Page((), None, UNREADABLE)
        rates = tuple(chain.from_iterable(one.rates for one in dailies.values()))
        return Page(rates, {"asked_at": self.now.isoformat()})


class RatePolls:
    """What the poll asks and does with the answers."""

    kinds = (KIND,)

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def open(self, leased: Leased) -> Round | None:
        del leased
        url = self._ctx.settings.rates
        return Round(url, self._ctx.core.clock.now()) if url else None

    async def apply(self, tx: Transaction, leased: Leased, facts: Sequence[Rate]) -> None:
        del leased
        if facts:
            await write_rates(tx, facts, "system", self._ctx.core.clock.now(), Cause.fresh())


async def begin(ctx: Context) -> None:
    """Make the poll, once."""
    async with ctx.core.db.begin() as tx:
        await put(tx, KIND, OFFICIAL, KIND, {})
        await tx.commit()


def rate_loops(ctx: Context, lookout: Lookout) -> tuple[Loop, ...]:
    """Return the poll, which the lookout wakes; none where no bank is named."""
    if ctx.settings.rates is None:
        return ()
    core = ctx.core
    loop = PollLoop(core.db, core.clock, ctx.transport, RatePolls(ctx), LEASE, lookout.watch("rates"))

    async def polling(stop: asyncio.Event) -> None:
        await begin(ctx)
        await loop(stop)

    return (polling,)
