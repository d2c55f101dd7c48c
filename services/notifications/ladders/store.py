"""SQL of rungs: attempts by a channel, the rung that a message is on, and what is known of those ahead."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from uuid import UUID

from libs.common.platform.db import Transaction
from libs.common.platform.db.bulk import Bulk
from libs.common.platform.ids import uuid7
from services.notifications.addresses.store import address_books
from services.notifications.ladders.convert import passed_as_json, rungs_as_json
from services.notifications.ladders.rules import Passed, Rung, Stop, rung_deadline
from services.notifications.providers.registry import PROVIDERS
from services.notifications.sending.rules import Night
from services.notifications.templates.convert import parts_as_json

USABLE = "SELECT id FROM channel WHERE id = ANY($1::uuid[]) AND active AND halted_at IS NULL"
# What nothing has left for yet is taken back; one that is being sent has its own answer.
TAKE_BACK = """
UPDATE attempt SET state = 'refused', code = 'arrived_before'
WHERE id IN (SELECT id FROM attempt
             WHERE message_id = ANY($1::uuid[]) AND state IN ('pending', 'held') AND offered_at IS NULL
             FOR UPDATE SKIP LOCKED)
"""


@dataclass(frozen=True, slots=True)
class Step:
    """A message that goes on by a rung until `expires_at` (business time); `ahead` and `passed` are the others.

    `not_before`: until when it is held, for it is night where the customer is.
    """

    message_id: UUID
    rung: Rung
    ahead: tuple[Rung, ...]
    passed: tuple[Passed, ...]
    expires_at: datetime | None
    not_before: datetime | None = None

    @property
    def parts(self) -> Mapping[str, object] | None:
        parts = self.rung.rendered.parts
        return None if parts is None else parts_as_json(parts)

    @property
    def ahead_as_json(self) -> Sequence[object]:
        return rungs_as_json(self.ahead)

    @property
    def passed_as_json(self) -> Sequence[object]:
        return passed_as_json(self.passed)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """A new attempt of a step; its id is its key at the provider."""

    attempt_id: UUID
    step: Step

    @property
    def reference(self) -> str | None:
        rung = self.step.rung
        return PROVIDERS[rung.provider].reference(str(self.attempt_id), rung.address)

    @property
    def paced(self) -> bool:
        return PROVIDERS[self.step.rung.provider].limits.pair_interval is not None


STEPS: Bulk[Step] = Bulk(
    "message",
    (
        ("message_id", "uuid", attrgetter("message_id")),
        ("rung", "int", attrgetter("rung.number")),
        ("channel", "text", attrgetter("rung.kind")),
        ("provider", "text", attrgetter("rung.provider")),
        ("address", "text", attrgetter("rung.address")),
        ("language", "text", attrgetter("rung.rendered.language")),
        ("text", "text", attrgetter("rung.rendered.text")),
        ("parts", "jsonb", attrgetter("parts")),
        ("segments", "int", attrgetter("rung.segments")),
        ("ahead", "jsonb", attrgetter("ahead_as_json")),
        ("passed", "jsonb", attrgetter("passed_as_json")),
    ),
)
FALL = f"""
UPDATE message m
SET rung = n.rung, channel = n.channel, provider = n.provider, address = n.address, language = n.language,
    text = n.text, parts = n.parts, segments = n.segments, ahead = n.ahead, passed = n.passed
FROM {STEPS.source()} WHERE m.id = n.message_id
"""  # noqa: S608 - columns of our own
ATTEMPTS: Bulk[_Attempt] = Bulk(
    "attempt",
    (
        ("id", "uuid", attrgetter("attempt_id")),
        ("message_id", "uuid", attrgetter("step.message_id")),
        ("rung", "int", attrgetter("step.rung.number")),
        ("channel_id", "uuid", attrgetter("step.rung.channel_id")),
        ("address", "text", attrgetter("step.rung.address")),
        ("reference", "text", attrgetter("reference")),
        ("expires_at", "timestamptz", attrgetter("step.expires_at")),
        ("not_before", "timestamptz", attrgetter("step.not_before")),
        ("paced", "boolean", attrgetter("paced")),
    ),
)
ADD = f"""
INSERT INTO attempt (desk, number, state, code, due_at, tries, {ATTEMPTS.names})
SELECT m.desk, coalesce((SELECT max(number) FROM attempt WHERE message_id = m.id), 0) + 1,
       CASE WHEN n.not_before IS NULL THEN 'pending' ELSE 'held' END,
       CASE WHEN n.not_before IS NOT NULL THEN 'quiet_hours' END, clock_timestamp(), 0, n.*
FROM {ATTEMPTS.source()} JOIN message m ON m.id = n.message_id
"""  # noqa: S608 - columns of our own


def next_step(
    message_id: UUID,
    rung: Rung,
    ahead: tuple[Rung, ...],
    passed: tuple[Passed, ...],
    deadline: datetime | None,
    night: Night | None,
    now: datetime,
) -> Step:
    """Return the step of a message by a rung: held while it is night there, and counted from the morning."""
    opens = now if night is None else night.opens(now)
    expires_at = rung_deadline(deadline, last=not ahead, now=opens)
    return Step(message_id, rung, ahead, passed, expires_at, opens if opens > now else None)


async def begin(tx: Transaction, steps: Sequence[Step]) -> None:
    """Make the attempts of steps, due at once unless they are held."""
    attempts = [_Attempt(uuid7(), step) for step in steps]
    await tx.conn.execute(ADD, *ATTEMPTS.arrays(attempts))


async def fall(tx: Transaction, steps: Sequence[Step]) -> None:
    """Let messages go on by their next rung."""
    await tx.conn.execute(FALL, *STEPS.arrays(steps))
    await begin(tx, steps)


async def take_back(tx: Transaction, messages: Sequence[UUID]) -> None:
    """Send nothing more of messages that have arrived."""
    if messages:
        await tx.conn.execute(TAKE_BACK, messages)


async def prospects(
    tx: Transaction, ahead: Mapping[str, Sequence[Rung]], now: datetime
) -> Callable[[str, Rung], str | None]:
    """Return what says why a desk's rung cannot be tried now; `ahead` are the rungs that it will be asked for."""
    rungs = [(desk, rung) for desk, some in ahead.items() for rung in some]
    if not rungs:
        return lambda _, __: None
    books = await address_books(tx, {(desk, rung.address) for desk, rung in rungs})
    rows = await tx.conn.fetch(USABLE, list({rung.channel_id for _, rung in rungs}))
    usable = {row["id"] for row in rows}

    def left_out(desk: str, rung: Rung) -> str | None:
        halted = None if rung.channel_id in usable else Stop.CHANNEL_HALTED
        return rung.barred(books[desk], now) or halted

    return left_out
