"""The events that notifications reads, and the use case of each."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar, cast

from libs.common.contracts import (
    EventData,
    Received,
    Topic,
    assignment,
    consents,
    erasures,
    intake,
    masking,
    notices,
    tasks,
)
from libs.common.messaging.inbox import Subscriptions, UseCase
from libs.common.platform.db import Transaction
from libs.common.platform.erasure.actions import note_erasures, sparing
from libs.common.platform.masking import project_masking
from services.notifications.consents.actions import follow_consents
from services.notifications.context import Context
from services.notifications.conversations.store import follow_partners
from services.notifications.erasures.store import make_key
from services.notifications.feed.actions import FeedEvent, add_calls, add_to_feeds, store_operators
from services.notifications.leads.actions import follow_leads
from services.notifications.leads.convert import LeadEvent
from services.notifications.merges.actions import follow_leads_merged, follow_merges
from services.notifications.messages.actions import request_messages
from services.notifications.pushes.actions import push_new_tasks
from services.notifications.received.actions import resolve_messages
from services.notifications.withdrawals.actions import withdraw_messages

E = TypeVar("E", bound=EventData)

#: The events of people that a release before this one left on assignment's topic are read there.
TOPICS = (Topic.TASKS, Topic.PEOPLE, Topic.PARTIES, Topic.ASSIGNMENT)


#: Not applied once their lead or customer is erased: they bring the person, or write to them.
OF_PERSONS = (
    tasks.MessageRequested,
    tasks.TaskAssigned,
    tasks.TaskTaken,
    tasks.TaskReassigned,
    tasks.TaskLent,
    tasks.TaskReturned,
    tasks.TaskReleased,
    tasks.TaskOverdue,
    notices.TaskReminded,
    notices.CallRinging,
    intake.MessageResolved,
)


def table(ctx: Context) -> Subscriptions:
    """Return the use case of each event type."""

    async def messages(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        requests = cast("Sequence[Received[tasks.MessageRequested]]", events)
        if await request_messages(tx, requests, ctx.core.clock.now()):
            tx.after_commit("sender", ctx.due.set)

    async def withdrawals(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        withdrawn = cast("Sequence[Received[tasks.MessageWithdrawn]]", events)
        await withdraw_messages(tx, withdrawn, ctx.core.clock.now())

    async def feed(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await _follow_work(ctx, tx, events)

    async def consenting(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await follow_consents(tx, cast("Sequence[Received[consents.ConsentChanged]]", events), ctx.core.clock.now())

    async def merged(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await follow_leads_merged(tx, cast("Sequence[Received[notices.WorkMerged]]", events), ctx.core.clock.now())

    return {
        tasks.MessageRequested.event_type: messages,
        tasks.MessageWithdrawn.event_type: withdrawals,
        tasks.TaskAssigned.event_type: feed,
        tasks.TaskTaken.event_type: feed,
        tasks.TaskReassigned.event_type: feed,
        tasks.TaskLent.event_type: feed,
        tasks.TaskReturned.event_type: feed,
        tasks.TaskReleased.event_type: feed,
        tasks.TaskCompleted.event_type: feed,
        tasks.TaskFailed.event_type: feed,
        tasks.TaskDeferred.event_type: feed,
        tasks.LeadOwnerChanged.event_type: feed,
        tasks.TaskOverdue.event_type: feed,
        notices.TaskReminded.event_type: feed,
        notices.CallRinging.event_type: add_calls,
        notices.WorkMerged.event_type: merged,
        intake.MessageResolved.event_type: _of_one_type(resolve_messages),
        intake.CustomerMerged.event_type: _of_one_type(follow_merges),
        consents.ConsentChanged.event_type: consenting,
        masking.MaskingChanged.event_type: project_masking,
        intake.PartnerChanged.event_type: _of_one_type(follow_partners),
        assignment.OperatorChanged.event_type: _of_one_type(store_operators),
    }


def subscriptions(ctx: Context) -> Subscriptions:
    """Return the table, which spares who is erased."""

    async def erased(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await make_key(tx, ctx.core.clock.now())
        await note_erasures(tx, events)

    return sparing({**table(ctx), erasures.CustomerErased.event_type: erased}, OF_PERSONS)


def _of_one_type(apply: Callable[[Transaction, Sequence[Received[E]]], Awaitable[object]]) -> UseCase:
    """Return the use case of the events of one type, which `apply` knows."""

    async def use_case(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await apply(tx, cast("Sequence[Received[E]]", events))

    return use_case


async def _follow_work(ctx: Context, tx: Transaction, events: Sequence[Received[EventData]]) -> None:
    """Write what happened to tasks into feeds, push new ones to browsers, and keep who works which lead."""
    shown = cast("Sequence[Received[FeedEvent]]", [e for e in events if isinstance(e.data, FeedEvent)])
    await add_to_feeds(tx, shown)
    if await push_new_tasks(tx, shown, ctx.core.clock.now()):
        tx.after_commit("pushes", ctx.pushes.set)
    followed = [event for event in events if isinstance(event.data, LeadEvent)]
    await follow_leads(tx, cast("Sequence[Received[LeadEvent]]", followed))
