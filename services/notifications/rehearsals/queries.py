"""What would become of a message: the consumer's use case on a request, taken back."""

from collections.abc import AsyncIterator
from datetime import datetime

import asyncpg

from libs.common.contracts import Cause, Received
from libs.common.messaging.inbox.rehearsal import rehearsed
from libs.common.platform.db import Connection
from libs.common.platform.ids import uuid7
from services.notifications.addresses.rules import plain, window_open
from services.notifications.context import Context
from services.notifications.ladders.convert import passed_of, rungs_of
from services.notifications.ladders.rules import Passed, Rung, Stop
from services.notifications.providers.registry import PROVIDERS
from services.notifications.rehearsals.schemas import MessageRehearsal, MessageRehearsalIn, RehearsedRung
from services.notifications.subscriptions import subscriptions
from services.notifications.templates.convert import parts_of
from services.notifications.templates.rules import Rendered

MESSAGE = """
SELECT m.*, a.channel_id, a.not_before FROM message m LEFT JOIN attempt a ON a.message_id = m.id WHERE m.id = $1
"""
CHANNEL = """
SELECT c.halted_at IS NOT NULL AS halted,
       (SELECT heard_at FROM conversation WHERE channel_id = c.id AND address = $2) AS heard_at
FROM channel c WHERE c.id = $1
"""
WINDOW_CLOSED = "window_closed"  # free text is not allowed, and no template is registered


async def rehearse(ctx: Context, given: MessageRehearsalIn, cause: Cause) -> MessageRehearsal:
    """Return what would become of a message, were it asked for now. Raises EventRefusedError."""
    message_id, now = uuid7(), ctx.core.clock.now()
    # A message of its own: one that was sent, or withdrawn, is another.
    message = given.message.model_copy(update={"message_id": message_id, "dedupe_key": f"rehearsal:{message_id}"})
    event = Received(uuid7(), f"lead:{message.lead_id}", given.desk, now, 1, cause, message)
    async with rehearsed(ctx.core.db, subscriptions(ctx)[message.event_type], [event]) as conn:
        [row] = await conn.fetch(MESSAGE, message_id)  # each request is a message
        rungs = [rung async for rung in _rungs(conn, row, now)]
    return MessageRehearsal(
        desk=given.desk,
        customer_id=message.customer_id,
        at=row["not_before"] or now,
        rungs=tuple(sorted(rungs, key=lambda rung: rung.number)),
        **{
            name: row[name]
            for name in ("template", "template_version", "deadline", "state", "code", "detail", "night")
        },
    )


async def _rungs(conn: Connection, row: asyncpg.Record, now: datetime) -> AsyncIterator[RehearsedRung]:
    for passed in passed_of(row["passed"]):
        yield _left_out(passed)
    if row["channel_id"] is None:
        return
    first = Rung(
        row["rung"], row["channel_id"], row["channel"], row["provider"], row["address"],
        Rendered(row["text"], row["language"], parts_of(row["parts"])),
    )  # fmt: skip
    for rung in (first, *rungs_of(row["ahead"])):
        yield _tried(rung, await _hindrance(conn, rung, now))


async def _hindrance(conn: Connection, rung: Rung, now: datetime) -> str | None:
    """Return why a rung that is to be tried would not succeed now."""
    channel = await conn.fetchrow(CHANNEL, rung.channel_id, plain(rung.address))
    if channel is None or channel["halted"]:
        return Stop.CHANNEL_HALTED
    is_open = window_open(channel["heard_at"], PROVIDERS[rung.provider].limits.window, now)
    return None if is_open or rung.rendered.parts is not None else WINDOW_CLOSED


def _tried(rung: Rung, code: str | None) -> RehearsedRung:
    parts = rung.rendered.parts
    return RehearsedRung(
        number=rung.number,
        channel=rung.kind,
        provider=rung.provider,
        address=rung.address,
        text=rung.rendered.text,
        language=rung.rendered.language,
        segments=rung.segments,
        registered=None if parts is None else parts.name,
        code=code,
    )


def _left_out(passed: Passed) -> RehearsedRung:
    return RehearsedRung(
        number=passed.number, channel=passed.kind, provider=passed.provider, address=None, text=None, language=None,
        segments=None, registered=None, code=passed.code,
    )  # fmt: skip
