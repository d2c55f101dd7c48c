"""The school's playbook ends a lead only when nobody has work on it any more: money and access least of all."""

from dataclasses import dataclass, field

import pytest

from libs.common.contracts.shared import (
    AccessAction,
    AccessStatus,
    ContactKind,
    Direction,
)
from services.tasks.engine.effects import RequestMessage
from services.tasks.engine.events import AccessChanged, ContactRecorded, Event
from services.tasks.engine.facts import Access
from services.tasks.engine.state import Timer, TimerKind
from tests.tasks.school import give, having, open_types
from tests.tasks.support import SCHOOL, EngineProcess, changed

DONE = AccessStatus.DONE
ANSWERS = frozenset({"answer", "late_answer"})
QUESTIONS = frozenset({"payments_question", "platform_question", "other_question"})
#: What selling consists of, and what an order that is given up needs no more.
SELLING = frozenset({"process_order", "follow_up", "held_follow_up"})
GIVEN_UP = SELLING | ANSWERS | {"other_question", "repair", "check_letter", "unsaid"}


@dataclass(frozen=True)
class Ending:
    """What may end a lead: an outcome of a type's task or an event; it `closes` these types itself."""

    kind: str
    outcome: str = ""
    event: Event | None = None
    closes: frozenset[str] = frozenset()
    fields: dict[str, object] = field(default_factory=dict)
    problem: str | None = None
    times: int = 1

    def happen(self, process: EngineProcess) -> None:
        if self.event is not None:
            process.on(self.event)
            return
        for _ in range(self.times):
            call_made = self.times > 1 or self.kind == "return_call" or None
            give(process, self.kind, self.outcome, self.problem, call_made, **self.fields)


WRITTEN = ContactRecorded(kind=ContactKind.MESSAGE, direction=Direction.OUT)
ENDINGS = [
    Ending("answer", "answered", closes=ANSWERS),
    Ending("payments_question", "answered", closes=ANSWERS),
    Ending("answer", "scripted", closes=ANSWERS, fields={"situation": "access_trouble"}),
    Ending("repair", "seen_to"),
    Ending("check_letter", "arrived"),
    Ending("check_payment", "single"),
    Ending("check_payment", "deleted"),
    Ending("answer", "refund_asked"),
    Ending("reset_access", "sent"),
    Ending("close_access", "closed"),
    Ending("return_call", "called"),
    Ending("return_call", "no_answer", problem="busy", times=3),
    Ending("answer", event=WRITTEN, closes=ANSWERS | QUESTIONS),
    Ending("reset_access", event=AccessChanged(Access(AccessAction.RESET, DONE))),
    Ending("close_access", event=AccessChanged(Access(AccessAction.CLOSE, DONE))),
    Ending("follow_up", "refused", closes=GIVEN_UP, problem="no_money"),
    Ending("process_order", "false", closes=GIVEN_UP, problem="spam"),
    Ending("process_order", "no_answer", closes=GIVEN_UP, problem="busy", times=3),
    Ending("held_follow_up", "no_answer", closes=GIVEN_UP, problem="busy", times=3),
    Ending("follow_up", event=changed("cancelled"), closes=GIVEN_UP),
    Ending("process_order", event=changed("false"), closes=GIVEN_UP),
    Ending("follow_up", "paid", closes=SELLING | {"unsaid"}),
    Ending("process_order", event=changed("paid"), closes=SELLING | {"unsaid", "check_receipt"}),
]


@pytest.mark.req("S4.9", "S4.10", "S4.17", "S4.20")
@pytest.mark.parametrize("other", sorted(SCHOOL.task_types))
@pytest.mark.parametrize("ending", ENDINGS, ids=lambda one: f"{one.kind}-{one.outcome or 'event'}")
def test_what_is_open_beside_stays_open(ending: Ending, other: str) -> None:
    gone = ending.closes | {ending.kind}
    process = having(*{ending.kind, other})
    ending.happen(process)
    assert (open_types(process), process.state.live) == ({other} - gone, other not in gone)


GIVES_UP = [each for each in ENDINGS if each.closes == GIVEN_UP]


@pytest.mark.req("S4.9", "S4.11")
@pytest.mark.parametrize("ending", GIVES_UP, ids=lambda one: f"{one.kind}-{one.outcome or 'event'}")
def test_who_is_given_up_is_not_reminded_while_a_receipt_is_looked_for(ending: Ending) -> None:
    process = having(ending.kind, "check_receipt")
    process.state.timers = (*process.state.timers, Timer("payment_reminder", TimerKind.PLAYBOOK, process.now))
    ending.happen(process)
    before = len(process.all(RequestMessage))
    give(process, "check_receipt", "not_received")
    assert ([timer.name for timer in process.state.timers], process.state.live) == ([], False)
    assert len(process.all(RequestMessage)) == before


@pytest.mark.req("S4.9")
@pytest.mark.parametrize("ending", GIVES_UP, ids=lambda one: f"{one.kind}-{one.outcome or 'event'}")
def test_whose_money_has_come_after_all_is_a_customer_again(ending: Ending) -> None:
    process = having(ending.kind, "check_receipt")
    ending.happen(process)
    give(process, "check_receipt", "received", payment_type="transfer")
    worked = process.state.status, open_types(process)
    process.on(changed("paid"))
    assert (worked, process.state.status) == (("in_work", {"follow_up"}), "paid")


@pytest.mark.req("S4.9")
def test_who_was_said_to_have_paid_and_has_not_is_worked_again() -> None:
    process = having("follow_up", "check_receipt")
    give(process, "follow_up", "paid")
    give(process, "check_receipt", "not_received")
    assert (process.state.status, open_types(process)) == ("in_work", {"follow_up"})


@pytest.mark.req("S4.1", "S4.9")
@pytest.mark.parametrize("status", ["cancelled", "false"])
def test_an_order_that_is_reopened_while_its_receipt_is_looked_for_is_worked_again(status: str) -> None:
    process = having("follow_up", "check_receipt")
    process.on(changed(status))
    process.on(changed("in_work"))
    assert (process.state.status, open_types(process)) == ("new", {"process_order", "check_receipt"})


@pytest.mark.req("S4.16", "S4.18")
def test_a_payment_answers_no_question() -> None:
    process = having("process_order", "answer", "platform_question")
    process.on(changed("paid"))
    assert open_types(process) == {"answer", "platform_question"}
