"""Use case: a person of ours writes to a customer, in free text or by a template; it goes as any message does."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from libs.common.contracts import Cause
from libs.common.contracts.notifications import FREE_TEXT
from libs.common.domain.names import plain_name
from libs.common.platform.db import Transaction
from libs.common.platform.ids import uuid7
from services.notifications.addresses.store import address_books
from services.notifications.consents.rules import OPEN
from services.notifications.consents.store import consents_of
from services.notifications.conversations.queries import ways_of
from services.notifications.conversations.rules import ANSWER_WITHIN, Way, choose
from services.notifications.conversations.schemas import WriteMessage
from services.notifications.conversations.store import Answer, News, Thread, publish_news, store_answer
from services.notifications.errors import (
    FreeTextClosedError,
    MessageRefusedError,
    UnknownChannelError,
    UnknownTemplateError,
    UnwritableTextError,
)
from services.notifications.feed.rules import FeedKind
from services.notifications.ladders.rules import Channel, Intent, Rung, Stop, Stopped, prepare
from services.notifications.messages.actions import templates_in_force
from services.notifications.sending.rules import Night, Sending
from services.notifications.sending.store import advertised, sending_of
from services.notifications.templates.rules import Rendered


@dataclass(frozen=True, slots=True)
class Conversing:
    """The thread that is written to, as its row says, and what is known of its customer."""

    id: UUID
    desk: str
    customer_id: UUID | None
    lead_id: UUID | None
    channel_id: UUID | None
    person: Mapping[str, str | None] | None
    zone: str | None
    name: str | None

    @classmethod
    def of(cls, row: Mapping[str, object]) -> "Conversing":
        return cls(**{name: row[name] for name in cls.__slots__})  # type: ignore[arg-type] # columns of the table


@dataclass(frozen=True, slots=True)
class Author:
    """The person who writes: their token's `sub`, who they are of the operators, and the role in which they do."""

    sub: str
    operator_id: UUID | None
    role: str | None


async def write_to_customer(
    tx: Transaction, thread: Conversing, given: WriteMessage, author: Author, cause: Cause, now: datetime
) -> UUID:
    """Store what is to be sent, and return its id. The caller commits.

    Raises UnknownChannelError, UnknownTemplateError, UnwritableTextError, FreeTextClosedError, MessageRefusedError.
    """
    if thread.customer_id is None:
        raise MessageRefusedError("customer_unknown")
    ways = (await ways_of(tx, [{"id": thread.id, "desk": thread.desk, "person": thread.person}], now))[thread.id]
    way = _chosen(ways, given.channel, thread.channel_id)
    if way.refusal is not None:
        raise MessageRefusedError(way.refusal)
    deadline, version = way.deadline(now) if given.template is None else now + ANSWER_WITHIN, None
    if given.template is None:
        rung = await _free_text(tx, thread, way, given, ways, author.role, now)
    else:
        rung, version = await _by_template(tx, thread, way, given, deadline, now)
    night = await _advertised(tx, thread, rung, now) if rung.marketing else None
    if night is not None:
        deadline = max(deadline, night.opens(now) + ANSWER_WITHIN)
    consent = (await consents_of(tx, [thread.customer_id])).get(thread.customer_id, OPEN)
    if (refusal := consent.refusal(marketing=rung.marketing)) is not None:
        raise MessageRefusedError(refusal)
    whose = Thread(thread.id, thread.desk, thread.customer_id)
    answer = Answer(
        uuid7(), whose, thread.lead_id, given.template or FREE_TEXT, version, rung, deadline,
        author.sub, author.operator_id, night,
    )  # fmt: skip
    await store_answer(tx, answer, cause, now)
    answered = FeedKind.MESSAGE_ANSWERED
    news = News(answered, answer.message_id, whose, thread.lead_id, author.operator_id)
    await publish_news(tx, [news], now)
    return answer.message_id


async def _advertised(tx: Transaction, thread: Conversing, rung: Rung, now: datetime) -> Night | None:
    """Return the quiet hours of an advertisement that a person sends. Raises MessageRefusedError over the cap."""
    sending = (await sending_of(tx.conn, [thread.desk])).get(thread.desk, Sending())
    place = thread.desk, rung.address
    most = sending.marketing_a_week
    if most is not None and (await advertised(tx, [place], now)).get(place, 0) >= most:
        raise MessageRefusedError(Stop.FREQUENCY_CAP)
    return None if thread.zone is None else sending.night(thread.zone, now, marketing=True)


def _chosen(ways: Sequence[Way], code: str | None, last: UUID | None) -> Way:
    if code is not None:
        named = next((way for way in ways if way.code == code), None)
        if named is None:
            raise UnknownChannelError([way.code for way in ways])
        return named
    way = choose(ways, last)
    if way is None:
        raise MessageRefusedError(Stop.NO_ADDRESS)
    return way


async def _free_text(
    tx: Transaction, thread: Conversing, way: Way, given: WriteMessage, ways: Sequence[Way], role: str | None,
    now: datetime,
) -> Rung:  # fmt: skip
    text = given.text or ""
    if not way.takes_text(role, now):
        templates = await templates_in_force(tx, thread.desk)
        open_ways = [one.code for one in ways if one.takes_text(role, now) and one.refusal is None]
        raise FreeTextClosedError(sorted(templates), open_ways)
    if len(text) > way.text:
        raise UnwritableTextError(way.text)
    return Rung(1, way.channel_id, way.kind, way.provider, way.address, Rendered(text, given.language.value))


async def _by_template(
    tx: Transaction, thread: Conversing, way: Way, given: WriteMessage, deadline: datetime, now: datetime
) -> tuple[Rung, int]:
    """Return a filled template, and its version."""
    code, templates, person = given.template or "", await templates_in_force(tx, thread.desk), thread.person or {}
    if code not in templates:
        raise UnknownTemplateError(sorted(templates))
    name = plain_name(person.get("name") or thread.name or "") or None
    values = {**given.variables, "name": name, "phone": person.get("phone"), "email": None}
    channel = Channel(way.channel_id, way.kind, way.provider, way.address, way.text, way.halted)
    intent = Intent(code, given.language.value, (way.kind,), values, deadline)
    books = await address_books(tx, {(thread.desk, way.address)})
    plan = prepare(intent, templates[code], [channel], books[thread.desk], now)
    if isinstance(plan, Stopped):
        raise MessageRefusedError(plan.code, plan.detail)
    return plan.rungs[0], plan.version
