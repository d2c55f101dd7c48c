"""SQL that writes attempts: they are the commands (libs.common.connect.command) that messages give rise to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never
from uuid import UUID

import asyncpg

from libs.common.connect.command import store as commands
from libs.common.connect.command.rules import LONG_PAUSE, Class, Outcome, Verdict
from libs.common.connect.command.store import CommandStore, Halted, Limits, Policy, Tables
from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7
from libs.common.platform.telemetry.logs import get_logger
from services.notifications.addresses.store import Heard, Place, remember
from services.notifications.asking.store import ask_later
from services.notifications.autopilot.rules import End, end_of_call
from services.notifications.autopilot.store import count
from services.notifications.channels.store import follow_group
from services.notifications.ladders.rules import Stop
from services.notifications.messages.rules import Fact, MessageState
from services.notifications.messages.store import apply_facts
from services.notifications.providers.registry import PROVIDERS
from services.notifications.withdrawals.actions import stop_withdrawn

log = get_logger(__name__)

COMMANDS = CommandStore(
    Tables(
        command="attempt",
        queue="channel",
        queue_id="channel_id",
        kind="provider",
        external_id="provider_message_id",
        details="""
, a.message_id, a.rung, a.address, a.reference, a.offered_at, m.text, m.parts, m.traceparent,
m.ahead <> '[]' AND m.withdrawn_at IS NULL AS has_next,
a.tries = 1 AND NOT EXISTS (SELECT FROM attempt b WHERE b.message_id = a.message_id AND b.rung = a.rung
                                                  AND b.number < a.number) AS is_first,
m.withdrawn_at IS NOT NULL AS withdrawn, m.night,
m.marketing, coalesce(k.closed, '{}') AS closed, coalesce(k.listed, false) AS listed,
c.version, c.desk, c.kind AS channel, c.provider, c.config, c.secrets, c.api_key, c.provider_channel_id,
c.hook_key,
(SELECT state FROM registration r WHERE r.channel_id = c.id AND NOT r.usable
     AND r.name = m.parts->>'name' AND r.language = m.parts->>'language') AS unusable,
(SELECT heard_at FROM conversation WHERE channel_id = c.id AND address = ltrim(a.address, '+')) AS heard_at
""",
        sources=", message m LEFT JOIN consent k ON k.customer_id = m.customer_id",
        joined=" AND m.id = a.message_id",
        pair="address",
        turn="message_id",
    )
)
REFUSED = (
    "SELECT a.id, a.address, c.provider FROM attempt a JOIN channel c ON c.id = a.channel_id WHERE a.id = ANY($1)"
)
NEXT_ATTEMPT = """
INSERT INTO attempt
    (id, desk, message_id, number, rung, channel_id, address, reference, state, due_at, not_before, expires_at,
     tries, paced)
SELECT t.new_id, a.desk, a.message_id, a.number + 1, a.rung, a.channel_id, a.address, t.reference,
       CASE WHEN t.not_before IS NULL THEN 'pending' ELSE 'held' END,
       clock_timestamp() + t.delay * interval '1 second', t.not_before, a.expires_at, 0, a.paced
FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::float8[], $5::timestamptz[])
     AS t (new_id, id, reference, delay, not_before)
     JOIN attempt a USING (id)
"""
RECHECK_CALLBACKS = """
UPDATE callback SET look_at = clock_timestamp()
WHERE id IN (SELECT id FROM callback WHERE state = 'new' AND provider_message_id = ANY($1::text[])
             FOR UPDATE SKIP LOCKED)
"""
# What is tried again for its recipient's sake has an end from its first pause on.
PAUSED = """
UPDATE attempt a SET expires_at = t.until FROM unnest($1::uuid[], $2::timestamptz[]) AS t (id, until)
WHERE a.id = t.id AND a.expires_at IS NULL AND a.state IN ('pending', 'held')
"""
MESSAGES_OF = "SELECT id, message_id, rung FROM attempt WHERE id = ANY($1)"


@dataclass(frozen=True, slots=True)
class Details:
    """What a claim of an attempt knows besides: its message, and the row that a channel's adapter is made of."""

    message_id: UUID
    row: asyncpg.Record


