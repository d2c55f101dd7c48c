"""SQL that writes attempts: claim those that are due, record the answers, expire what had none.

Claims are leased on the database's clock, paced per API key, and fair between channels. The pace of a key is one
moment, `free_at` (generic cell rate algorithm). A quarter of a channel's `rate_5s` may go at once and takes 5/3 s
to earn again; the rest is spread, so that no five seconds hold more than the whole. Each record is fenced by the
token of its claim.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import assert_never
from uuid import UUID

from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.ids import uuid7
from services.notifications.delivery.rules import Outcome, Verdict
from services.notifications.delivery.wazzup import OutboundMessage
from services.notifications.messages.rules import Fact, State, Stop
from services.notifications.messages.store import apply_facts


@dataclass(frozen=True, slots=True)
class Claim:
    """An attempt that this process alone may send until its lease is over."""

    attempt_id: UUID
    token: UUID
    message_id: UUID
    channel_id: UUID
    account: str
    provider: str
    number: int
    doubtful: bool
    message: OutboundMessage
    traceparent: str | None


@dataclass(frozen=True, slots=True)
class Result:
    """A claim and its outcome; `unhealthy`: the provider leaves most recent calls of the account unanswered."""

    claim: Claim
    outcome: Outcome
    unhealthy: bool = False


def _state(result: Result) -> str:
    match result.outcome.verdict:
        case Verdict.ACCEPTED:
            return "accepted"
        case Verdict.TAKEN:
            return "waiting"
        case Verdict.REFUSED | Verdict.RETRY:
            return "refused"
        case Verdict.LATER | Verdict.DOUBT | Verdict.HALT:
            return "pending"
        case verdict:
            assert_never(verdict)


def _may_be_taken(result: Result) -> bool:
    match result.outcome.verdict:
        case Verdict.ACCEPTED | Verdict.TAKEN | Verdict.DOUBT:
            return True
        case Verdict.LATER | Verdict.HALT:
            return result.claim.doubtful
        case Verdict.REFUSED | Verdict.RETRY:
            return False
        case verdict:
            assert_never(verdict)


def _delay(result: Result) -> float | None:
    """Return seconds; None: as long as a callback may take."""
    return None if result.outcome.verdict is Verdict.TAKEN else result.outcome.delay


RESULTS: Bulk[Result] = Bulk(
    "attempt",
    (
        ("id", "uuid", attrgetter("claim.attempt_id")),
        ("token", "uuid", attrgetter("claim.token")),
        ("state", "text", _state),
        ("code", "text", attrgetter("outcome.code")),
        ("detail", "text", attrgetter("outcome.detail")),
        ("provider_message_id", "text", attrgetter("outcome.provider_message_id")),
        ("delay", "float8", _delay),
        ("offered", "bool", _may_be_taken),
    ),
)
LATE_IDS = RESULTS.only("id", "token", "provider_message_id")
CLAIM = """
WITH busy AS (
    SELECT * FROM unnest($1::uuid[], $2::int[]) AS t (channel_id, slots)
), waiting AS (
    SELECT c.id, c.account, c.rate_5s, $3 - coalesce(b.slots, 0) AS free
    FROM channel c LEFT JOIN busy b ON b.channel_id = c.id
    WHERE c.active AND c.halted_at IS NULL
      AND EXISTS (SELECT FROM attempt a WHERE a.channel_id = c.id AND a.state IN ('pending', 'sending')
                                          AND a.due_at <= clock_timestamp())
), account AS (
    SELECT p.account, p.free_at, w.channels, w.step, w.burst
    FROM (SELECT account, count(*) AS channels, greatest(min(rate_5s) / 4, 1) AS burst,
                 interval '5 seconds' / (min(rate_5s) * 0.75) AS step
          FROM waiting GROUP BY account) w
    JOIN pace p USING (account)
    WHERE p.free_at <= clock_timestamp() + (w.burst - 1) * w.step
    FOR UPDATE OF p SKIP LOCKED
), credit AS (
    SELECT account, step, channels, greatest(
        1, floor(extract(epoch FROM clock_timestamp() + burst * step - greatest(free_at, clock_timestamp()))
                 / extract(epoch FROM step))::int) AS credits
    FROM account
), sending_channel AS (
    SELECT w.id, w.account, least(w.free, greatest(1, c.credits / c.channels)) AS share, c.credits,
           row_number() OVER (PARTITION BY w.account ORDER BY random()) AS turn
    FROM waiting w JOIN credit c USING (account)
    WHERE w.free > 0
), picked AS (
    SELECT a.id, s.account FROM sending_channel s CROSS JOIN LATERAL (
        SELECT a.id FROM attempt a
        WHERE a.channel_id = s.id AND a.state IN ('pending', 'sending') AND a.due_at <= clock_timestamp()
          AND (a.offered_at IS NULL OR a.offered_at > clock_timestamp() - $4::interval)
          AND (a.offered_at IS NOT NULL OR a.expires_at IS NULL OR a.expires_at > $6)
        ORDER BY (a.offered_at IS NULL), a.due_at LIMIT s.share FOR UPDATE SKIP LOCKED
    ) a
    WHERE s.turn <= s.credits
), paid AS (
    UPDATE pace p SET free_at = greatest(p.free_at, clock_timestamp()) + t.taken * c.step
    FROM (SELECT account, count(*) AS taken FROM picked GROUP BY account) t JOIN credit c USING (account)
    WHERE p.account = t.account
)
UPDATE attempt a
SET state = 'sending', lease_token = $7, due_at = clock_timestamp() + $5::interval, tries = a.tries + 1,
    offered_at = coalesce(a.offered_at, clock_timestamp())
