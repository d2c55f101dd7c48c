"""Each checker catches its bug, and none finds anything in healthy facts.

The same on the facts of a real run: test_checkers_on_a_run.py.
"""

from dataclasses import replace
from uuid import UUID

import pytest

from tests.support import checks
from tests.support.facts import RELAY, Answered, Facts, MessageFact, TaskFact
from tests.support.topics import EventFact

LEAD, OTHER, TASK, DONE, MESSAGE, OPERATOR, COLLEAGUE = (UUID(int=n) for n in range(1, 8))
TASK_FACT = TaskFact(TASK, LEAD, "active", "push", OPERATOR, None, True, False, "held", OPERATOR)
DONE_FACT = TaskFact(DONE, LEAD, "deferred", "push", OPERATOR, "later", True, False, "ended", None)
MESSAGE_FACT = MessageFact(MESSAGE, LEAD, "delivered", ("key",))
ASKED = EventFact("tasks", "lead:1", "dozvon.message.requested.v1", "e1", 1, {"message_id": str(MESSAGE)})
ENDED = EventFact("tasks", "lead:1", "dozvon.task.deferred.v1", "e2", 2, {"task_id": str(DONE)})

HEALTHY = Facts(
    answered=Answered([LEAD], {DONE: "later"}),
    leads=[LEAD],
    processes=[LEAD],
    live=frozenset({LEAD}),
    tasks=[TASK_FACT, DONE_FACT],
    messages=[MESSAGE_FACT],
    sent={"key": 1},
    delivered=frozenset({"key"}),
    bounced=frozenset(),
    events=[ASKED, ENDED],
    streams={("tasks", "lead:1"): 2},
    left={"intake.outbox": 0},
)


UNOWNED = replace(TASK_FACT, operator_id=None, worker_id=None)

MAIL_FACT = replace(MESSAGE_FACT, state="accepted", rests=True, provider=RELAY)
MAILED = replace(HEALTHY, messages=[MAIL_FACT], delivered=frozenset())
CAME_BACK = replace(MAILED, bounced=frozenset({"key"}))


def with_task(task: TaskFact) -> Facts:
    """The healthy facts with another open task."""
    return replace(HEALTHY, tasks=[task, DONE_FACT])


LOST = checks.nothing_accepted_is_lost
STEP = checks.every_live_lead_has_a_next_step
OWNED = checks.every_open_task_is_owned_or_waits
ENDS = checks.every_task_ends_once_as_answered
ASKED_FOR = checks.every_message_asked_for_is_an_intent
SENT = checks.every_intent_is_settled_and_sent_once
ORDER = checks.events_of_a_key_are_in_sequence

