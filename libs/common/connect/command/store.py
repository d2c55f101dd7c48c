"""SQL of commands: claim those that are due, record the answers, expire what had none.

Claims are leased on the database's clock, paced per account, and fair between queues. The pace of an account is
one moment, `free_at` (generic cell rate algorithm). A quarter of a queue's `rate_5s` may go at once and takes
5/3 s to earn again; the rest is spread, so that no five seconds hold more than the whole. Each record is fenced
by the token of its claim.

A service's own tables are named by `Tables`: a row of the queue is what is paced, halted and configured together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter
from typing import Generic, TypeVar, assert_never
from uuid import UUID

import asyncpg

from libs.common.connect.command.rules import LONG_PAUSE, Outcome, Verdict
from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.ids import uuid7

D = TypeVar("D")
D_co = TypeVar("D_co", covariant=True)

BATCH = 500  # rows that one pass of expiry takes

CLAIM = """
WITH busy AS (
    SELECT * FROM unnest($1::uuid[], $2::int[]) AS t (queue_id, slots)
), policy AS (
    SELECT * FROM unnest($4::text[], $5::interval[], $9::interval[]) AS t (kind, repeat_window, pair_interval)
), due AS (
    SELECT c.id, c.account, c.rate_5s, policy.repeat_window, policy.pair_interval, $3 - coalesce(b.slots, 0) AS free
    FROM {queue} c JOIN policy ON policy.kind = c.{kind} LEFT JOIN busy b ON b.queue_id = c.id
    WHERE c.active AND c.halted_at IS NULL
      AND EXISTS (SELECT FROM {command} a WHERE a.{queue_id} = c.id AND a.state IN ('pending', 'sending')
                                          AND a.due_at <= clock_timestamp())
), account AS (
    SELECT p.account, p.free_at, w.queues, w.step, w.burst
    FROM (SELECT account, count(*) AS queues, greatest(min(rate_5s) / 4, 1) AS burst,
                 interval '5 seconds' / (min(rate_5s) * 0.75) AS step
          FROM due GROUP BY account) w
    JOIN pace p USING (account)
    WHERE p.free_at <= clock_timestamp() + (w.burst - 1) * w.step
    FOR UPDATE OF p SKIP LOCKED
), credit AS (
    SELECT account, step, queues, greatest(
        1, floor(extract(epoch FROM clock_timestamp() + burst * step - greatest(free_at, clock_timestamp()))
                 / extract(epoch FROM step))::int) AS credits
    FROM account
), calling AS (
    SELECT w.id, w.account, w.repeat_window, clock_timestamp() - w.pair_interval AS paired_since,
           least(w.free, greatest(1, c.credits / c.queues)) AS share, c.credits,
           row_number() OVER (PARTITION BY w.account ORDER BY random()) AS turn
    FROM due w JOIN credit c USING (account)
    WHERE w.free > 0
), picked AS (
    SELECT a.id, s.account FROM calling s CROSS JOIN LATERAL (
        SELECT a.id FROM {command} a
        WHERE a.{queue_id} = s.id AND a.state IN ('pending', 'sending') AND a.due_at <= clock_timestamp()
          AND (a.offered_at IS NULL OR a.offered_at > clock_timestamp() - s.repeat_window)
          AND (a.offered_at IS NOT NULL OR a.expires_at IS NULL OR a.expires_at > $7){ready}{paired}
        ORDER BY (a.offered_at IS NULL), a.due_at LIMIT s.share FOR UPDATE SKIP LOCKED
    ) a
    WHERE s.turn <= s.credits
), paid AS (
    UPDATE pace p SET free_at = greatest(p.free_at, clock_timestamp()) + t.taken * c.step
    FROM (SELECT account, count(*) AS taken FROM picked GROUP BY account) t JOIN credit c USING (account)
    WHERE p.account = t.account
)
UPDATE {command} a
SET state = 'sending', lease_token = $8, due_at = clock_timestamp() + $6::interval, tries = a.tries + 1,
    offered_at = coalesce(a.offered_at, clock_timestamp())
FROM {queue} c{sources}
WHERE a.id = ANY (ARRAY(SELECT id FROM picked)) AND c.id = a.{queue_id}{joined}
RETURNING a.id, c.id AS queue_id, c.account, c.{kind} AS kind, a.number,
          old.offered_at IS NOT NULL AS doubtful{details}
