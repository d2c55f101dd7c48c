"""Reading conversations: the list, one of them, its messages, and the ways to answer."""

import re
import typing
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg
from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    null,
    or_,
    select,
    true,
    union_all,
)

from libs.common.contracts.shared import Direction, MessageContent
from libs.common.platform.db import Database, Transaction
from libs.common.platform.db.conditions import any_of
from libs.common.platform.http.pagination import Cut, PageQuery, paginate
from services.notifications.addresses.rules import Barred, plain
from services.notifications.addresses.store import address_books
from services.notifications.channels.tables import channel
from services.notifications.consents.rules import OPEN
from services.notifications.consents.store import consents_of
from services.notifications.conversations.rules import Shown, Way, Whose, Writer, identities
from services.notifications.conversations.tables import thread
from services.notifications.feed.tables import feed_item, operator
from services.notifications.ladders.rules import Stop
from services.notifications.leads.tables import lead_operator
from services.notifications.masking.queries import unless_own
from services.notifications.merges.queries import one_lead_with, one_with
from services.notifications.merges.store import families
from services.notifications.merges.tables import merged_customer
from services.notifications.messages.queries import HELD, WAITS
from services.notifications.messages.tables import attempt, message
from services.notifications.providers.registry import PROVIDERS
from services.notifications.received.tables import received_message

PREVIEW = 200  # characters of the last message
WHOLE = 10  # digits of a number without country code
DIGITS = 4  # at least so many are looked for in numbers
SHOWN = """
SELECT DISTINCT ON (1, channel_id) root AS id, channel_id, known_by
FROM received_message JOIN unnest($1::uuid[], $2::uuid[]) AS t (root, member)
     ON coalesce(customer_id, address_id) = member
ORDER BY 1, channel_id, direction, at DESC, id DESC
"""
CHANNELS = """
SELECT id, desk, code, kind, provider, halted_at IS NOT NULL AS halted, free_text_roles
FROM channel WHERE desk = ANY($1::text[]) AND active AND kind <> 'team' ORDER BY desk, code
"""
HEARD = """
SELECT channel_id, address, heard_at
FROM conversation JOIN unnest($1::uuid[], $2::text[]) AS t (channel_id, address) USING (channel_id, address)
"""


@dataclass(frozen=True, slots=True)
class ThreadFilter:
    """What to list; None does not narrow.

    `operator`: the `sub` of one who sees only their own work and what has no operator. `me`: the `sub` of the
    caller, for `whose`. `q`: a part of a name, or of a number.
    """

    desks: Collection[str] | None
    operator: str | None = None
    me: str = ""
    whose: Whose | None = None
    unanswered: bool | None = None
    customer_id: UUID | None = None
    lead_id: UUID | None = None
    q: str | None = None

    def condition(self) -> ColumnElement[bool]:
        """Return what a thread must be, and that the caller may see it."""
        columns = thread.c
        wanted = list[ColumnElement[bool]]()
        if self.lead_id is not None:
            wanted.append(of_lead(self.lead_id))
        if self.customer_id is not None:
            wanted.append(columns.customer_id.in_(one_with(self.customer_id)))
        if self.unanswered is not None:
            wanted.append(columns.unanswered_since.is_not(None) == self.unanswered)
        if self.whose is not None:
            wanted.append(_worked_by(self.me) if self.whose is Whose.MINE else ~_worked())
        if self.q is not None:
            wanted.append(_found(self.q, self.operator))
        of_desks = true() if self.desks is None else columns.desk.in_(self.desks)
        return and_(of_desks, _seen(self.operator), *wanted)


def of_lead(lead_id: UUID) -> ColumnElement[bool]:
    """Return whether a thread is of a lead: its last message, or an earlier one that came in for it."""
    leads, one = one_lead_with(lead_id), received_message.c
    heard = select(func.coalesce(one.customer_id, one.address_id)).where(any_of(one.lead_id, leads))
    winners = select(merged_customer.c.winner_id).where(any_of(merged_customer.c.loser_id, heard))
    return or_(any_of(thread.c.lead_id, leads), any_of(thread.c.id, heard), any_of(thread.c.id, winners))


def _found(q: str, subject: str | None) -> ColumnElement[bool]:
    """Return whether a thread is found: a part of a number finds none that masks it to this operator (P.7)."""
    columns, digits = thread.c, re.sub(r"\D", "", q)[-10:]
    named = [columns.name, columns.person["name"].astext]
    found = [name.icontains(q.strip(), autoescape=True) for name in named]
    if len(digits) >= DIGITS:
        numbers = columns.person["phone"].astext.contains(digits), cast(columns.known_by, Text).contains(digits)
        part = subject if len(digits) < WHOLE else None
        is_open = true() if part is None else ~unless_own(columns.desk, _worked_by(part))
        found.append(and_(or_(*numbers), is_open))
    return func.coalesce(or_(*found), literal(value=False))


