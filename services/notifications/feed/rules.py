"""The kinds of entries of a feed."""

from datetime import datetime, timedelta
from enum import StrEnum


class FeedKind(StrEnum):
    """What an entry says to its operator; these codes are stored."""

    TASK_ASSIGNED = "task_assigned"  # they have got a task
    TASK_TAKEN = "task_taken"
    TASK_REMINDED = "task_reminded"
    TASK_CLOSED = "task_closed"  # one that they had, by whom it may be
    TASK_MOVED = "task_moved"  # another has what they had
    TASK_OVERDUE = "task_overdue"
    TASK_RELEASED = "task_released"  # no operator has what they had
    MESSAGE_RECEIVED = "message_received"  # the customer of a lead that they work wrote
    MESSAGE_ANSWERED = "message_answered"  # that customer was answered, by whom it may be
    MESSAGE_FAILED = "message_failed"  # what was answered has not arrived
    CALL_RINGING = "call_ringing"  # a customer calls, and their telephone rings


#: Kinds that end what an operator has of a task.
OVER = (FeedKind.TASK_CLOSED, FeedKind.TASK_MOVED, FeedKind.TASK_RELEASED)
#: Kinds of entries about a message: they name no task.
OF_MESSAGES = (FeedKind.MESSAGE_RECEIVED, FeedKind.MESSAGE_ANSWERED, FeedKind.MESSAGE_FAILED)
#: Kinds that name neither task nor due time.
OF_NO_TASK = (*OF_MESSAGES, FeedKind.CALL_RINGING)
#: How long a telephone is taken to ring: meanwhile it shows the number itself.
RINGS = timedelta(minutes=5)


def rings(kind: str, at: datetime, now: datetime) -> bool:
    """Return whether an entry is of a telephone that rings now; the clock of an exchange may be ahead of ours."""
    return kind == FeedKind.CALL_RINGING and abs(now - at) < RINGS