BUGS = {
    "answered before the commit": (LOST, replace(HEALTHY, answered=Answered([LEAD, OTHER]))),
    "the relay skipped an event": (LOST, replace(HEALTHY, leads=[LEAD, OTHER])),
    "the inbox was dropped": (LOST, replace(HEALTHY, processes=[LEAD, LEAD])),
    "an order became two leads": (checks.nothing_is_stored_unasked, replace(HEALTHY, leads=[LEAD, OTHER])),
    "a task was closed and none opened": (STEP, replace(HEALTHY, tasks=[DONE_FACT])),
    "a proposal got lost": (OWNED, with_task(replace(TASK_FACT, operator_id=None, work_state="offered"))),
    "work was never asked for": (OWNED, with_task(replace(UNOWNED, offered=False, work_state=None))),
    "the arbiter's decision got lost": (OWNED, with_task(replace(TASK_FACT, work_state="offered"))),
    "two operators, one task": (OWNED, with_task(replace(TASK_FACT, worker_id=COLLEAGUE))),
    "work ended before its task": (OWNED, with_task(replace(TASK_FACT, work_state="ended", worker_id=None))),
    "work outlived its task": (OWNED, with_task(replace(TASK_FACT, state="failed"))),
    "an outcome was given twice": (
        ENDS,
        replace(HEALTHY, events=[ASKED, ENDED, replace(ENDED, event_id="e3", sequence=3)]),
    ),
    "an outcome was not published": (ENDS, replace(HEALTHY, events=[ASKED])),
    "an answered outcome got lost": (ENDS, replace(HEALTHY, answered=Answered([LEAD], {TASK: "done"}))),
    "an intent was dropped": (ASKED_FOR, replace(HEALTHY, messages=[])),
    "an intent was made up": (ASKED_FOR, replace(HEALTHY, events=[ENDED])),
    "a blind resend": (
        SENT,
        replace(HEALTHY, messages=[replace(MESSAGE_FACT, attempts=("key", "new"))], sent={"key": 1, "new": 1}),
    ),
    "the same key twice": (SENT, replace(HEALTHY, sent={"key": 2})),
    "a send without an intent": (SENT, replace(HEALTHY, sent={"key": 1, "ghost": 1})),
    "an intent forgotten": (SENT, replace(HEALTHY, messages=[replace(MESSAGE_FACT, state="pending")])),
    "delivered was made up": (SENT, replace(HEALTHY, delivered=frozenset())),
    "a delivery was not recorded": (SENT, replace(HEALTHY, messages=[replace(MESSAGE_FACT, state="unknown")])),
    "a mail that nobody took": (SENT, replace(MAILED, sent={})),
    "a mail that was taken and given up": (SENT, replace(MAILED, messages=[replace(MAIL_FACT, state="failed")])),
    "a bounce was not heard": (SENT, CAME_BACK),
    "two relays, order inverted": (ORDER, replace(HEALTHY, events=[ENDED, ASKED])),
    "a cursor poller lost one": (ORDER, replace(HEALTHY, events=[ASKED, replace(ENDED, sequence=3)])),
    "the last one never left": (ORDER, replace(HEALTHY, events=[ASKED])),
    "nothing ever left": (ORDER, replace(HEALTHY, events=[])),
    "an event was parked": (checks.nothing_is_left_behind, replace(HEALTHY, left={"tasks.parked": 1})),
}


def test_healthy_facts_pass_every_checker() -> None:
    assert checks.violations(HEALTHY, [*checks.CHECKERS, checks.nothing_is_stored_unasked]) == []


@pytest.mark.parametrize(
    "facts", [MAILED, replace(CAME_BACK, messages=[replace(MAIL_FACT, state="failed")])], ids=["taken", "back"]
)
def test_mail_that_ended_as_the_relay_says_passes(facts: Facts) -> None:
    assert SENT(facts) == []


@pytest.mark.parametrize("bug", BUGS)
def test_a_checker_catches_its_bug(bug: str) -> None:
    checker, facts = BUGS[bug]
    assert checker(facts) != []


def test_no_checker_is_without_a_bug() -> None:
    assert set(checks.CHECKERS) - {checker for checker, _ in BUGS.values()} == set()


def test_a_repeat_on_the_topic_is_no_breach_of_order() -> None:
    assert ORDER(replace(HEALTHY, events=[ASKED, ENDED, ASKED])) == []


@pytest.mark.parametrize(
    "facts",
    [
        with_task(replace(UNOWNED, work_state="waiting")),
        with_task(replace(UNOWNED, offered=False, will_be_offered=True, work_state=None)),
        with_task(replace(UNOWNED, offered=False, mode="pull", work_state=None)),
    ],
    ids=["it waits", "it will be offered", "it is pulled"],
)
def test_a_task_may_have_no_owner_when(facts: Facts) -> None:
    assert OWNED(facts) == []


def test_a_whole_spine_is_one_of_everything() -> None:
    whole = replace(HEALTHY, tasks=[TASK_FACT])
    assert checks.incomplete(whole, [LEAD]) == []
    assert len(checks.incomplete(replace(whole, messages=[]), [LEAD])) == 2
