"""The loops of pushes: each is called outside any transaction, and settled; what waits too long ends."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import orjson
from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from libs.common.connect.command import store as commands
from libs.common.connect.command.rules import Answer, Class, Refused, Verdict, answer_to
from libs.common.connect.command.sender import Sender
from libs.common.connect.command.store import Limits, Policy
from libs.common.connect.exchange import FORBIDDEN, MALFORMED, HttpRequest, Lost
from libs.common.connect.webpush import SALT, Browser, VapidKey, encrypted, fresh_key
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.worker import Lookout, Loop, repeated
from libs.common.platform.worker.lookout import UNWATCHED
from services.notifications.context import Context
from services.notifications.pushes.convert import lost, read
from services.notifications.pushes.rules import KIND, may_go, origin_of
from services.notifications.pushes.store import COMMANDS, forget_gone, keys_of, sweep

AT_ONCE = 4  # calls for one browser
TOO_LATE = "too_late"

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Details:
    """What a claim of a push knows besides."""

    row: asyncpg.Record


Claim = commands.Claim[Details]
Result = commands.Result[Details]


class Pushes:
    """The commands of web push. One without an answer is repeated once: its topic makes the repeat replace it."""

    def __init__(self, ctx: Context) -> None:
        settings = ctx.settings
        self._ctx = ctx
        self.timeout, self.lease, self.slots = settings.send_timeout, settings.send_lease, AT_ONCE
        self.due: asyncio.Event = ctx.pushes
        self._limits = Limits(AT_ONCE, settings.lease)
        self._policy = Policy(KIND, settings.repeat, settings.repeat + timedelta(seconds=settings.send_lease))
        registry = ctx.core.metrics
        self.tries = Counter(
            "push_tries", "Calls to push services by verdict", ["kind", "verdict"], registry=registry
        )

    async def claim(self, busy: Mapping[UUID, int]) -> Sequence[Claim]:
        """Claim due pushes and commit."""
        core = self._ctx.core
        async with core.db.begin() as tx:
            token, rows = await COMMANDS.claim(tx, busy, self._limits, [self._policy], core.clock.now())
            await tx.commit()
        return [
            Claim(
                command_id=row["id"], token=token, queue_id=row["queue_id"], account=row["account"],
                policy=self._policy, number=row["number"], doubtful=row["doubtful"], details=Details(row),
            )
            for row in rows
        ]  # fmt: skip

    async def call(self, claimed: Claim) -> Answer:
        """Call the push service once; errors are answers too."""
        settings, row = self._ctx.settings, claimed.details.row
        if settings.vapid is None or settings.vapid_subject is None:
            return Refused(Class.MESSAGE, "push_not_set_up")
        if not may_go(row["endpoint"], settings.push_services, settings.standins):
            return Refused(Class.MESSAGE, FORBIDDEN)  # a service that was known when the browser subscribed
        attributes = {"push.id": str(claimed.command_id), "server.address": row["endpoint"].split("/")[2]}
        with self._ctx.core.tracing.span(row["traceparent"], "push", attributes, SpanKind.CLIENT):
            browser = Browser.parse(*keys_of(row, row["queue_id"], self._ctx.core.keys))
            request = _request(row, browser, settings.vapid, settings.vapid_subject, self._ctx.core.clock.now())
            answered = await self._ctx.transport.call(request)
        if not isinstance(answered, Lost):
            return read(answered, row["tries"])
        if answered.code in (FORBIDDEN, MALFORMED):
            return answer_to(answered)
        return lost(answered, doubtful=claimed.doubtful)

    async def record(self, results: Sequence[Result]) -> None:
        """Write results, end the subscriptions that are no more, and commit."""
        core = self._ctx.core
        now = core.clock.now()
        async with core.db.begin() as tx:
            held = await COMMANDS.record(tx, results, now)
            halts = {r.claim.queue_id: r.outcome.code for r in held if r.outcome.verdict is Verdict.HALT}
            halted = await COMMANDS.halt(tx, halts, now)
            await COMMANDS.slow_down(tx, held)
            await forget_gone(tx, [r.claim.queue_id for r in held if r.outcome.error is Class.RECIPIENT])
            await tx.commit()
        for each in halted:
            log.error("push subscription halted", desk=each.desk, service=each.code, reason=each.reason)

    async def expire(self) -> bool:
        """End pushes that nothing came of, those that came too late, and delete old ones.

        Returns whether there may be more old ones: the lookout does not ask for them.
        """
        core = self._ctx.core
        async with core.db.begin() as tx:
            await COMMANDS.expire(tx, [self._policy], TOO_LATE, core.clock.now())
            more = await sweep(tx)
            await tx.commit()
        return more


def _request(row: asyncpg.Record, browser: Browser, key: VapidKey, subject: str, now: datetime) -> HttpRequest:
    """Return the push (RFC 8030): encrypted anew for each call. Tokens are of real time, lives of business time."""
    endpoint = row["endpoint"]
    headers = {
        "authorization": key.authorization(origin_of(endpoint), subject, datetime.now(UTC).timestamp()),
        "content-encoding": "aes128gcm",
        "content-type": "application/octet-stream",
        "ttl": str(max(1, int((row["expires_at"] - now).total_seconds()))),
        "urgency": "high",
        "topic": row["topic"],
    }
    body = encrypted(orjson.dumps(row["payload"]), browser, fresh_key(), os.urandom(SALT))
    return HttpRequest("POST", endpoint, headers, body)


def push_loops(ctx: Context, lookout: Lookout) -> tuple[Loop, ...]:
    """Return what the lookout wakes by `pushes` and `late_pushes`: the sender and the expiry."""
    pushes = Pushes(ctx)
    lookout.bells["pushes"] = ctx.pushes
    sender = Sender(pushes, pushes.tries, UNWATCHED, "pushes")
    return sender, repeated("late_pushes", pushes.expire, lookout.watch("late_pushes"))
