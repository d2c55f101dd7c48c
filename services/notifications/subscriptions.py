"""The events that notifications reads, and the use case of each."""

from collections.abc import Sequence
from typing import cast

from libs.common.contracts import EventData, Received, Topic, assignment, notices, tasks
from libs.common.messaging.inbox import UseCase
from libs.common.platform.db import Transaction
from services.notifications.context import Context
from services.notifications.feed.actions import FeedEvent, add_to_feeds, store_operators
from services.notifications.messages.actions import request_messages
from services.notifications.withdrawals.actions import withdraw_messages

#: The events of people that a release before this one left on assignment's topic are read there.
TOPICS = (Topic.TASKS, Topic.PEOPLE, Topic.ASSIGNMENT)


def subscriptions(ctx: Context) -> dict[str, UseCase]:
    """Return the use case of each event type."""

    async def messages(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        requests = cast("Sequence[Received[tasks.MessageRequested]]", events)
        if await request_messages(tx, requests, ctx.core.clock.now()):
            tx.after_commit("sender", ctx.due.set)

    async def withdrawals(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        withdrawn = cast("Sequence[Received[tasks.MessageWithdrawn]]", events)
        await withdraw_messages(tx, withdrawn, ctx.core.clock.now())

    async def feed(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await add_to_feeds(tx, cast("Sequence[Received[FeedEvent]]", events))

    async def operators(tx: Transaction, events: Sequence[Received[EventData]]) -> None:
        await store_operators(tx, cast("Sequence[Received[assignment.OperatorChanged]]", events))

    return {
        tasks.MessageRequested.event_type: messages,
        tasks.MessageWithdrawn.event_type: withdrawals,
        tasks.TaskAssigned.event_type: feed,
        tasks.TaskTaken.event_type: feed,
        tasks.TaskReassigned.event_type: feed,
        tasks.TaskLent.event_type: feed,
        tasks.TaskReturned.event_type: feed,
        notices.TaskReminded.event_type: feed,
        assignment.OperatorChanged.event_type: operators,
    }
