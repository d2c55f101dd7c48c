"""Subscriptions to schools' newer webhooks: each is asked once to report orders to its source's address (S4.1).

It is asked again when the address is another: the account, its key, the source's secret or our own host.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from urllib.parse import urlencode
from uuid import UUID

import asyncpg

from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.connect.poll.loop import Page, PollLoop
from libs.common.connect.poll.store import Cursor, Leased
from libs.common.platform.db import Transaction
from libs.common.platform.worker import Watch
from services.intake.context import Context
from services.intake.formats.config import SecretKind
from services.intake.formats.getcourse_api import api_of, subscribe, subscribed
from services.intake.schools import store
from services.intake.sources.queries import webhook_of
from services.intake.sources.rules import Source

AGAIN = timedelta(minutes=1)  # after a refusal, then more and more seldom
SETTLED = timedelta(hours=1)  # between looks at whether the address is still the same
LEASE = timedelta(seconds=60)  # longer than the requests may take


@dataclass(frozen=True, slots=True)
class Subscription:
    """One round of asking a school; `uri`: the address that it is to report to, `stamp`: by what it is known."""

    key: str
    api: str
    uri: str
    now: datetime
    known: object

    @property
    def stamp(self) -> str:
        return sha256("\n".join((self.key, self.api, self.uri)).encode()).hexdigest()

    @property
    def every(self) -> timedelta:
        return SETTLED if self.known == self.stamp else AGAIN

    def requests(self, cursor: Cursor) -> Sequence[HttpRequest]:
        del cursor
        return [] if self.known == self.stamp else subscribe(self.key, self.api, self.uri)

    def read(self, replies: Sequence[Reply], cursor: Cursor) -> Page[None]:
        now = self.now.isoformat()
        if code := next(filter(None, map(subscribed, replies)), ""):
            return Page((), {"failing_since": now, **cursor}, code)
        return Page((), {"stamp": self.stamp, "registered_at": now})


class Subscriptions:
    """What is asked of schools; nothing is learnt from it."""

    kinds = (store.WEBHOOKS,)

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def open(self, leased: Leased) -> Subscription | None:
        ctx = self._ctx
        row = await ctx.core.db.pool.fetchrow(store.SCHOOL, UUID(leased.name.partition(":")[0]))
        await ctx.sources.refresh()  # a secret of this moment is why it is due; an older one would do for an hour
        known = None if row is None else await ctx.sources.get(row["source_key"])
        if row is None or known is None or not (row["active"] and row["webhook_key"] and known.source.active):
            return None
        if unfit(ctx, known.source) is not None:
            return None
        return Subscription(
            key=ctx.core.keys.open(row["webhook_key"], store.place_of(row["id"], "webhook_key")),
            api=api_of(row["name"], ctx.settings.standins),
            uri=f"{ctx.settings.outside}{_address(known.source)}",
            now=ctx.core.clock.now(),
            # What failed since, if only for another address, is over when the school has said yes again.
            known=None if leased.failures else leased.cursor.get("stamp"),
        )

    async def apply(self, tx: Transaction, leased: Leased, facts: Sequence[None]) -> None:
        """Nothing follows: the cursor says that it was done."""


def unfit(ctx: Context, source: Source) -> str | None:
    """Return why no school could report orders to a source."""
    if ctx.settings.outside is None:
        return "no_public_url"
    secret = source.format.config.secret
    return None if secret is SecretKind.NONE or (secret is SecretKind.TOKEN and source.secrets) else "needs_token"


async def state_of(ctx: Context, row: asyncpg.Record) -> dict[str, object] | None:
    """Return how far the subscription of a school's row is; None: no key says that there is to be one."""
    if row["webhook_key"] is None:
        return None
    known = await ctx.sources.get(row["source_key"])
    said, code = row["webhooks"] or {}, row["webhooks_code"]
    return {"registered_at": said.get("registered_at"), "code": (known and unfit(ctx, known.source)) or code}


def subscriptions(ctx: Context, watch: Watch) -> PollLoop[None]:
    """Return the loop of subscriptions."""
    return PollLoop(ctx.core.db, ctx.core.clock, ctx.transport, Subscriptions(ctx), LEASE, watch)


def _address(source: Source) -> str:
    """Return the path of a source's webhook, with the token that proves who calls: the school signs nothing."""
    path = webhook_of(source.key)
    return f"{path}?{urlencode({'token': source.secrets[0].value})}" if source.secrets else path