Claim = commands.Claim[Details]
Result = commands.Result[Details]


async def claim(
    db: Database, busy: Mapping[UUID, int], limits: Limits, policies: Mapping[str, Policy], now: datetime
) -> Sequence[Claim]:
    """Claim attempts that are due, mark them as being sent and commit; `now` is business time (deadlines)."""
    async with db.begin() as tx:
        token, rows = await COMMANDS.claim(tx, busy, limits, list(policies.values()), now)
        await tx.commit()
    return [
        Claim(
            command_id=row["id"],
            token=token,
            queue_id=row["queue_id"],
            account=row["account"],
            policy=policies[row["kind"]],
            number=row["number"],
            doubtful=row["doubtful"],
            details=Details(row["message_id"], row),
        )
        for row in rows
    ]


async def record(db: Database, results: Sequence[Result], now: datetime) -> Sequence[Halted]:
    """Write results whose lease still holds, and late ones with a provider message id. Returns halted channels."""
    async with db.begin() as tx:
        settled = [replace(r, outcome=await _followed(tx, r) or _gone_on(r)) for r in results]
        held = await COMMANDS.record(tx, settled, now)
        await remember(tx, [heard for r in held if (heard := _heard(r, now)) is not None], now)
        await _follow_up(tx, held, now)
        refusals = [r for r in held if _halts(r.outcome)]
        halted = await COMMANDS.halt(tx, {r.claim.queue_id: r.outcome.code for r in refusals}, now)
        facts = [(*_place(r), fact) for r in held if (fact := _fact(r.outcome)) is not None]
        await apply_facts(tx, facts, now)
        await COMMANDS.slow_down(tx, held)
        await count(tx, [(r.claim.queue_id, _end(r)) for r in held])
        await tx.commit()
    return halted


async def expire(db: Database, policies: Mapping[str, Policy], now: datetime) -> int:
    """Expire attempts: unanswered → unknown, past deadline or withdrawn → failed. Returns how many."""
    async with db.begin() as tx:
        found = await COMMANDS.expire(tx, list(policies.values()), str(Stop.DEADLINE_PASSED), now)
        rows = await tx.conn.fetch(MESSAGES_OF, [*found.unknown, *found.late])
        places = {row["id"]: (row["message_id"], row["rung"]) for row in rows}
        # Nothing follows a doubt: another message could be the second that the customer gets.
        unknown = Fact(
            MessageState.UNKNOWN, str(Stop.DOUBTFUL), "the provider never said what became of the message"
        )
        expired = Fact(
            MessageState.FAILED, str(Stop.DEADLINE_PASSED), "the deadline came before a channel was free"
        )
        facts = [(*places[attempt_id], unknown) for attempt_id in found.unknown]
        facts += [(*places[attempt_id], expired) for attempt_id in found.late]
        await apply_facts(tx, facts, now)
        stopped = await stop_withdrawn(tx, now)
        await tx.commit()
    return len(facts) + stopped


def _halts(outcome: Outcome) -> bool:
    return outcome.verdict is Verdict.HALT or outcome.error is Class.CONFIGURATION


def _end(result: Result) -> End | None:
    return end_of_call(result.outcome, is_first=result.claim.details.row["is_first"])


def _place(result: Result) -> tuple[UUID, int]:
    return result.claim.details.message_id, result.claim.details.row["rung"]


async def _followed(tx: Transaction, result: Result) -> Outcome | None:
    """Return the outcome of a call to a team's group that has moved, once its channel has followed; else None."""
    row, outcome = result.claim.details.row, result.outcome
    moved_to = PROVIDERS[row["provider"]].moved_to(outcome.code)
    if moved_to is None or not await follow_group(tx, result.claim.queue_id, row["provider_channel_id"], moved_to):
        return None
    log.info("channel follows its group", desk=row["desk"], channel_id=str(result.claim.queue_id))
    return Outcome(Verdict.LATER, outcome.code)


