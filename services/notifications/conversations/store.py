"""SQL of threads: each is made anew of its messages, in the transaction that changes them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import NamedTuple
from uuid import UUID, uuid5

import asyncpg

from libs.common.contracts import Cause, Received
from libs.common.contracts.intake import MessageResolved, PartnerChanged
from libs.common.platform.db import Database, Transaction
from libs.common.platform.ids import uuid7
from services.notifications.feed.actions import Notice, add_messages
from services.notifications.feed.rules import FeedKind
from services.notifications.ladders.rules import Rung
from services.notifications.ladders.store import begin, next_step
from services.notifications.leads.store import listeners_of
from services.notifications.merges.store import families
from services.notifications.sending.rules import Night
from services.notifications.templates.convert import parts_as_json

PURPOSE = "reply"  # of messages that people write
ADDRESSES = UUID("5f0b7c1e-6a53-4d0e-9f5c-0f6f5c0b8a11")
OPEN = """
INSERT INTO thread (id, desk, customer_id)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::uuid[]) ORDER BY 1 ON CONFLICT (id) DO NOTHING
"""
# What two transactions make of one thread at a time would lack the other's messages.
LOCK = "SELECT FROM thread WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE"
REFRESH = """
UPDATE thread t
SET last_id = l.id, last_at = l.at, last_direction = l.direction, lead_id = coalesce(l.lead_id, t.lead_id),
    channel_id = w.channel_id, known_by = w.known_by, name = w.name, unanswered_since = u.at
FROM (SELECT root AS id, array_agg(member) AS family
      FROM unnest($1::uuid[], $2::uuid[]) AS t (root, member) GROUP BY root) x
LEFT JOIN LATERAL (
    SELECT one.* FROM unnest(x.family) AS f (id) CROSS JOIN LATERAL (
        (SELECT id, at, direction, lead_id FROM received_message
         WHERE coalesce(customer_id, address_id) = f.id ORDER BY at DESC, id DESC LIMIT 1)
        UNION ALL
        (SELECT id, requested_at, 'out', lead_id FROM message
         WHERE customer_id = f.id AND author IS NOT NULL ORDER BY requested_at DESC, id DESC LIMIT 1)
    ) one ORDER BY one.at DESC, one.id DESC LIMIT 1
) l ON true
LEFT JOIN LATERAL (
    SELECT channel_id, known_by, name FROM received_message
    WHERE coalesce(customer_id, address_id) = ANY(x.family) ORDER BY direction, at DESC, id DESC LIMIT 1
) w ON true
LEFT JOIN LATERAL (
    SELECT max(greatest(
        (SELECT max(at) FROM received_message
         WHERE coalesce(customer_id, address_id) = f.id AND direction = 'out'),
        (SELECT max(requested_at) FROM message
         WHERE customer_id = f.id AND author IS NOT NULL AND state <> 'failed'),
        '-infinity')) AS at
    FROM unnest(x.family) AS f (id)
) o ON true
LEFT JOIN LATERAL (
    SELECT min(at) AS at FROM received_message
    WHERE coalesce(customer_id, address_id) = ANY(x.family) AND direction = 'in' AND NOT stop AND at > o.at
) u ON true
WHERE t.id = x.id
"""
# An address whose customer is known has no thread of its own any more.
DROP_EMPTY = "DELETE FROM thread WHERE id = ANY($1::uuid[]) AND last_id IS NULL"
KNOWN = """
UPDATE thread t
SET person = n.person, zone = n.zone, partner_id = n.partner_id, partner_operator_id = n.partner_operator_id
FROM unnest($1::uuid[], $2::jsonb[], $3::text[], $4::uuid[], $5::uuid[])
     AS n (id, person, zone, partner_id, partner_operator_id)
WHERE t.id = n.id
"""
PARTNERS = """
UPDATE thread t SET partner_operator_id = n.operator_id
FROM unnest($1::uuid[], $2::uuid[]) AS n (partner_id, operator_id) WHERE t.partner_id = n.partner_id
"""
MISSING = """
SELECT DISTINCT customer_id AS id, desk, customer_id FROM received_message r
WHERE customer_id IS NOT NULL AND NOT EXISTS (SELECT FROM thread WHERE id = r.customer_id)
  AND NOT EXISTS (SELECT FROM merged_customer WHERE loser_id = r.customer_id) LIMIT $1
