"""The loops of orders at schools: commands are called outside any transaction, and settled; polls beside them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import asyncpg
from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from libs.common.connect.command import store as commands
from libs.common.connect.command.rules import Answer, Class, Refused, Verdict, answer_to
from libs.common.connect.command.sender import Sender
from libs.common.connect.command.store import Limits, Policy
from libs.common.connect.exchange import Lost
from libs.common.connect.poll.store import IS_DUE
from libs.common.platform.db import Transaction
from libs.common.platform.telemetry.logs import get_logger
from libs.common.platform.waiting import wait_for_stop
from libs.common.platform.worker import Lookout, Loop
from libs.common.platform.worker.lookout import UNWATCHED
from services.intake.context import Context
from services.intake.formats.getcourse import GetCourse
from services.intake.formats.getcourse_api import Placed, api_of, place, placed
from services.intake.orders.schemas import PlacementState
from services.intake.placements.rules import placing_of
from services.intake.placements.store import COMMANDS, Shown, orders_of, show
from services.intake.schools.store import place_of
from services.intake.schools.worker import checks

EXPIRY = 1.0  # seconds
LOOK = 1.0  # seconds between two looks at what is due
# The school knows an order by its number, so a repeat is the same order: it may be asked again and again. A doubt
# that is older is a person's; the check of the school's orders may end it.
REPEATS, UNKNOWN_AFTER = timedelta(minutes=10), timedelta(minutes=15)
TOO_LATE = "too_late"

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Details:
    """What a claim knows besides."""

    row: asyncpg.Record


Claim = commands.Claim[Details]
Result = commands.Result[Details]


class Placements:
    """The commands: orders that are made, or completed, at a school."""

    def __init__(self, ctx: Context) -> None:
        settings = ctx.settings
        self._ctx = ctx
        self.timeout, self.lease, self.slots = settings.call_timeout, settings.call_lease, settings.call_concurrency
        self.due: asyncio.Event = ctx.placing
        self._limits = Limits(settings.call_concurrency, settings.lease)
        unknown_after = settings.call_unknown_after or UNKNOWN_AFTER
        self.policies = [Policy(GetCourse.code, min(REPEATS, unknown_after), unknown_after)]
        self._answers: dict[UUID, Placed] = {}  # until they are recorded
        self.tries = Counter(
            "placement_tries", "Orders made at schools by verdict", ["format", "verdict"],
            registry=ctx.core.metrics,
        )  # fmt: skip

    async def claim(self, busy: Mapping[UUID, int]) -> Sequence[Claim]:
        """Claim due commands and commit."""
        core = self._ctx.core
        async with core.db.begin() as tx:
            token, rows = await COMMANDS.claim(tx, busy, self._limits, self.policies, core.clock.now())
            await tx.commit()
        return [
            Claim(
                command_id=row["id"], token=token, queue_id=row["queue_id"], account=row["account"],
                policy=self.policies[0], number=row["number"], doubtful=row["doubtful"], details=Details(row),
            )
            for row in rows
        ]  # fmt: skip

    async def call(self, claimed: Claim) -> Answer:
        """Call the school once; errors are answers too."""
        row, ctx = claimed.details.row, self._ctx
        placing = placing_of({**row, "external_id": row["order_key"], "name": row["person"]})
        if isinstance(placing, str):
            return Refused(Class.MESSAGE, placing)
        key = ctx.core.keys.open(row["api_key"], place_of(claimed.queue_id))
        attributes = {"placement.id": str(claimed.command_id)}
        with ctx.core.tracing.span(row["traceparent"], "place order", attributes, SpanKind.CLIENT) as span:
            request = place(placing, key, api_of(row["account_name"], ctx.settings.standins))
            answered = await ctx.transport.call(request.traced(span.traceparent))
        if isinstance(answered, Lost):
            return answer_to(answered)
        answer, known = placed(answered)
        if known is not None:
            self._answers[claimed.command_id] = known
        return answer

    async def record(self, results: Sequence[Result]) -> None:
        """Write results, show them on their orders, and commit."""
        core = self._ctx.core
        now = core.clock.now()
        async with core.db.begin() as tx:
            held = await COMMANDS.record(tx, results, now)
            halts = {r.claim.queue_id: r.outcome.code for r in held if r.outcome.verdict is Verdict.HALT}
            halted = await COMMANDS.halt(tx, halts, now)
            await COMMANDS.slow_down(tx, held)
            for result in sorted(held, key=lambda each: each.claim.details.row["order_id"]):
                if (shown := self._shown(result)) is not None:
                    await show(tx, shown, result.claim.details.row["traceparent"], now)
            await tx.commit()
        for result in results:
            self._answers.pop(result.claim.command_id, None)
        for each in halted:
            log.error("school halted", desk=each.desk, source=each.code, reason=each.reason)

    def _shown(self, result: Result) -> Shown | None:
        order_id, command_id = result.claim.details.row["order_id"], result.claim.command_id
        match result.outcome.verdict:
            case Verdict.ACCEPTED:
                known = self._answers.get(command_id)
                number, link = (known.number, known.payment_link) if known else (None, None)
                return Shown(order_id, command_id, PlacementState.ACCEPTED, None, number, link)
            case Verdict.REFUSED | Verdict.RETRY:
                return Shown(order_id, command_id, PlacementState.REFUSED, result.outcome.code)
            case Verdict.HALT:
                return Shown(order_id, command_id, PlacementState.PENDING, result.outcome.code)
            case _:
                return None

    async def expire(self) -> int:
        """End commands of which nothing is known any more, and say so on their orders; return how many."""
        core = self._ctx.core
        async with core.db.begin() as tx:
            found = await COMMANDS.expire(tx, self.policies, TOO_LATE, core.clock.now())
            await self._show_unknown(tx, found.unknown)
            await tx.commit()
        return len(found.unknown)

    async def _show_unknown(self, tx: Transaction, unknown: Sequence[UUID]) -> None:
        for row in await orders_of(tx, unknown):
            shown = Shown(row["order_id"], row["id"], PlacementState.UNKNOWN, row["code"])
            await show(tx, shown, None, self._ctx.core.clock.now())


def placing_loops(ctx: Context) -> tuple[Loop, ...]:
    """Return a lookout, and what it wakes: the sender of orders, their expiry, the checks of schools."""
    placements, core = Placements(ctx), ctx.core
    questions = {"placing": COMMANDS.is_due, "unplaced": COMMANDS.expires, "checks": IS_DUE}
    lookout = Lookout(core.db, core.clock, questions, LOOK)
    lookout.bells["placing"] = ctx.placing
    ends = lookout.watch("unplaced")

    async def unplaced(stop: asyncio.Event) -> None:
        """Expire commands, at most once a second."""
        while not stop.is_set():
            ends.begin()
            await placements.expire()
            await wait_for_stop(stop, EXPIRY)
            await ends.wait(stop)

    sender = Sender(placements, placements.tries, UNWATCHED, "placing")
    return lookout, sender, unplaced, checks(ctx, lookout.watch("checks"))
