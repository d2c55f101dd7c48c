"""In any order of answers and callbacks, each message ends in the one right state."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deploy.standins.wazzup.accounts import DEMO_CHANNEL
from libs.common.connect.command.rules import Outcome, Verdict
from libs.common.connect.command.store import Limits
from libs.common.platform.db import Database
from services.notifications.delivery.store import Claim, Result
from services.notifications.messages.rules import MessageState, advance
from services.notifications.webhooks.actions import apply_callbacks
from tests.notifications import support
from tests.notifications.support import callback, context, record, requested

LIMITS = Limits(16, timedelta(seconds=30))
STATES = {
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.READ,
    "error": MessageState.FAILED,
}
REPEAT = Outcome(Verdict.TAKEN, "REPEATED_CRM_MESSAGE_ID")
LOST = Outcome(Verdict.DOUBT, "no_answer")

Callbacks = st.lists(st.sampled_from(["echo", *STATES]), max_size=8)


async def claim(db: Database) -> Sequence[Claim]:
    return await support.claim(db, limits=LIMITS, repeat_window=40.0, unknown_after=600.0)


@dataclass
class Exchange:
    """One message with its provider id, and the answers and callbacks about it in any order."""

    db: Database
    claim: Claim
    name: str

    @classmethod
    async def begin(cls, db: Database) -> "Exchange":
        """Request and claim one message; each with its own person."""
        ctx = context(db, "http://127.0.0.1:9")
        phone = f"+79{uuid4().int % 10**9:09d}"
        await support.apply(ctx, requested(person={"name": "Анна", "phone": phone}))
        await ctx.transport.close()
        (found,) = await claim(db)
        return cls(db, found, str(uuid4()))

    async def answer(self, outcome: Outcome) -> None:
        await record(self.db, Result(self.claim, outcome))

    async def again(self) -> None:
        """Claim once more if the attempt is still to be repeated (an echo may have ended it)."""
        await self.db.pool.execute(
            "UPDATE attempt SET due_at = clock_timestamp() WHERE id = $1", self.claim.command_id
        )
        self.claim = next(iter(await claim(self.db)), self.claim)

    async def callback(self, report: str) -> None:
        at = datetime.now(UTC).isoformat()
        row = self.claim.details.row
        echo = {
            "messageId": self.name, "channelId": DEMO_CHANNEL, "chatId": row["address"], "text": row["text"],
            "isEcho": True, "dateTime": at,
        }  # fmt: skip
        status = {"messageId": self.name, "status": report, "timestamp": at, "error": {"error": "BAD_CONTACT"}}
        body = {"messages": [echo]} if report == "echo" else {"statuses": [status]}
        await callback(self.db, body)
        await self.look()

    async def look(self) -> None:
        await self.db.pool.execute("UPDATE callback SET look_at = clock_timestamp() WHERE state = 'new'")
        await apply_callbacks(self.db, 100, datetime.now(UTC))

    async def end(self) -> str:
        await self.look()
        await self.look()
        state: str = await self.db.pool.fetchval(
            "SELECT state FROM message WHERE id = $1", self.claim.details.message_id
        )
        return state


def highest(facts: Sequence[MessageState]) -> MessageState:
    state = MessageState.PENDING
    for fact in facts:
        state, _ = advance(state, fact, ())
    return state


async def published(db: Database, message_id: UUID) -> list[str]:
    rows = await db.pool.fetch(
        "SELECT type FROM outbox WHERE convert_from(body, 'utf8') LIKE $1", f"%{message_id}%"
    )
    return [row["type"] for row in rows]


@pytest.fixture
async def desk(notifications_db: Database) -> Database:
    await support.approved_template(notifications_db)
    await support.channel(notifications_db, rate_5s=10_000)
    return notifications_db


PROPERTY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@PROPERTY
@given(before=Callbacks, after=Callbacks)
async def test_callbacks_before_and_after_the_201_end_where_the_highest_says(
    desk: Database, before: list[str], after: list[str]
) -> None:
    exchange = await Exchange.begin(desk)
    for report in before:
        await exchange.callback(report)
    await exchange.answer(Outcome(Verdict.ACCEPTED, external_id=exchange.name))
    for report in after:
        await exchange.callback(report)
    reports = [MessageState.ACCEPTED, *(STATES[report] for report in before + after if report != "echo")]
    assert await exchange.end() == highest(reports)


@PROPERTY
@given(early=Callbacks, between=Callbacks, late=Callbacks)
async def test_a_lost_answer_ends_where_the_highest_says_once_an_echo_has_named_it(
    desk: Database, early: list[str], between: list[str], late: list[str]
) -> None:
    exchange = await Exchange.begin(desk)
    for reports, outcome in ((early, LOST), (between, REPEAT)):
        for report in reports:
            await exchange.callback(report)
        await exchange.answer(outcome)
        await exchange.again()
    for report in [*late, "echo"]:
        await exchange.callback(report)
    facts = [MessageState.ACCEPTED, *(STATES[report] for report in early + between + late if report != "echo")]
    assert await exchange.end() == highest(facts)


@PROPERTY
@given(reports=st.lists(st.sampled_from(["echo", *STATES]), min_size=1, max_size=12))
async def test_no_step_is_published_twice_in_any_order(desk: Database, reports: list[str]) -> None:
    exchange = await Exchange.begin(desk)
    await exchange.answer(Outcome(Verdict.ACCEPTED, external_id=exchange.name))
    for report in reports:
        await exchange.callback(report)
    types = await published(desk, exchange.claim.details.message_id)
    assert len(types) == len(set(types))