"""
# Who the winner is, as far as the loser's thread alone knows.
INHERIT = """
UPDATE thread w
SET person = coalesce(w.person, l.person), zone = coalesce(w.zone, l.zone),
    partner_id = coalesce(w.partner_id, l.partner_id),
    partner_operator_id = CASE WHEN w.partner_id IS NULL THEN l.partner_operator_id ELSE w.partner_operator_id END
FROM unnest($1::uuid[], $2::uuid[]) AS n (loser_id, winner_id)
     JOIN merged_customer m USING (loser_id, winner_id) JOIN thread l ON l.id = n.loser_id
WHERE w.id = n.winner_id
"""
JOINED = "UPDATE merged_customer SET joined = true WHERE loser_id = ANY($1::uuid[])"
APART = "SELECT loser_id, winner_id, desk FROM merged_customer WHERE NOT joined LIMIT $1"
ANSWER = """
INSERT INTO message (id, desk, dedupe_key, lead_id, customer_id, key, purpose, template, template_version, language,
                     channel, provider, address, text, parts, segments, deadline, state, published, correlation_id,
                     causation_id, traceparent, requested_at, changed_at, author, operator_id, marketing, night)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 'pending', '{}', $18, $19, $20,
        $21, $21, $22, $23, $24, $25)
"""
WHOSE = "SELECT person, zone FROM thread WHERE id = $1"
_SHOWN = {"name", "phone", "phone_raw"}


class Thread(NamedTuple):
    """A thread to be made anew; `customer_id` None: that of an address."""

    id: UUID
    desk: str
    customer_id: UUID | None = None


def address_id(desk: str, kind: str, value: str) -> UUID:
    """Return the id of the thread of an address."""
    return uuid5(ADDRESSES, f"{desk} {kind}:{value}")


async def refresh(tx: Transaction, threads: Iterable[Thread]) -> None:
    """Make threads anew of their messages; those that are not there yet are begun.

    Who is merged writes in the winner's thread; the loser's own stays as it was, and is in no list.
    """
    found = sorted(set(threads), key=attrgetter("id"))
    if not found:
        return
    ids, begun = [thread.id for thread in found], set[UUID]()
    kin = await families(tx, ids)
    # Losers and winners in one step, as who merges them locks them; another if a merge came before the locks.
    while wanted := [one for one in _with_winners(found, kin) if one.id not in begun]:
        await _begin(tx, wanted)
        begun.update(one.id for one in wanted)
        kin = await families(tx, ids)
    await tx.conn.execute(REFRESH, [root for root, _ in kin], [member for _, member in kin])
    await tx.conn.execute(DROP_EMPTY, list(begun))


def _with_winners(threads: Sequence[Thread], kin: Sequence[tuple[UUID, UUID]]) -> list[Thread]:
    known = {thread.id: thread for thread in threads}
    roots = {root: known[member].desk for root, member in kin if member in known}
    found = {root: Thread(root, desk, root) for root, desk in roots.items()} | known
    return sorted(found.values(), key=attrgetter("id"))


async def _begin(tx: Transaction, threads: Sequence[Thread]) -> None:
    await tx.conn.execute(OPEN, *(list(column) for column in zip(*threads, strict=True)))
    await tx.conn.execute(LOCK, [thread.id for thread in threads])


async def join_threads(tx: Transaction, merges: Sequence[tuple[UUID, UUID, str]]) -> None:
    """Make the threads anew of customers who are merged, or two again: losers and winners, each with their desk."""
    await refresh(tx, [Thread(one, desk, one) for *both, desk in merges for one in both])
    await tx.conn.execute(INHERIT, [loser for loser, *_ in merges], [winner for _, winner, _ in merges])
    await tx.conn.execute(JOINED, [loser for loser, *_ in merges])


async def introduce(tx: Transaction, events: Sequence[Received[MessageResolved]]) -> None:
    """Write who the customers of threads are, as intake says with their last message."""
    said = {event.data.customer_id: event.data for event in events}
    await tx.conn.execute(
        KNOWN,
        list(said),
        [one.person.model_dump(mode="json", include=_SHOWN) for one in said.values()],
        [one.zone for one in said.values()],
        [one.partner_id for one in said.values()],
        [one.partner_operator_id for one in said.values()],
    )


async def follow_partners(tx: Transaction, events: Sequence[Received[PartnerChanged]]) -> None:
    """Let who works a partner's leads follow the partner's card."""
    now = {event.data.partner_id: event.data.operator_id for event in events}
    await tx.conn.execute(PARTNERS, list(now), list(now.values()))


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person writes to the customer of a thread; `version`: of its template, None for free text.

    `author` is the `sub` of their token, `operator_id` who that is of the operators. `night`: of an advertisement.
    """

    message_id: UUID
    thread: Thread
    lead_id: UUID | None
    template: str
    version: int | None
    rung: Rung
    deadline: datetime
    author: str
    operator_id: UUID | None
    night: Night | None = None

    @property
    def key(self) -> str:
        """The key of its events."""
        return f"customer:{self.thread.id}" if self.lead_id is None else f"lead:{self.lead_id}"