# The list itself joins both tables, as who works a thread's lead.
_ME, _WORKING = operator.alias("me"), lead_operator.alias("working")


def _me(subject: str) -> Select[tuple[UUID]]:
    return select(_ME.c.operator_id).where(_ME.c.subject == subject, _ME.c.active)


def _worked_by(subject: str) -> ColumnElement[bool]:
    works = or_(_WORKING.c.owner_id.in_(_me(subject)), _WORKING.c.holder_id.in_(_me(subject)))
    mine = thread.c.lead_id.in_(select(_WORKING.c.lead_id).where(works))
    # A customer with a newer lead, which a colleague works, may still wait for an answer about an earlier one.
    one = received_message.alias("heard").c
    whose = func.coalesce(one.customer_id, one.address_id) == thread.c.id
    heard = select(one.id).join(_WORKING, _WORKING.c.lead_id == one.lead_id).where(whose, works).exists()
    return func.coalesce(or_(mine, heard, thread.c.partner_operator_id.in_(_me(subject))), literal(value=False))


def _worked() -> ColumnElement[bool]:
    """Return whether some operator works the lead."""
    works = func.coalesce(_WORKING.c.owner_id, _WORKING.c.holder_id).is_not(None)
    return select(_WORKING.c.lead_id).where(_WORKING.c.lead_id == thread.c.lead_id, works).exists()


def _seen(subject: str | None) -> ColumnElement[bool]:
    """Narrow to what an operator works, has had a task of, works for its partner, or has no operator yet."""
    if subject is None:
        return true()
    given = select(feed_item.c.lead_id).where(feed_item.c.operator_id.in_(_me(subject)))
    desks = select(_ME.c.desk).where(_ME.c.subject == subject, _ME.c.active)
    return or_(_worked_by(subject), thread.c.lead_id.in_(given), and_(~_worked(), thread.c.desk.in_(desks)))


def _threads(subject: str | None) -> Select[tuple[object, ...]]:
    """Select threads with their operators and their last messages; who is merged has none.

    `subject`: an operator, to whom some are masked.
    """
    masks = false() if subject is None else unless_own(thread.c.desk, _worked_by(subject))
    owner = case((~lead_operator.c.heir, lead_operator.c.owner_id))
    works = func.coalesce(owner, lead_operator.c.holder_id)
    said = func.coalesce(received_message.c.text, received_message.c.button, message.c.text)
    query = select(
        thread,
        operator.c.operator_id,
        operator.c.name.label("operator_name"),
        func.coalesce(received_message.c.content, MessageContent.TEXT.value).label("last_content"),
        func.left(said, PREVIEW).label("last_text"),
        masks.label("hidden"),
    ).where(thread.c.last_id.is_not(None), ~thread.c.id.in_(select(merged_customer.c.loser_id)))
    query = query.outerjoin_from(thread, lead_operator, lead_operator.c.lead_id == thread.c.lead_id)
    query = query.outerjoin(operator, operator.c.operator_id == works)
    query = query.outerjoin(received_message, received_message.c.id == thread.c.last_id)
    return query.outerjoin(message, message.c.id == thread.c.last_id)


async def list_threads(db: Database, wanted: ThreadFilter, asked: PageQuery) -> Cut[RowMapping]:
    """Return threads, the one with the newest message first."""
    key = [thread.c.last_at, thread.c.id]
    async with db.read() as conn:
        return await paginate(conn, _threads(wanted.operator).where(wanted.condition()), "-last_at", key, asked)


async def one_thread(db: Database, thread_id: UUID, wanted: ThreadFilter) -> RowMapping | None:
    """Return a thread that the caller may see, or None; of who is merged, the winner's."""
    query = _threads(wanted.operator).where(thread.c.id.in_(one_with(thread_id)), wanted.condition())
    async with db.read() as conn:
        return (await conn.execute(query)).mappings().one_or_none()


def _received(family: Select[tuple[UUID]]) -> Select[tuple[object, ...]]:
    one, none = received_message.c, null()
    inbound = one.direction == Direction.IN.value
    return (
        select(
            one.id, one.desk, one.direction, one.at, one.lead_id, one.content, one.text, one.button, one.media,
            one.reply_to, channel.c.kind.label("channel"), channel.c.code.label("channel_code"), channel.c.provider,
            case((inbound, Writer.CUSTOMER.value), else_=Writer.APP.value).label("by"),
            *(cast(none, Text).label(name) for name in ("template", "purpose", "state", "code", "author")),
            cast(none, message.c.operator_id.type).label("operator_id"),
            cast(none, one.at.type).label("held_until"), cast(none, Text).label("held_for"),
            cast(none, message.c.night.type).label("night"),
        )
        .join(channel, channel.c.id == one.channel_id)
        .where(func.coalesce(one.customer_id, one.address_id).in_(family))
    )  # fmt: skip


