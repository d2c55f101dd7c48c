"""The books of a day: each rule catches what it is there for, and a day that balances has no faults."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from deploy.demo.day.balance import Day, Given, Seen, Sent, TaskSeen, faults, numbers
from deploy.demo.day.books import Books, Hours
from deploy.demo.day.rota import KINDS, SWAPPED, WISHED, agreed
from deploy.demo.day.script import DAY, Customer, Story, customers
from deploy.demo.day.shop import Deal

NOON = datetime(2026, 3, 16, 9, tzinfo=UTC)
ANN = "ann"


def customer(story: Story, phone: str = "+79055550001") -> Customer:
    at = timedelta(hours=10)
    return Customer(1, story, at, None, None, "Анна", phone, "anna@example.com", "Курс", 12_000)


def deal(story: Story, lead_id: str, *, paid: bool = False, mark: str = "") -> Deal:
    return Deal(f"D-{lead_id}{mark}", customer(story), NOON, paid, lead_id)


def day() -> Day:
    """A day that balances: one who paid, one who promised, a test, one who said no; Ann worked from noon on."""
    deals = [
        deal(Story.PAYS_ALONE, "won", paid=True),
        deal(Story.PROMISES, "open"),
        deal(Story.TEST, "test"),
        deal(Story.REFUSES, "lost"),
    ]
    called = NOON + timedelta(minutes=25)
    tasks = [
        TaskSeen("t1", "open", active=False, called=True, operator_id=ANN, taken_at=called),
        TaskSeen("t2", "open", active=True, called=False, operator_id=None, taken_at=None),
        TaskSeen("t3", "lost", active=False, called=True, operator_id=ANN, taken_at=called),
    ]
    stages = {"won": "won", "open": "working", "test": "invalid", "lost": "lost"}
    sent = Sent("m1", "open", "delivered", "https://school.example.com/pay/D-open")
    seen = Seen(stages, tasks, [Given("t1", ANN, called)], [sent], {"a1": 1}, arrivals=1)
    books = Books(Counter(open=1, lost=1), {"open"}, {"lost"}, hours={ANN: Hours([NOON])})
    return Day({one.number: one for one in deals}, books, seen)


def seen(**changed: object) -> Day:
    whole = day()
    return replace(whole, seen=replace(whole.seen, **changed))  # type: ignore[arg-type]  # each test names a field


def test_a_day_that_balances_has_no_faults() -> None:
    assert faults(day()) == []
    assert numbers(day()) == {
        "received": 4, "won": 1, "lost": 1, "invalid": 1, "open": 1, "calls": 2, "messages": 1,
    }  # fmt: skip


BROKEN: Mapping[str, tuple[Day, ...]] = {
    "nothing_is_lost": (
        seen(stages={"open": "working", "test": "invalid", "lost": "lost"}),
        seen(stages={**day().seen.stages, "ghost": "won"}),
    ),
    "every_live_lead_has_a_next_step": (seen(tasks=day().seen.tasks[::2]),),
    "only_those_on_shift_got_work": (
        seen(given=[Given("t1", ANN, NOON - timedelta(minutes=1))]),
        replace(day(), books=replace(day().books, hours={ANN: Hours([NOON, NOON + timedelta(minutes=20)])})),
    ),
    "each_message_is_settled_once": (
        seen(messages=[replace(day().seen.messages[0], state="pending")]),
        seen(accepted={"a1": 2}),
    ),
    "payments_and_stages_agree": (
        seen(stages={**day().seen.stages, "won": "working"}),
        seen(stages={**day().seen.stages, "lost": "won"}),
        seen(stages={**day().seen.stages, "test": "new"}),
    ),
    "calls_agree": (replace(day(), books=replace(day().books, calls=Counter(open=2, lost=1))),),
    "promised_links_came": (seen(messages=[]),),
    "the_team_heard_who_came": (seen(arrivals=0), seen(arrivals=2)),
    "lateness_is_recorded": (
        seen(late={ANN: 20}),
        replace(day(), books=replace(day().books, late={ANN: 20})),
        replace(seen(late={ANN: 2}), books=replace(day().books, late={ANN: 20})),
    ),
    "none_left_before_the_next_came": (replace(day(), books=replace(day().books, early={ANN})),),
    "the_schedule_keeps_wishes_and_swaps": (
        seen(rota={"first": frozenset({ANN})}),
        replace(day(), books=replace(day().books, rota={"first": frozenset({ANN})})),
    ),
    "every_task_was_known": (replace(day(), books=replace(day().books, unknown={"riddle"})),),
}


@pytest.mark.parametrize("rule", BROKEN)
def test_each_rule_catches_what_it_is_there_for(rule: str) -> None:
    for broken in BROKEN[rule]:
        assert rule in {line.partition(":")[0] for line in faults(broken)}


def test_the_same_seed_is_the_same_day_and_each_story_is_in_it() -> None:
    first, again, other = customers(30, 1), customers(30, 1), customers(30, 2)
    assert (first == again, first == other) == (True, False)
    assert {one.story for one in first} == set(Story)
    assert all(timedelta() <= one.orders_at < DAY for one in first)


def test_those_who_swap_have_each_other_s_shift_and_all_others_the_one_they_wished() -> None:
    rota, (asks, gives) = agreed({name: name for name in WISHED}), SWAPPED
    moved = {name for kind in KINDS for name in rota[kind] if WISHED[name] != kind}
    assert (moved, [len(rota[kind]) for kind in KINDS]) == ({asks, gives}, [3, 3])
