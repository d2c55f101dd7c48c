"""What keeps a message from being withdrawn, and from leaving again once it was (P.15)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import assert_never
from uuid import UUID

from libs.common.domain.plans import BulkMemberState
from services.notifications.ladders.rules import Passed, Rung, Stop, next_rung
from services.notifications.messages.rules import MessageState
from services.notifications.sending.rules import Night

LARGEST = 1000  # members of one bulk action


class MessageBulkKind(StrEnum):
    """What is done to each message: it is withdrawn, and does not leave."""

    WITHDRAW = "withdraw"


class Note(StrEnum):
    """Why a message stays as it is."""

    ON_ITS_WAY = "on_its_way"  # its provider is being asked, or may have it
    SENT = "sent"
    DOUBTFUL = "doubtful"  # it may have arrived
    ENDED = "ended"  # it failed, or was withdrawn before
    UNWANTED = "unwanted"  # its playbook has withdrawn it too
    DEADLINE_PASSED = "deadline_passed"
    FAILED = "failed"  # of an error of ours, which the log names


@dataclass(frozen=True, slots=True)
class Member:
    """A message, as planned, and what came of it; `note` says why it stays: a `Note`, or what bars its address."""

    position: int
    message_id: UUID
    lead_id: UUID | None
    purpose: str
    template: str
    channel: str
    state: BulkMemberState = BulkMemberState.PLANNED
    note: str | None = None


def obstacle(state: MessageState, *, offered: bool) -> Note | None:
    """Return why a message cannot be withdrawn; `offered`: its provider may have it already."""
    match state:
        case MessageState.PENDING:
            return Note.ON_ITS_WAY if offered else None
        case MessageState.ACCEPTED | MessageState.SENT | MessageState.DELIVERED | MessageState.READ:
            return Note.SENT
        case MessageState.UNKNOWN:
            return Note.DOUBTFUL
        case MessageState.FAILED:
            return Note.ENDED
        case _:
            assert_never(state)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """A message that may leave again by `rungs`; `unwanted`: its playbook has withdrawn it too."""

    state: MessageState
    code: str | None
    unwanted: bool
    deadline: datetime | None
    rungs: tuple[Rung, ...]
    passed: tuple[Passed, ...]
    night: Night | None = None


@dataclass(frozen=True, slots=True)
class Again:
    """The rung that a message leaves by after all, and the others."""

    rung: Rung
    ahead: tuple[Rung, ...]
    passed: tuple[Passed, ...]


def again(found: Withdrawn, left_out: Callable[[Rung], str | None], now: datetime) -> Again | str:
    """Decide how a withdrawn message leaves after all, or why it does not."""
    if (found.state, found.code) != (MessageState.FAILED, Stop.WITHDRAWN):
        return Note.ENDED
    if found.unwanted:
        return Note.UNWANTED
    if found.deadline is not None and found.deadline <= now:
        return Note.DEADLINE_PASSED
    rung, ahead, barred = next_rung(found.rungs, left_out)
    if rung is None:
        return barred[0].code
    before = tuple(one for one in found.passed if one.number != found.rungs[0].number)
    return Again(rung, ahead, (*before, *barred))
