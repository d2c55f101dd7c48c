"""Use cases of pushes: a browser subscribes and leaves, and new tasks are written down for it."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.connect.webpush import Browser
from libs.common.contracts import Received
from libs.common.platform.core import Core
from libs.common.platform.db import Database, Transaction
from libs.common.platform.http.language import Language, Text
from libs.common.platform.http.problems import Fault
from services.notifications.errors import NotFoundError, UnusableSubscriptionError
from services.notifications.feed.actions import Ended, FeedEvent, entries_of
from services.notifications.feed.queries import feed_of
from services.notifications.feed.rules import FeedKind
from services.notifications.pushes import store
from services.notifications.pushes.rules import NewTask, may_go
from services.notifications.pushes.schemas import SubscribeToPushes
from services.notifications.settings import NotificationsSettings

_UNKNOWN_SERVICE = Text("неизвестная служба push-уведомлений", "not an address of a push service that we know")
_NO_KEYS = Text("не ключи подписки браузера", "not the keys of a browser's subscription")


async def subscribe(
    core: Core,
    settings: NotificationsSettings,
    subject: str,
    wanted: SubscribeToPushes,
    language: Language,
) -> asyncpg.Record:
    """Keep a browser as one that the caller's new tasks are pushed to. Raises UnusableSubscriptionError."""
    operator_id = await feed_of(core.db, subject)
    if operator_id is None or settings.vapid is None:
        raise NotFoundError
    _check(wanted, settings)
    browser = store.Wanted(wanted.endpoint, wanted.keys.p256dh, wanted.keys.auth, language)
    async with core.db.begin() as tx:
        row = await store.keep(tx, operator_id, browser, core.keys, core.clock.now())
        if row is None:
            raise NotFoundError
        await tx.commit()
    return row


async def unsubscribe(db: Database, subject: str, subscription_id: UUID) -> asyncpg.Record:
    """End a subscription of the caller."""
    operator_id = await feed_of(db, subject)
    async with db.begin() as tx:
        row = None if operator_id is None else await store.forget(tx, subscription_id, operator_id)
        if row is None:
            raise NotFoundError
        await tx.commit()
    return row


async def push_new_tasks(tx: Transaction, events: Sequence[Received[FeedEvent]], now: datetime) -> bool:
    """Write down for browsers that their operators have got tasks; return whether any is to be called."""
    tasks = [
        NewTask(
            operator_id=operator_id,
            event_id=e.event_id,
            task_id=e.data.task_id,
            lead_id=e.data.lead_id,
            title=e.data.title.model_dump(),
            order_number=getattr(e.data, "order_number", None),
            due_at=e.data.due_at,
            at=e.time,
            traceparent=e.cause.traceparent,
        )
        for e in events
        for operator_id, kind in entries_of(e.data)
        if kind is FeedKind.TASK_ASSIGNED and operator_id and not isinstance(e.data, Ended) and e.data.title
    ]
    return await store.add(tx, tasks, now)


def _check(wanted: SubscribeToPushes, settings: NotificationsSettings) -> None:
    faults = []
    if not may_go(wanted.endpoint, settings.push_services, settings.standins):
        faults.append(Fault("/endpoint", "unknown_push_service", _UNKNOWN_SERVICE))
    try:
        Browser.parse(wanted.keys.p256dh, wanted.keys.auth)
    except ValueError:
        faults.append(Fault("/keys", "unusable_keys", _NO_KEYS))
    if faults:
        raise UnusableSubscriptionError(faults)