"""
# One call to a pair at a time, the next not before its interval, in the order of their turns. A claim that has an
# older view of the pair finds its first command locked or changed, and the others not first.
PAIRED = """
          AND (s.paired_since IS NULL OR NOT EXISTS (
              SELECT FROM {command} b
              WHERE b.{queue_id} = s.id AND b.{pair} = a.{pair} AND b.paced AND b.state <> 'refused'
                AND CASE WHEN b.state IN ('pending', 'sending') THEN 'infinity'::timestamptz ELSE b.offered_at END
                    > s.paired_since
                AND (b.state <> 'pending' OR b.{turn} < a.{turn}) AND b.id <> a.id))"""
RECORD = """
UPDATE {command} a
SET state = n.state, lease_token = NULL, code = nullif(n.code, ''), detail = nullif(n.detail, ''),
    {external_id} = n.external_id, due_at = clock_timestamp() + n.delay * interval '1 second',
    not_before = n.not_before, offered_at = CASE WHEN n.offered THEN a.offered_at END
FROM {results}
WHERE a.id = n.id AND a.lease_token = n.token AND a.state = 'sending'
RETURNING a.id, n.token
"""
# An id of the other side is recorded no matter which worker holds the lease: all calls of a command share one key.
RECORD_LATE_ID = """
UPDATE {command} a
SET state = 'accepted', lease_token = NULL, code = NULL, detail = NULL, {external_id} = n.external_id
FROM {late_ids}
WHERE a.id = n.id AND a.{external_id} IS NULL AND a.state <> 'refused'
RETURNING a.id, n.token
"""
HALT = """
UPDATE {queue} SET halted_code = $2, halted_at = $3, version = version + 1 WHERE id = $1 AND halted_at IS NULL
RETURNING desk, code
"""
SLOW_DOWN = """
UPDATE pace SET free_at = greatest(free_at, clock_timestamp() + interval '5 seconds' / 3 + $2 * interval '1 second')
WHERE account = $1
"""
STOP_REPEATING = """
UPDATE {command} a
SET state = 'waiting', lease_token = NULL, due_at = a.offered_at + late.unknown_after
FROM (SELECT b.id, policy.unknown_after
      FROM {command} b JOIN {queue} c ON c.id = b.{queue_id}
           JOIN unnest($1::text[], $2::interval[], $3::interval[]) AS policy (kind, repeat_window, unknown_after)
                ON policy.kind = c.{kind}
      WHERE b.state IN ('pending', 'sending') AND b.offered_at <= clock_timestamp() - policy.repeat_window
        AND b.due_at <= clock_timestamp()
      LIMIT $4 FOR UPDATE OF b SKIP LOCKED) late