FROM channel c, message m
WHERE a.id = ANY (ARRAY(SELECT id FROM picked)) AND c.id = a.channel_id AND m.id = a.message_id
RETURNING a.id, a.message_id, a.channel_id, a.number, a.address, old.offered_at IS NOT NULL AS doubtful,
          c.account, c.api_key, c.provider_channel_id, c.provider, m.text, m.traceparent
"""
RECORD = f"""
UPDATE attempt a
SET state = n.state, lease_token = NULL, code = nullif(n.code, ''), detail = nullif(n.detail, ''),
    provider_message_id = n.provider_message_id,
    due_at = clock_timestamp() + coalesce(n.delay, $1) * interval '1 second',
    offered_at = CASE WHEN n.offered THEN a.offered_at END
FROM unnest({RESULTS.parameters(2)}) AS n({RESULTS.names})
WHERE a.id = n.id AND a.lease_token = n.token AND a.state = 'sending'
RETURNING a.id, n.token
"""  # noqa: S608 - columns of our own
# A provider message id is recorded no matter which worker holds the lease: all tries of an attempt share one key.
RECORD_LATE_ID = f"""
UPDATE attempt a
SET state = 'accepted', lease_token = NULL, code = NULL, detail = NULL,
    provider_message_id = n.provider_message_id
FROM {LATE_IDS.source()}
WHERE a.id = n.id AND a.provider_message_id IS NULL AND a.state <> 'refused'
RETURNING a.id, n.token
"""  # noqa: S608 - columns of our own
NEXT_ATTEMPT = """
INSERT INTO attempt (id, desk, message_id, number, channel_id, address, state, due_at, expires_at, tries)
SELECT t.new_id, a.desk, a.message_id, a.number + 1, a.channel_id, a.address, 'pending',
       clock_timestamp() + t.delay * interval '1 second', a.expires_at, 0