def _sent(family: Select[tuple[UUID]]) -> Select[tuple[object, ...]]:
    one, none = message.c, null()
    tried = attempt.alias("tried")
    code = (
        select(channel.c.code)
        .join(tried, tried.c.channel_id == channel.c.id)
        .where(tried.c.message_id == one.id)
        .order_by(tried.c.number.desc())
        .limit(1)
    )
    media = received_message.c.media.type
    return select(
        one.id, one.desk, literal(Direction.OUT.value).label("direction"), one.requested_at.label("at"),
        one.lead_id,
        literal(MessageContent.TEXT.value).label("content"), one.text, cast(none, Text).label("button"),
        cast(none, media).label("media"), cast(none, Text).label("reply_to"), one.channel,
        code.scalar_subquery().label("channel_code"), one.provider,
        case((one.author.is_(None), Writer.PLAYBOOK.value), else_=Writer.PERSON.value).label("by"),
        one.template, one.purpose, one.state, one.code, one.author, one.operator_id, *HELD, one.night,
    ).outerjoin(attempt, WAITS).where(one.customer_id.in_(family))  # fmt: skip


async def messages_of(
    db: Database, thread_id: UUID, asked: PageQuery, message_id: UUID | None = None
) -> Cut[RowMapping]:
    """Return the messages of a thread both ways, the newest first; of these one alone if it is named.

    Those of customers who are merged are one thread.
    """
    family = one_with(thread_id)
    both = union_all(_received(family), _sent(family)).subquery()
    query = select(both, operator.c.name.label("operator_name"))
    query = query.outerjoin_from(both, operator, operator.c.operator_id == both.c.operator_id)
    if message_id is not None:
        query = query.where(both.c.id == message_id)
    async with db.read() as conn:
        key = typing.cast("Sequence[Column[object]]", [both.c.at, both.c.id])
        return await paginate(conn, query, "-at", key, asked)


async def ways_of(
    tx: Transaction, threads: Sequence[Mapping[str, object]], now: datetime
) -> dict[object, Sequence[Way]]:
    """Return by which channels the customers of threads can be written to, by thread; `threads` are their rows."""
    shown: dict[object, list[Shown]] = {}
    kin = await families(tx, [UUID(str(one["id"])) for one in threads])
    for row in await tx.conn.fetch(SHOWN, [root for root, _ in kin], [member for _, member in kin]):
        shown.setdefault(row["id"], []).append(Shown(row["channel_id"], row["known_by"]))
    channels = await tx.conn.fetch(CHANNELS, list({one["desk"] for one in threads}))
    found = [
        (one["id"], row, address)
        for one in threads
        for row in channels
        if row["desk"] == one["desk"] and row["provider"] in PROVIDERS
        if (address := _address(row, shown.get(one["id"], []), one["person"]))
    ]
    books = await address_books(tx, {(row["desk"], address) for _, row, address in found})
    places = [(row["id"], plain(address)) for _, row, address in found]
    heard = await tx.conn.fetch(HEARD, [channel_id for channel_id, _ in places], [address for _, address in places])
    heard_at = {(row["channel_id"], row["address"]): row["heard_at"] for row in heard}
    closed = await consents_of(tx, [UUID(str(one["id"])) for one in threads])
    ways: dict[object, list[Way]] = {one["id"]: [] for one in threads}
    for thread_id, row, address in found:
        consent = closed.get(UUID(str(thread_id)), OPEN)
        barred = consent.refusal(marketing=False) or books[row["desk"]].barred(row["kind"], address, now)
        last = heard_at.get((row["id"], plain(address)))
        ways[thread_id].append(_way(row, address, barred, last))
    return dict(ways)


def _address(row: asyncpg.Record, shown: Sequence[Shown], person: object) -> str | None:
    known = identities(row["id"], shown, person if isinstance(person, Mapping) else None)
    return PROVIDERS[row["provider"]].address(known)


def _way(row: asyncpg.Record, address: str, barred: Barred | Stop | None, heard_at: datetime | None) -> Way:
    limits = PROVIDERS[row["provider"]].limits
    named = row["id"], row["code"], row["kind"], row["provider"], address
    return Way(*named, limits.text, row["halted"], barred, limits.window, heard_at, row["free_text_roles"])