WHERE a.id = late.id
"""
EXPIRE_WAITING = """
UPDATE {command} SET state = 'unknown', code = coalesce(code, 'no_answer')
WHERE id IN (SELECT id FROM {command} WHERE state = 'waiting' AND due_at <= clock_timestamp()
             LIMIT $1 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
EXPIRE_PENDING = """
UPDATE {command} SET state = 'refused', code = $2
WHERE id IN (SELECT id FROM {command}
             WHERE state = 'pending' AND offered_at IS NULL AND expires_at <= $1
             LIMIT $3 FOR UPDATE SKIP LOCKED)
   OR id IN (SELECT id FROM {command}
             WHERE state = 'held' AND offered_at IS NULL AND expires_at <= $1
             LIMIT $3 FOR UPDATE SKIP LOCKED)
RETURNING id
"""
RELEASE = """
UPDATE {command} SET state = 'pending', due_at = clock_timestamp()
WHERE id IN (SELECT id FROM {command} WHERE state = 'held' AND not_before <= $1
             LIMIT $2 FOR UPDATE SKIP LOCKED)
"""

# Whether there is anything to claim, and to expire: conditions for the worker's lookout (`$1`: business time). They
# may hold where a pace or a lease is in the way, but always do where there is something to do. An index is read up
# to the moment a statement began at; `clock_timestamp()` is volatile, and all that is open would be read for it.
IS_DUE = """
EXISTS (SELECT FROM {queue} c
        WHERE c.active AND c.halted_at IS NULL
          AND EXISTS (SELECT FROM {command} a WHERE a.{queue_id} = c.id AND a.state IN ('pending', 'sending')
                                              AND a.due_at <= statement_timestamp()))
"""
EXPIRES = """
EXISTS (SELECT FROM {command} WHERE state = 'waiting' AND due_at <= statement_timestamp())
OR EXISTS (SELECT FROM {command} WHERE state IN ('pending', 'sending') AND offered_at IS NOT NULL
                                   AND due_at <= statement_timestamp())
OR EXISTS (SELECT FROM {command} WHERE state = 'pending' AND offered_at IS NULL AND expires_at <= $1)
OR EXISTS (SELECT FROM {command} WHERE state = 'held' AND (not_before <= $1 OR expires_at <= $1))
"""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the other side of one kind of queue allows.

    `repeat_window`: how long a key may be offered again (none: never). `unknown_after`: how long a command without
    an answer waits for a report, from its first call. `pair_interval`: from call to call to one recipient.
    """

    kind: str
    repeat_window: timedelta
    unknown_after: timedelta
    pair_interval: timedelta | None = None

    @property
    def repeats(self) -> bool:
        return self.repeat_window > timedelta(0)


@dataclass(frozen=True, slots=True)
class Limits:
    """`per_queue`: calls at once; `lease` outlives a call."""

    per_queue: int
    lease: timedelta


@dataclass(frozen=True)
class Claim(Generic[D_co]):
    """A command that this process alone may call until its lease is over; `details` are the service's own."""

    command_id: UUID
    token: UUID
    queue_id: UUID
    account: str
    policy: Policy
    number: int
    doubtful: bool
    details: D_co


@dataclass(frozen=True)
class Result(Generic[D_co]):
    """A claim and its outcome; `unhealthy`: most recent calls of the account are left unanswered."""

    claim: Claim[D_co]
    outcome: Outcome
    unhealthy: bool = False


@dataclass(frozen=True, slots=True)
class Halted:
    """A queue that an answer stopped: a person must look at it."""

    desk: str
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Expired:
    """Commands that no call has ended: of these nothing is known, of those the time was over before their call."""

    unknown: Sequence[UUID]
    late: Sequence[UUID]


@dataclass(frozen=True)
class Tables:
    """The names of a service's tables and columns. `details`, `sources`, `joined`: what a claim reads besides.

    `ready`: what must hold of a command `a` besides, else it is not claimed yet. `pair`, `turn`: the recipient of a
    command, and its place among those to them; the commands of which the other side limits these are `paced`. None:
    it limits no recipients.
    """

    command: str
    queue: str
    queue_id: str
    kind: str
    external_id: str = "external_id"
    details: str = ""
    sources: str = ""
    joined: str = ""
    ready: str = ""
    pair: str = ""
    turn: str = ""

    def statement(self, text: str) -> str:
        """Return a statement with our own names in it."""
        results = f"unnest({RESULTS.parameters(1)}) AS n({RESULTS.names})"
        names = {name: getattr(self, name) for name in self.__dataclass_fields__}
        paired = PAIRED.format(**names) if self.pair else ""
        return text.format(**names, results=results, late_ids=LATE_IDS.source(), paired=paired)


@dataclass(frozen=True, slots=True)
class _Row:
    """A result as it is written."""

    result: Result[object]
    not_before: datetime | None

    @property
    def state(self) -> str:
        match self.result.outcome.verdict:
            case Verdict.ACCEPTED:
                return "accepted"
            case Verdict.TAKEN | Verdict.WAIT:
                return "waiting"
            case Verdict.REFUSED | Verdict.RETRY:
                return "refused"
            case Verdict.PAUSE if self.not_before is not None:
                return "held"
            case Verdict.LATER | Verdict.PAUSE | Verdict.DOUBT | Verdict.HALT:
                return "pending"
            case verdict:
                assert_never(verdict)

    @property
    def offered(self) -> bool:
        """Whether the other side may have it without having confirmed it."""
        match self.result.outcome.verdict:
            case Verdict.ACCEPTED | Verdict.TAKEN | Verdict.DOUBT | Verdict.WAIT:
                return True
            case Verdict.LATER | Verdict.PAUSE | Verdict.HALT:
                return self.result.claim.doubtful
            case Verdict.REFUSED | Verdict.RETRY:
                return False
            case verdict:
                assert_never(verdict)

    @property
    def delay(self) -> float:
        """Seconds until the row is looked at again: a report may take as long as the policy says."""
        if self.state == "waiting":
            return self.result.claim.policy.unknown_after.total_seconds()
        return self.result.outcome.delay


RESULTS: Bulk[_Row] = Bulk(
    "",
    (
        ("id", "uuid", attrgetter("result.claim.command_id")),
        ("token", "uuid", attrgetter("result.claim.token")),
        ("state", "text", attrgetter("state")),
        ("code", "text", attrgetter("result.outcome.code")),
        ("detail", "text", attrgetter("result.outcome.detail")),
        ("external_id", "text", attrgetter("result.outcome.external_id")),
        ("delay", "float8", attrgetter("delay")),
        ("not_before", "timestamptz", attrgetter("not_before")),
        ("offered", "bool", attrgetter("offered")),
    ),
)
LATE_IDS = RESULTS.only("id", "token", "external_id")


class CommandStore:
    """The statements of one service's commands, each in the caller's transaction; none commits.

    `now` is business time: deadlines and pauses of an hour or more.
    """

    def __init__(self, tables: Tables) -> None:
        self.claiming = tables.statement(CLAIM)
        self._record = tables.statement(RECORD)
        self._record_late_id = tables.statement(RECORD_LATE_ID)
        self._halt = tables.statement(HALT)
        self._stop_repeating = tables.statement(STOP_REPEATING)
        self._expire_waiting = tables.statement(EXPIRE_WAITING)
        self._expire_pending = tables.statement(EXPIRE_PENDING)
        self._release = tables.statement(RELEASE)
        #: Conditions of the worker's lookout: commands are due, commands expire.
        self.is_due, self.expires = tables.statement(IS_DUE), tables.statement(EXPIRES)

    async def claim(
        self, tx: Transaction, busy: Mapping[UUID, int], limits: Limits, policies: Sequence[Policy], now: datetime
    ) -> tuple[UUID, Sequence[asyncpg.Record]]:
        """Mark due commands as being called; return the token of their lease and their rows.

        `busy`: how many of a queue's `limits.per_queue` slots are not free.
        """
        token = uuid7()
        rows = await tx.conn.fetch(
            self.claiming, list(busy), list(busy.values()), limits.per_queue, [one.kind for one in policies],
            [one.repeat_window for one in policies], limits.lease, now, token,
            [one.pair_interval for one in policies],
        )  # fmt: skip
        return token, rows

    async def record(self, tx: Transaction, results: Sequence[Result[D]], now: datetime) -> Sequence[Result[D]]:
        """Write results whose lease still holds, and late ones with an id; return those that were written."""
        rows = [_Row(result, _not_before(result.outcome, now)) for result in results]
        stored = await tx.conn.fetch(self._record, *RESULTS.arrays(rows))
        fenced = set(map(tuple, stored))
        held = [result for result in results if _lease(result) in fenced]
        named = [r for r in results if _lease(r) not in fenced and r.outcome.external_id is not None]
        if named:
            late = [_Row(result, None) for result in named]
            taken = set(map(tuple, await tx.conn.fetch(self._record_late_id, *LATE_IDS.arrays(late))))
            held += [result for result in named if _lease(result) in taken]
        return held

    async def slow_down(self, tx: Transaction, held: Sequence[Result[D]]) -> None:
        """Let the accounts pause that asked for it, or that answer too seldom."""
        pauses: dict[str, float] = {}
        for r in held:
            if r.unhealthy or (r.outcome.verdict is Verdict.LATER and r.outcome.delay):
                pauses[r.claim.account] = max(r.outcome.delay, pauses.get(r.claim.account, 0))
        for account, pause in sorted(pauses.items()):
            await tx.conn.execute(SLOW_DOWN, account, pause)

    async def halt(self, tx: Transaction, reasons: Mapping[UUID, str], now: datetime) -> list[Halted]:
        """Stop queues until a person looks at them; returns those that were still running."""
        halted: list[Halted] = []
        for queue_id, reason in sorted(reasons.items()):
            if row := await tx.conn.fetchrow(self._halt, queue_id, reason, now):
                halted.append(Halted(row["desk"], row["code"], reason))
        return halted

    async def expire(self, tx: Transaction, policies: Sequence[Policy], late_code: str, now: datetime) -> Expired:
        """End what waited too long, and release what was held; `late_code` is the code of what was never called."""
        kinds = [one.kind for one in policies]
        repeats, patience = [one.repeat_window for one in policies], [one.unknown_after for one in policies]
        await tx.conn.execute(self._stop_repeating, kinds, repeats, patience, BATCH)
        unknown = await tx.conn.fetch(self._expire_waiting, BATCH)
        late = await tx.conn.fetch(self._expire_pending, now, late_code, BATCH)
        await tx.conn.execute(self._release, now, BATCH)
        return Expired([row["id"] for row in unknown], [row["id"] for row in late])


def _lease(result: Result[D]) -> tuple[UUID, UUID]:
    return result.claim.command_id, result.claim.token


def _not_before(outcome: Outcome, now: datetime) -> datetime | None:
    """Return the business time until which a command is held; None: it waits in technical time, if at all."""
    if outcome.verdict is Verdict.PAUSE and outcome.delay >= LONG_PAUSE:
        return now + timedelta(seconds=outcome.delay)
    return None