FROM unnest($1::uuid[], $2::uuid[], $3::float8[]) AS t (new_id, id, delay) JOIN attempt a USING (id)
"""
HALT = """
UPDATE channel SET halted_code = $2, halted_at = $3, version = version + 1 WHERE id = $1 AND halted_at IS NULL
RETURNING desk, code
"""
SLOW_DOWN = """
UPDATE pace SET free_at = greatest(free_at, clock_timestamp() + interval '5 seconds' / 3 + $2 * interval '1 second')
WHERE account = $1
"""
RECHECK_CALLBACKS = """
UPDATE callback SET look_at = clock_timestamp()
WHERE id IN (SELECT id FROM callback WHERE state = 'new' AND provider_message_id = ANY($1::text[])
             FOR UPDATE SKIP LOCKED)
"""
STOP_REPEATING = """
UPDATE attempt SET state = 'waiting', lease_token = NULL, due_at = offered_at + $2::interval
WHERE id IN (SELECT id FROM attempt
             WHERE state IN ('pending', 'sending') AND offered_at <= clock_timestamp() - $1::interval
               AND due_at <= clock_timestamp()
             LIMIT 500 FOR UPDATE SKIP LOCKED)
"""
EXPIRE_WAITING = """
UPDATE attempt SET state = 'unknown', code = coalesce(code, 'no_answer')
WHERE id IN (SELECT id FROM attempt WHERE state = 'waiting' AND due_at <= clock_timestamp()
             LIMIT 500 FOR UPDATE SKIP LOCKED)
RETURNING message_id, code
"""
EXPIRE_PENDING = """
UPDATE attempt SET state = 'refused', code = $2
WHERE id IN (SELECT id FROM attempt WHERE state = 'pending' AND offered_at IS NULL AND expires_at <= $1
             LIMIT 500 FOR UPDATE SKIP LOCKED)
RETURNING message_id
"""


@dataclass(frozen=True, slots=True)
class Limits:
    """`lease` outlives a call; after `repeat_window` a key is not offered again (the provider forgets it)."""

    per_channel: int
    lease: timedelta
    repeat_window: timedelta


@dataclass(frozen=True, slots=True)
class Halted:
    """A channel that a provider's answer stopped: a person must look at it."""

    desk: str
    code: str
    reason: str


async def claim(db: Database, busy: Mapping[UUID, int], limits: Limits, now: datetime) -> Sequence[Claim]:
    """Claim attempts that are due, mark them as being sent and commit; `now` is business time (deadlines).

    `busy`: how many of a channel's `limits.per_channel` send slots are not free.
    """
    token = uuid7()
    async with db.begin() as tx:
        rows = await tx.conn.fetch(
            CLAIM,
            list(busy),
            list(busy.values()),
            limits.per_channel,
            limits.repeat_window,
            limits.lease,
            now,
            token,
        )
        await tx.commit()
    return [
        Claim(
            attempt_id=row["id"],
            token=token,
            message_id=row["message_id"],
            channel_id=row["channel_id"],
            account=row["account"],
            provider=row["provider"],
            number=row["number"],
            doubtful=row["doubtful"],
            message=OutboundMessage(
                str(row["id"]), row["api_key"], row["provider_channel_id"], row["address"], row["text"]
            ),
            traceparent=row["traceparent"],
        )
        for row in rows
    ]


async def record(
    db: Database, results: Sequence[Result], callback_timeout: timedelta, now: datetime
) -> Sequence[Halted]:
    """Write results whose lease still holds, and late ones with a provider message id. Returns halted channels.

    `callback_timeout`: how long a message waits for its callback when the provider has it under an unknown id.
    """
    async with db.begin() as tx:
        stored = await tx.conn.fetch(RECORD, callback_timeout.total_seconds(), *RESULTS.arrays(results))
        fenced = set(map(tuple, stored))
        held = [result for result in results if _lease(result) in fenced]
        held += await _record_late_ids(tx, [result for result in results if _lease(result) not in fenced])
        await _follow_up(tx, held)
        facts = [(r.claim.message_id, fact) for r in held if (fact := _fact(r.outcome)) is not None]
        await apply_facts(tx, facts, now)
        refusals = [r for r in held if r.outcome.verdict is Verdict.HALT]
        halted = await halt(tx, {r.claim.channel_id: r.outcome.code for r in refusals}, now)
        await _slow_down(tx, held)
        await tx.commit()
    return halted


