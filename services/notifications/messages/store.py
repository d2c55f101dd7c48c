"""SQL that moves messages and publishes each step once: for answers, callbacks and time-outs alike."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from uuid import UUID

import asyncpg

from libs.common.contracts.shared import MessageProgress
from libs.common.messaging import outbox
from libs.common.platform import faultpoints
from libs.common.platform.db import Transaction
from services.notifications.conversations.store import not_arrived
from services.notifications.ladders.convert import passed_as_json
from services.notifications.ladders.rules import Rung
from services.notifications.ladders.store import Step, fall, next_step, prospects, take_back
from services.notifications.messages.convert import course_of, step_event
from services.notifications.messages.rules import Course, Fact, MessageState
from services.notifications.sending.rules import Night
from services.notifications.sending.store import night_of

LOCK = """
SELECT id, desk, lead_id, key, process_id, template, template_version, purpose, channel, provider, state, published,
       code, detail, deadline, withdrawn_at, night, rung, ahead, passed, correlation_id, causation_id, traceparent,
       customer_id, author, operator_id, requested_at
FROM message WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE
"""
MOVE = """
UPDATE message m
SET state = t.state, published = string_to_array(t.published, ','), code = t.code, detail = t.detail,
    passed = t.passed, changed_at = $7
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[])
     AS t (id, state, published, code, detail, passed)
WHERE m.id = t.id
"""

Known = tuple[UUID, int, Fact]  # a message, its rung, and what became known of that


async def apply_facts(tx: Transaction, facts: Sequence[Known], now: datetime) -> None:
    """Apply facts to their messages in the caller's transaction and publish each new step once.

    A message that has failed by one rung goes on by the next; the attempt that failed is refused already.
    """
    if not facts:
        return
    rows = await tx.conn.fetch(LOCK, list({message_id for message_id, _, _ in facts}))
    courses = {row["id"]: (row, course_of(row)) for row in rows}
    failed = {message_id for message_id, _, fact in facts if fact.state is MessageState.FAILED}
    left_out = await _prospects(tx, [courses[message_id] for message_id in failed], now)
    for message_id, rung, fact in facts:
        row, course = courses[message_id]
        course.learn(rung, fact, partial(left_out, row["desk"]), now)
    await _write(tx, list(courses.values()), now)
    if steps := [_step(row["id"], one, one.rung, night_of(row), now) for row, one in courses.values() if one.rung]:
        faultpoints.reach("ladder.falling")
        await fall(tx, steps)
    await take_back(tx, [row["id"] for row, course in courses.values() if course.arrived])


async def publish_stopped(tx: Transaction, stopped: Sequence[UUID], now: datetime) -> None:
    """Publish the failure of messages that were stored as failed and never sent."""
    if not stopped:
        return
    rows = await tx.conn.fetch(LOCK, list(stopped))
    courses = [(row, course_of(row)) for row in rows]
    for _, course in courses:
        course.steps.append((MessageProgress.FAILED, course.via))
        course.published.append(MessageProgress.FAILED)
    await _write(tx, courses, now)


async def _prospects(
    tx: Transaction, failing: Sequence[tuple[asyncpg.Record, Course]], now: datetime
) -> Callable[[str, Rung], str | None]:
    ahead: dict[str, list[Rung]] = {}
    for row, course in failing:
        ahead.setdefault(row["desk"], []).extend(course.ahead)
    return await prospects(tx, ahead, now)


def _step(message_id: UUID, course: Course, rung: Rung, night: Night | None, now: datetime) -> Step:
    return next_step(message_id, rung, course.ahead, course.passed, course.deadline, night, now)


async def _write(tx: Transaction, courses: Sequence[tuple[asyncpg.Record, Course]], now: datetime) -> None:
    await tx.conn.execute(
        MOVE,
        [row["id"] for row, _ in courses],
        [course.state for _, course in courses],
        [",".join(course.published) for _, course in courses],
        [course.code for _, course in courses],
        [course.detail for _, course in courses],
        [passed_as_json(course.passed) for _, course in courses],
        now,
    )
    events = [step_event(row, step, via, course, now) for row, course in courses for step, via in course.steps]
    await outbox.add(tx, events)
    written = [(row, course) for row, course in courses if row["author"] is not None]
    failed = [row for row, course in written if MessageProgress.FAILED in {step for step, _ in course.steps}]
    if failed:
        await not_arrived(tx, failed, now)
