"""When a channel is dead, and what says nothing of it."""

import pytest

from libs.common.connect.command.rules import (
    CLAIMED_TOO_SLOWLY,
    Accepted,
    Class,
    Outcome,
    Refused,
    Unclear,
    Verdict,
    judge,
)
from services.notifications.autopilot.rules import Death, End, Health, end_of_call, end_of_report, why_dead


@pytest.mark.parametrize(
    ("health", "why"),
    [
        (Health({End.UNANSWERED: 6, End.REFUSED: 4}), Death.FAILING),
        (Health({End.UNANSWERED: 9}), None),
        (Health({End.UNANSWERED: 18, End.ACCEPTED: 2}), Death.FAILING),
        (Health({End.UNANSWERED: 18, End.ACCEPTED: 3}), None),
        (Health({End.UNANSWERED: 18, End.DELIVERED: 3}), None),
        (Health({End.ACCEPTED: 50, End.LOST: 10}), Death.UNDELIVERED),
        (Health({End.ACCEPTED: 50, End.LOST: 10, End.DELIVERED: 2}), None),
        (Health({End.ACCEPTED: 50}, overdue=10, heard_before=1), Death.SILENT),
        (Health({End.ACCEPTED: 50}, overdue=10, heard=1, heard_before=1), None),
        (Health({End.ACCEPTED: 50}, overdue=10), None),
        (Health({End.ACCEPTED: 50, End.LOST: 10}, overdue=10, heard_before=1, confirms=False), None),
        (Health({}), None),
    ],
)
def test_a_channel_is_dead_when_hardly_anything_of_enough_comes_through(health: Health, why: Death | None) -> None:
    assert why_dead(health) is why


@pytest.mark.parametrize(
    ("answer", "end"),
    [
        (Accepted("1"), End.ACCEPTED),
        (Refused(None, "what_is_this"), End.REFUSED),
        (Refused(Class.RETRY, "busy"), End.REFUSED),
        (Refused(Class.CONFIGURATION, "no_money"), End.REFUSED),
        (Unclear("timeout"), End.UNANSWERED),
        (Unclear("no_connection", arrived=False), End.UNANSWERED),
        (Refused(Class.RECIPIENT, "not_there"), None),
        (Refused(Class.MESSAGE, "too_long"), None),
        (Refused(Class.RETRY_SLOWLY, "429"), None),
        (Refused(Class.PAUSE, "quiet_hours"), None),
    ],
)
def test_what_lies_in_the_message_or_its_recipient_says_nothing_of_the_channel(
    answer: Accepted | Refused | Unclear, end: End | None
) -> None:
    outcome = judge(answer, doubtful=False, repeats=True, tries=1, jitter=0.5)
    assert end_of_call(outcome, is_first=True) is end


def test_of_a_message_that_is_called_for_again_and_again_the_first_call_counts() -> None:
    lost = judge(Unclear("no_connection", arrived=False), doubtful=False, repeats=True, tries=1, jitter=0.5)
    taken = judge(Accepted("1"), doubtful=True, repeats=True, tries=1, jitter=0.5)
    stalled = Outcome(Verdict.LATER, CLAIMED_TOO_SLOWLY)
    found = [
        end_of_call(lost, is_first=False),
        end_of_call(taken, is_first=False),
        end_of_call(stalled, is_first=True),
    ]
    assert found == [None, End.ACCEPTED, None]


def test_a_failure_counts_unless_it_is_the_recipient_s() -> None:
    found = [end_of_report(error, delivered=False) for error in (None, Class.RETRY, Class.RECIPIENT)]
    assert (found, end_of_report(None, delivered=True)) == ([End.LOST, End.LOST, None], End.DELIVERED)