async def expire(db: Database, repeat_window: timedelta, callback_timeout: timedelta, now: datetime) -> int:
    """Expire attempts: unanswered → unknown, past deadline → failed. Returns how many."""
    async with db.begin() as tx:
        await tx.conn.execute(STOP_REPEATING, repeat_window, callback_timeout)
        unanswered = await tx.conn.fetch(EXPIRE_WAITING)
        late = await tx.conn.fetch(EXPIRE_PENDING, now, str(Stop.DEADLINE_PASSED))
        unknown = Fact(State.UNKNOWN, "outcome_unknown", "the provider never said what became of the message")
        expired = Fact(State.FAILED, str(Stop.DEADLINE_PASSED), "the deadline came before a channel was free")
        facts = [(row["message_id"], unknown) for row in unanswered] + [
            (row["message_id"], expired) for row in late
        ]
        await apply_facts(tx, facts, now)
        await tx.commit()
    return len(facts)


def _lease(result: Result) -> tuple[UUID, UUID]:
    return result.claim.attempt_id, result.claim.token


async def _record_late_ids(tx: Transaction, late: Sequence[Result]) -> list[Result]:
    named = [result for result in late if result.outcome.provider_message_id is not None]
    if not named:
        return []
    taken = set(map(tuple, await tx.conn.fetch(RECORD_LATE_ID, *LATE_IDS.arrays(named))))
    return [result for result in named if _lease(result) in taken]


def _fact(outcome: Outcome) -> Fact | None:
    match outcome.verdict:
        case Verdict.ACCEPTED | Verdict.TAKEN:
            return Fact(State.ACCEPTED)
        case Verdict.REFUSED:
            # The provider's description stays in the attempt's row: it may hold personal data.
            return Fact(State.FAILED, outcome.code)
        case Verdict.RETRY | Verdict.LATER | Verdict.DOUBT | Verdict.HALT:
            return None
        case verdict:
            assert_never(verdict)


async def _follow_up(tx: Transaction, held: Sequence[Result]) -> None:
    again = [r for r in held if r.outcome.verdict is Verdict.RETRY]
    await replace_refused(tx, {r.claim.attempt_id: r.outcome.delay for r in again})
    named = [r.outcome.provider_message_id for r in held if r.outcome.provider_message_id]
    await tx.conn.execute(RECHECK_CALLBACKS, named)


async def replace_refused(tx: Transaction, delays: Mapping[UUID, float]) -> None:
    """Replace each refused attempt by a new one with a new key, due after its delay in seconds."""
    await tx.conn.execute(NEXT_ATTEMPT, [uuid7() for _ in delays], list(delays), list(delays.values()))


async def halt(tx: Transaction, reasons: Mapping[UUID, str], now: datetime) -> list[Halted]:
    """Stop channels until a person looks at them; returns those that were still running."""
    halted: list[Halted] = []
    for channel_id, reason in sorted(reasons.items()):
        if row := await tx.conn.fetchrow(HALT, channel_id, reason, now):
            halted.append(Halted(row["desk"], row["code"], reason))
    return halted


async def _slow_down(tx: Transaction, held: Sequence[Result]) -> None:
    pauses: dict[str, float] = {}
    for r in held:
        if r.unhealthy or (r.outcome.verdict is Verdict.LATER and r.outcome.delay):
            pauses[r.claim.account] = max(r.outcome.delay, pauses.get(r.claim.account, 0))
    for account, pause in sorted(pauses.items()):
        await tx.conn.execute(SLOW_DOWN, account, pause)
