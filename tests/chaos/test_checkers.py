"""Each checker catches the bug that it is there for; on healthy facts none says anything."""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.harness import checks
from tests.harness.facts import EventFact, Facts, MessageFact, TaskFact

LEAD, OTHER, TASK, MESSAGE, OPERATOR = (UUID(int=n) for n in range(1, 6))
TASK_FACT = TaskFact(TASK, LEAD, "active", "push", OPERATOR, offered=True, work_state="held")
MESSAGE_FACT = MessageFact(MESSAGE, LEAD, "delivered", ("key",))
EVENTS = [EventFact("t", "lead:1", "a", "e1", 1), EventFact("t", "lead:1", "b", "e2", 2)]

HEALTHY = Facts(
    answered=[LEAD],
    leads=[LEAD],
    processes=[LEAD],
    live=frozenset({LEAD}),
    timers=frozenset(),
    tasks=[TASK_FACT],
    messages=[MESSAGE_FACT],
    sent={"key": 1},
    delivered=frozenset({"key"}),
    events=EVENTS,
    left={"intake.outbox": 0},
)

LOST = checks.nothing_accepted_is_lost
OWNED = checks.every_open_task_is_owned_or_waits
SENT = checks.every_intent_is_settled_and_sent_once
ORDER = checks.events_of_a_key_are_in_sequence

BUGS = {
    "answered before the commit": (LOST, replace(HEALTHY, answered=[LEAD, OTHER])),
    "the relay skipped an event": (LOST, replace(HEALTHY, leads=[LEAD, OTHER])),
    "the inbox was dropped": (LOST, replace(HEALTHY, processes=[LEAD, LEAD])),
    "a task was closed and none opened": (
        checks.every_live_lead_has_a_next_step,
        replace(HEALTHY, tasks=[replace(TASK_FACT, state="completed", work_state="ended")]),
    ),
    "a proposal got lost": (
        OWNED,
        replace(HEALTHY, tasks=[replace(TASK_FACT, operator_id=None, work_state="offered")]),
    ),
    "work outlived its task": (OWNED, replace(HEALTHY, tasks=[replace(TASK_FACT, state="failed")])),
    "a blind resend": (
        SENT,
        replace(HEALTHY, messages=[replace(MESSAGE_FACT, attempts=("key", "new"))], sent={"key": 1, "new": 1}),
    ),
    "the same key twice": (SENT, replace(HEALTHY, sent={"key": 2})),
    "a send without an intent": (SENT, replace(HEALTHY, sent={"key": 1, "ghost": 1})),
    "an intent forgotten": (SENT, replace(HEALTHY, messages=[replace(MESSAGE_FACT, state="pending")])),
    "delivered was made up": (SENT, replace(HEALTHY, delivered=frozenset())),
    "two relays, order inverted": (ORDER, replace(HEALTHY, events=EVENTS[::-1])),
    "a cursor poller lost one": (ORDER, replace(HEALTHY, events=[EVENTS[0], replace(EVENTS[1], sequence=3)])),
    "an event was parked": (checks.nothing_is_left_behind, replace(HEALTHY, left={"tasks.parked": 1})),
}


def test_healthy_facts_pass_every_checker() -> None:
    assert checks.violations(HEALTHY) == []


@pytest.mark.parametrize("bug", BUGS)
def test_a_checker_catches_its_bug(bug: str) -> None:
    checker, facts = BUGS[bug]
    assert checker(facts) != []


def test_a_repeat_on_the_topic_is_no_breach_of_order() -> None:
    assert ORDER(replace(HEALTHY, events=[*EVENTS, EVENTS[0]])) == []
