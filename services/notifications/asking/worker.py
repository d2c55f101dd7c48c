"""The polls of notifications: one per channel at a provider that can be asked how messages are doing."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import chain
from typing import TypeAlias
from uuid import UUID

from libs.common.connect.exchange import HttpRequest, Reply
from libs.common.connect.poll.loop import Page, PollLoop
from libs.common.connect.poll.store import Cursor, Leased
from libs.common.platform.db import Transaction
from libs.common.platform.worker import Watch
from services.notifications.asking import store
from services.notifications.context import Context
from services.notifications.delivery.store import RECHECK_CALLBACKS
from services.notifications.messages.rules import Fact, MessageState
from services.notifications.messages.store import apply_facts
from services.notifications.providers.base import Adapter
from services.notifications.providers.registry import PROVIDERS
from services.notifications.providers.values import Outbound, Reading, Report
from services.notifications.webhooks.store import Body, Origin, store_reports

CALLS = 10  # about accepted attempts, in one round
EVERY = timedelta(seconds=5)
UNREADABLE = "unreadable"

ASKED = frozenset(code for code, one in PROVIDERS.items() if one.is_asked())


@dataclass(frozen=True, slots=True)
class Learnt:
    """What one call has brought: about these attempts."""

    attempts: Sequence[UUID]
    reports: Sequence[Report] = ()
    external_id: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """A call about accepted attempts, by their ids at the provider."""

    request: HttpRequest
    attempts: Sequence[UUID]
    external_ids: Sequence[str]

    def read(self, adapter: Adapter, reply: Reply) -> Learnt | None:
        reports = adapter.statuses(reply, self.external_ids)
        return None if reports is None else Learnt(self.attempts, reports)


@dataclass(frozen=True, slots=True)
class LookUp:
    """A call about one attempt whose answer was lost."""

    request: HttpRequest
    attempt: UUID
    message: Outbound

    def read(self, adapter: Adapter, reply: Reply) -> Learnt | None:
        return Learnt([self.attempt], external_id=adapter.found(reply, self.message))


Question: TypeAlias = Progress | LookUp


@dataclass(frozen=True)
class Round:
    """One channel's questions."""

    adapter: Adapter
    questions: Sequence[Question]
    every: timedelta = field(default=EVERY)

    def requests(self, cursor: Cursor) -> Sequence[HttpRequest]:
        del cursor
        return [question.request for question in self.questions]

    def read(self, replies: Sequence[Reply], cursor: Cursor) -> Page[Learnt]:
        del cursor
        asked = zip(self.questions[: len(replies)], replies, strict=True)
        learnt = [question.read(self.adapter, reply) for question, reply in asked]
        code = UNREADABLE if None in learnt else ""
        return Page([one for one in learnt if one is not None], None, code)


class Asking:
    """What polls ask and do with the answers."""

    kinds = tuple(PROVIDERS)

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx

    async def open(self, leased: Leased) -> Round | None:
        core, provider = self._ctx.core, PROVIDERS.get(leased.kind)
        if provider is None:
            return None
        most = provider.limits.asked_together * CALLS
        async with core.db.begin() as tx:
            row, accepted, waiting = await store.due(tx, UUID(leased.name), most)
            await tx.commit()
        if row is None:
            return None
        adapter = self._ctx.adapters.of(row["id"], row)
        known = [(one["id"], one["provider_message_id"]) for one in accepted]
        lost = [
            (
                one["id"],
                Outbound(
                    str(one["id"]), one["reference"], one["address"], one["text"], offered_at=one["offered_at"]
                ),
            )
            for one in waiting
        ]
        return Round(adapter, [*_progress(adapter, known), *_look_ups(adapter, lost)])

    async def apply(self, tx: Transaction, leased: Leased, facts: Sequence[Learnt]) -> None:
        channel = await store.channel_of(tx, UUID(leased.name)) if facts else None
        if channel is None:
            return
        now = self._ctx.core.clock.now()
        reports = list(chain.from_iterable(one.reports for one in facts))
        await store_reports(tx, [Body(Origin.of(channel), Reading(reports), b"", now)])
        await store.asked(tx, [attempt for one in facts for attempt in one.attempts])
        rows = await store.found(tx, _unambiguous(facts))
        await tx.conn.execute(RECHECK_CALLBACKS, [row["provider_message_id"] for row in rows])
        await apply_facts(tx, [(row["message_id"], row["rung"], Fact(MessageState.ACCEPTED)) for row in rows], now)


def _progress(adapter: Adapter, known: Sequence[tuple[UUID, str]]) -> Iterator[Progress]:
    together = adapter.limits.asked_together
    for first in range(0, len(known), max(together, 1)):
        part = known[first : first + together]
        external_ids = [external_id for _, external_id in part]
        if request := adapter.ask(external_ids):
            yield Progress(request, [attempt for attempt, _ in part], external_ids)


def _look_ups(adapter: Adapter, lost: Sequence[tuple[UUID, Outbound]]) -> Iterator[LookUp]:
    for attempt, message in lost:
        if request := adapter.look_up(message):
            yield LookUp(request, attempt, message)


def _unambiguous(facts: Sequence[Learnt]) -> dict[UUID, str]:
    """Return what was found, without an id that two attempts would have."""
    found = [(one.attempts[0], one.external_id) for one in facts if one.external_id is not None]
    ids = [external_id for _, external_id in found]
    return {attempt: external_id for attempt, external_id in found if ids.count(external_id) == 1}


def polls(ctx: Context, watch: Watch) -> "PollLoop[Learnt]":
    """Return the loop of polls."""
    core = ctx.core
    calls = CALLS + store.MOST
    duration = timedelta(seconds=ctx.settings.send_timeout * calls + 10)
    return PollLoop(core.db, core.clock, ctx.transport, Asking(ctx), duration, watch)