def _gone_on(result: Result) -> Outcome:
    """Return the outcome of a call that certainly sent nothing as a refusal, if it would wait and need not.

    Another rung is sooner than a person who looks at the channel, or than an hour's pause.
    """
    outcome, claim = result.outcome, result.claim
    if outcome.code == Stop.QUIET_HOURS:
        return outcome  # the night is the same for every rung
    long = outcome.verdict is Verdict.HALT or (outcome.verdict is Verdict.PAUSE and outcome.delay >= LONG_PAUSE)
    if long and claim.details.row["has_next"] and not claim.doubtful:
        return replace(outcome, verdict=Verdict.REFUSED)
    return outcome


def _heard(result: Result, now: datetime) -> Heard | None:
    """Return what a refusal says of the address."""
    row, code = result.claim.details.row, result.outcome.code
    known = PROVIDERS[row["provider"]].error(code) if result.outcome.error is not None else None
    if known is None or known.remember is None:
        return None
    place = Place(row["desk"], row["channel"], row["address"], result.claim.queue_id)
    return Heard(place, known.remember, code, now)


def _fact(outcome: Outcome) -> Fact | None:
    match outcome.verdict:
        case Verdict.ACCEPTED | Verdict.TAKEN:
            return Fact(MessageState.ACCEPTED)
        case Verdict.REFUSED:
            # The provider's description stays in the attempt's row: it may hold personal data.
            return Fact(MessageState.FAILED, outcome.code)
        case Verdict.RETRY | Verdict.LATER | Verdict.PAUSE | Verdict.DOUBT | Verdict.WAIT | Verdict.HALT:
            return None
        case verdict:
            assert_never(verdict)


async def _follow_up(tx: Transaction, held: Sequence[Result], now: datetime) -> None:
    again = [r for r in held if r.outcome.verdict is Verdict.RETRY]
    await replace_refused(tx, {r.claim.command_id: r.outcome.delay for r in again}, now)
    accepted = [r.claim for r in held if r.outcome.verdict is Verdict.ACCEPTED]
    await ask_later(tx, [c.command_id for c in accepted if PROVIDERS[c.policy.kind].limits.asked_together])
    await _end_pauses(tx, held, now)
    named = [r.outcome.external_id for r in held if r.outcome.external_id]
    await tx.conn.execute(RECHECK_CALLBACKS, named)


async def _end_pauses(tx: Transaction, held: Sequence[Result], now: datetime) -> None:
    ends = {
        r.claim.command_id: now + most
        for r in held
        if r.outcome.verdict is Verdict.PAUSE and r.outcome.code != Stop.QUIET_HOURS
        and (most := PROVIDERS[r.claim.policy.kind].limits.paused_for) is not None
    }  # fmt: skip
    if ends:
        await tx.conn.execute(PAUSED, list(ends), list(ends.values()))


async def replace_refused(tx: Transaction, delays: Mapping[UUID, float], now: datetime) -> None:
    """Replace each refused attempt by a new one with a new key, due after its delay in seconds.

    Long delays are business time.
    """
    if not delays:
        return
    rows = await tx.conn.fetch(REFUSED, list(delays))
    fresh = [uuid7() for _ in rows]
    references = [
        PROVIDERS[row["provider"]].reference(str(new_id), row["address"])
        for row, new_id in zip(rows, fresh, strict=True)
    ]
    ids = [row["id"] for row in rows]
    waits = [delays[attempt_id] for attempt_id in ids]
    held = [now + timedelta(seconds=wait) if wait >= LONG_PAUSE else None for wait in waits]
    await tx.conn.execute(NEXT_ATTEMPT, fresh, ids, references, waits, held)
