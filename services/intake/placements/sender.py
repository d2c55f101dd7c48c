"""What commands to schools have in common: how they are claimed, called, recorded and given up."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, ClassVar, TypeAlias
from uuid import UUID

import asyncpg
from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from libs.common.connect.command import store as commands
from libs.common.connect.command.rules import Answer, Class, Refused, Verdict, answer_to
from libs.common.connect.command.store import CommandStore, Limits, Policy
from libs.common.connect.exchange import HttpRequest, Lost
from libs.common.platform.db import Transaction
from libs.common.platform.telemetry.logs import get_logger
from services.intake.context import Context
from services.intake.formats.getcourse import GetCourse
from services.intake.formats.getcourse_api import Placed, api_of, placed
from services.intake.schools.store import place_of

# The school knows an order by its number, so a repeat is the same order: it may be asked again and again. A doubt
# that is older is a person's; the check of the school's orders may end it.
REPEATS, UNKNOWN_AFTER = timedelta(minutes=10), timedelta(minutes=15)
TOO_LATE = "too_late"

Row: TypeAlias = Mapping[str, Any]

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Details:
    """What a claim knows besides."""

    row: asyncpg.Record


Claim = commands.Claim[Details]
Result = commands.Result[Details]


class SchoolCommands(ABC):
    """Commands of one kind to the import API of schools; `name` is that of their table and of their metric."""

    what: ClassVar[str]  # of a span

    def __init__(self, ctx: Context, store: CommandStore, name: str, metric: str) -> None:
        settings = ctx.settings
        self.ctx, self.store, self.due = ctx, store, asyncio.Event()
        self.timeout, self.lease, self.slots = settings.call_timeout, settings.call_lease, settings.call_concurrency
        self._name = name
        self._limits = Limits(settings.call_concurrency, settings.lease)
        unknown_after = settings.call_unknown_after or UNKNOWN_AFTER
        self.policies = [Policy(GetCourse.code, min(REPEATS, unknown_after), unknown_after)]
        self._answers: dict[UUID, Placed] = {}  # until they are recorded
        self.tries = Counter(f"{name}_tries", metric, ["format", "verdict"], registry=ctx.core.metrics)

    @abstractmethod
    def request(self, row: Row, key: str, api: str) -> HttpRequest | Answer | str:
        """Return the request that a command is by now, an answer that needs none, or the code of a refusal."""

    @abstractmethod
    async def follow(self, tx: Transaction, result: Result, known: Placed | None) -> None:
        """Write what follows from a result; `known` is what the school has said of the order."""

    @abstractmethod
    async def lose(self, tx: Transaction, unknown: Sequence[UUID]) -> None:
        """Write what follows from commands of which nothing is known any more."""

    async def claim(self, busy: Mapping[UUID, int]) -> Sequence[Claim]:
        """Claim due commands and commit."""
        core = self.ctx.core
        async with core.db.begin() as tx:
            token, rows = await self.store.claim(tx, busy, self._limits, self.policies, core.clock.now())
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
        row, ctx = claimed.details.row, self.ctx
        key = ctx.core.keys.open(row["api_key"], place_of(claimed.queue_id))
        said = {**row, "external_id": row["order_key"], "name": row["person"]}
        request = self.request(said, key, api_of(row["account_name"], ctx.settings.standins))
        if isinstance(request, str):
            return Refused(Class.MESSAGE, request)
        if not isinstance(request, HttpRequest):
            return request
        attributes = {f"{self._name}.id": str(claimed.command_id)}
        with ctx.core.tracing.span(row["traceparent"], self.what, attributes, SpanKind.CLIENT) as span:
            answered = await ctx.transport.call(request.traced(span.traceparent))
        if isinstance(answered, Lost):
            return answer_to(answered)
        answer, known = placed(answered)
        if known is not None:
            self._answers[claimed.command_id] = known
        return answer

    async def record(self, results: Sequence[Result]) -> None:
        """Write results with what follows from them, and commit."""
        core = self.ctx.core
        now = core.clock.now()
        async with core.db.begin() as tx:
            held = await self.store.record(tx, results, now)
            halts = {r.claim.queue_id: r.outcome.code for r in held if r.outcome.verdict is Verdict.HALT}
            halted = await self.store.halt(tx, halts, now)
            await self.store.slow_down(tx, held)
            for result in sorted(held, key=lambda each: each.claim.details.row["order_id"]):
                await self.follow(tx, result, self._answers.get(result.claim.command_id))
            await tx.commit()
        for result in results:
            self._answers.pop(result.claim.command_id, None)
        for each in halted:
            log.error("school halted", desk=each.desk, source=each.code, reason=each.reason)

    async def expire(self) -> int:
        """End commands of which nothing is known any more; return how many."""
        core = self.ctx.core
        async with core.db.begin() as tx:
            found = await self.store.expire(tx, self.policies, TOO_LATE, core.clock.now())
            await self.lose(tx, found.unknown)
            await tx.commit()
        return len(found.unknown)
