"""The loops of calls: commands are called outside any transaction, and settled; what waits too long ends."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg
from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from libs.common.connect.command import store as commands
from libs.common.connect.command.rules import Answer, Class, Refused, Verdict, answer_to
from libs.common.connect.command.sender import Sender
from libs.common.connect.command.store import Limits, Policy
from libs.common.connect.exchange import HttpRequest, Lost
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Lookout, Loop
from libs.common.platform.worker.lookout import UNWATCHED
from services.intake.calls.rules import CallKind
from services.intake.calls.store import COMMANDS
from services.intake.context import Context
from services.intake.formats.exchange import Dial, ExchangeFormat, Transfer
from services.intake.formats.registry import FORMATS

EXPIRY = 1.0  # seconds
#: What each loop has to do (`Lookout`).
WORK: Mapping[str, str] = {"sender": COMMANDS.is_due, "expiry": COMMANDS.expires}
NEVER = timedelta(0)  # how long a command may be repeated: that would be a second call
TOO_LATE = "too_late"

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Details:
    """What a claim of a call knows besides."""

    row: asyncpg.Record


Claim = commands.Claim[Details]
Result = commands.Result[Details]


class Calls:
    """The commands of intake. None of them is ever repeated: no exchange recognises a repeat."""

    def __init__(self, ctx: Context) -> None:
        settings = ctx.settings
        self._ctx = ctx
        self.timeout, self.lease, self.slots = settings.call_timeout, settings.call_lease, settings.call_concurrency
        self.due: asyncio.Event = ctx.due
        self._limits = Limits(settings.call_concurrency, settings.lease)
        self.policies: Mapping[str, Policy] = {
            code: Policy(code, NEVER, settings.call_unknown_after or known.unknown_after)
            for code, known in FORMATS.items()
            if issubclass(known, ExchangeFormat)
        }
        registry = ctx.core.metrics
        self.tries = Counter(
            "call_tries", "Commands to exchanges by verdict", ["format", "verdict"], registry=registry
        )

    async def claim(self, busy: Mapping[UUID, int]) -> Sequence[Claim]:
        """Claim due calls and commit."""
        core = self._ctx.core
        async with core.db.begin() as tx:
            policies = list(self.policies.values())
            token, rows = await COMMANDS.claim(tx, busy, self._limits, policies, core.clock.now())
            await tx.commit()
        return [
            Claim(
                command_id=row["id"], token=token, queue_id=row["queue_id"], account=row["account"],
                policy=self.policies[row["kind"]], number=row["number"], doubtful=row["doubtful"],
                details=Details(row),
            )
            for row in rows
        ]  # fmt: skip

    async def call(self, claimed: Claim) -> Answer:
        """Call the exchange once; errors are answers too."""
        row = claimed.details.row
        known = await self._ctx.sources.get(row["source_key"])
        if known is None or not known.source.active or not isinstance(known.source.format, ExchangeFormat):
            return Refused(Class.CONFIGURATION, "source_unusable")
        found = known.source.format
        attributes = {"call.id": str(claimed.command_id), "call.kind": row["what"]}
        with self._ctx.core.tracing.span(row["traceparent"], "call", attributes, SpanKind.CLIENT) as span:
            request = _request(found, claimed, api_of(found, self._ctx.settings.standins))
            answered = await self._ctx.transport.call(request.traced(span.traceparent))
        return (
            answer_to(answered) if isinstance(answered, Lost) else found.answer(answered, str(claimed.command_id))
        )

    async def record(self, results: Sequence[Result]) -> None:
        """Write results, and commit."""
        core = self._ctx.core
        now = core.clock.now()
        async with core.db.begin() as tx:
            held = await COMMANDS.record(tx, results, now)
            halts = {r.claim.queue_id: r.outcome.code for r in held if r.outcome.verdict is Verdict.HALT}
            halted = await COMMANDS.halt(tx, halts, now)
            await COMMANDS.slow_down(tx, held)
            await tx.commit()
        for each in halted:
            log.error("exchange halted", desk=each.desk, source=each.code, reason=each.reason)

    async def expire(self) -> int:
        """End calls of which nothing is known any more, and those that came too late; return how many."""
        core = self._ctx.core
        async with core.db.begin() as tx:
            found = await COMMANDS.expire(tx, list(self.policies.values()), TOO_LATE, core.clock.now())
            await tx.commit()
        return len(found.unknown) + len(found.late)


def api_of(found: ExchangeFormat, standins: str | None) -> str:
    """Return the root of an exchange's API; a stand-in has its provider's paths, under the format's code."""
    return found.home if standins is None else f"{standins}{found.code}{urlsplit(found.home).path}"


def _request(found: ExchangeFormat, claimed: Claim, api: str) -> HttpRequest:
    row, command_id = claimed.details.row, str(claimed.command_id)
    if CallKind(row["what"]) is CallKind.DIAL:
        return found.dial(Dial(command_id, row["extension"], row["to_number"], row["label"]), api)
    return found.transfer(Transfer(command_id, row["from_leg"], row["extension"], row["to_number"]), api)


def calling_loops(ctx: Context, lookout: Lookout) -> tuple[Loop, Loop]:
    """Return what the lookout wakes: the sender of calls and their expiry."""
    calls = Calls(ctx)
    lookout.bells["sender"] = ctx.due
    ends = lookout.watch("expiry")

    async def expiry(stop: asyncio.Event) -> None:
        """Expire calls, at most once a second."""
        while not stop.is_set():
            ends.begin()
            await calls.expire()
            await wait_for_stop(stop, EXPIRY)
            await ends.wait(stop)

    return Sender(calls, calls.tries, UNWATCHED), expiry