async def store_answer(tx: Transaction, answer: Answer, cause: Cause, now: datetime) -> None:
    """Store an answer with its first attempt, and what it changes of the thread."""
    rung, thread, text = answer.rung, answer.thread, answer.rung.rendered
    parts = None if text.parts is None else parts_as_json(text.parts)
    await tx.conn.execute(
        ANSWER, answer.message_id, thread.desk, f"{PURPOSE}:{answer.message_id}", answer.lead_id, thread.id,
        answer.key, PURPOSE, answer.template, answer.version, text.language, rung.kind, rung.provider, rung.address,
        text.text, parts, rung.segments, answer.deadline, cause.correlation_id, cause.causation_id,
        cause.traceparent, now, answer.author, answer.operator_id, rung.marketing,
        answer.night.as_json() if answer.night else None,
    )  # fmt: skip
    await begin(tx, [next_step(answer.message_id, rung, (), (), answer.deadline, answer.night, now)])
    await refresh(tx, [thread])


@dataclass(frozen=True, slots=True)
class News:
    """What became of an answer: `who` hears of it besides the lead's operator."""

    kind: FeedKind
    message_id: UUID
    thread: Thread
    lead_id: UUID | None
    who: UUID | None


async def publish_news(tx: Transaction, news: Sequence[News], now: datetime) -> None:
    """Add to the feeds of those who work the leads, and of those who answered."""
    operators = await listeners_of(tx, {one.lead_id for one in news if one.lead_id is not None})
    notices = []
    for one in news:
        whose = await tx.conn.fetchrow(WHOSE, one.thread.id)
        person, zone = (None, None) if whose is None else whose
        notices += [
            Notice(who, one.thread.desk, one.kind, one.lead_id, uuid7(), now, person, zone, one.message_id)
            for who in sorted(filter(None, {one.who, operators.get(one.lead_id)}))
        ]
    await add_messages(tx, notices)


async def not_arrived(tx: Transaction, rows: Sequence[asyncpg.Record], now: datetime) -> None:
    """Say that what people wrote to customers has failed: they wait for an answer again."""
    threads = {row["id"]: Thread(row["customer_id"], row["desk"], row["customer_id"]) for row in rows}
    await refresh(tx, threads.values())
    failed = FeedKind.MESSAGE_FAILED
    news = [News(failed, row["id"], threads[row["id"]], row["lead_id"], row["operator_id"]) for row in rows]
    await publish_news(tx, news, now)


async def make_up(db: Database, most: int = 500) -> None:
    """Begin the threads of messages that a release without threads has stored, and join those of the merged."""
    while True:
        async with db.begin() as tx:
            rows = await tx.conn.fetch(MISSING, most)
            await refresh(tx, [Thread(*row) for row in rows])
            await tx.commit()
        if len(rows) < most:
            break
    while True:
        async with db.begin() as tx:
            rows = await tx.conn.fetch(APART, most)
            await join_threads(tx, [(row["loser_id"], row["winner_id"], row["desk"]) for row in rows])
            await tx.commit()
        if len(rows) < most:
            return
