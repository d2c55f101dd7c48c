"""The end of a day: do the product's books balance, and agree with those of the players? Data in, lines out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from deploy.demo.day.books import Books
from deploy.demo.day.script import Story
from deploy.demo.day.shop import Deal

WON, LOST, INVALID = "won", "lost", "invalid"
ENDED = frozenset({WON, LOST, INVALID})
SETTLED = frozenset({"delivered", "read", "failed", "unknown"})
_REACHED = frozenset({"delivered", "read"})


@dataclass(frozen=True, slots=True)
class TaskSeen:
    """A task of a lead as its API shows it."""

    task_id: str
    lead_id: str
    active: bool
    called: bool
    operator_id: str | None
    taken_at: datetime | None


@dataclass(frozen=True, slots=True)
class Given:
    """A decision of assignment that became true: who was given a task, and when."""

    task_id: str
    operator_id: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as notifications shows it; `held`: it waits for the morning (P.10)."""

    message_id: str
    lead_id: str
    state: str
    text: str
    held: bool = False


@dataclass(frozen=True)
class Seen:
    """All that was read from the product.

    `stages`: by lead; `accepted`: how often the messenger took each message, by its key; `arrivals`:
    how many arrivals were said to the team; `late`: minutes of who is recorded as late, by operator; `rota`: who
    was to work each shift.
    """

    stages: Mapping[str, str]
    tasks: Sequence[TaskSeen]
    given: Sequence[Given]
    messages: Sequence[Sent]
    accepted: Mapping[str, int]
    arrivals: int = 0
    late: Mapping[str, int] = field(default_factory=dict)
    rota: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Day:
    """Both sides of a day: the shop's deals by number, the players' books, and the product's."""

    deals: Mapping[str, Deal]
    books: Books
    seen: Seen


def numbers(day: Day) -> dict[str, int]:
    """Return the day's numbers: received, won, lost, invalid, open, calls and messages."""
    stages = Counter(day.seen.stages.values())
    ended = {stage: stages[stage] for stage in (WON, LOST, INVALID)}
    return {
        "received": len(day.seen.stages),
        **ended,
        "open": sum(count for stage, count in stages.items() if stage not in ENDED),
        "calls": sum(task.called for task in day.seen.tasks),
        "messages": len(day.seen.messages),
    }


def nothing_is_lost(day: Day) -> list[str]:
    """Every order of the shop is a lead, and no lead is of no order: who writes has ordered before (S4.16)."""
    deals, leads = day.deals.values(), day.seen.stages
    wrong = [f"order {deal.number} has no lead" for deal in deals if deal.lead_id not in leads]
    return wrong + [f"lead {lead} is of no order" for lead in sorted(leads.keys() - {d.lead_id for d in deals})]


def every_live_lead_has_a_next_step(day: Day) -> list[str]:
    """S2.6: an open task."""
    stepping = {task.lead_id for task in day.seen.tasks if task.active}
    live = {lead for lead, stage in day.seen.stages.items() if stage not in ENDED}
    return [f"live lead {lead} has no next step" for lead in sorted(live - stepping)]


def only_those_on_shift_got_work(day: Day) -> list[str]:
    """S4.6: who was given or took a task was at work then."""
    hours = day.books.hours
    moments = [(each.task_id, each.operator_id, each.at) for each in day.seen.given]
    moments += [(t.task_id, t.operator_id or "", t.taken_at) for t in day.seen.tasks if t.taken_at]
    return [
        f"task {task} came to {operator}, who was off shift at {moment:%H:%M}"
        for task, operator, moment in moments
        if operator in hours and not hours[operator].held(moment)
    ]


def each_message_is_settled_once(day: Day) -> list[str]:
    """What was asked for was sent once at most, and what became of it is known (P.1)."""
    open_ = [one for one in day.seen.messages if one.state not in SETTLED and not one.held]
    wrong = [f"message {one.message_id} is {one.state}" for one in open_]
    wrong += [f"message {key} was sent {count} times" for key, count in day.seen.accepted.items() if count > 1]
    return wrong


def payments_and_stages_agree(day: Day) -> list[str]:
    """Who has paid has won, who said no is lost, what is a test or a mistake is invalid (S4.1, S4.2, S0.7)."""
    wrong = []
    for deal in day.deals.values():
        stage = day.seen.stages.get(deal.lead_id, "unknown")
        if stage not in _stages_of(deal, day.books):
            wrong.append(f"order {deal.number} of one who {deal.customer.story.value} is {stage}")
    return wrong


def _stages_of(deal: Deal, books: Books) -> frozenset[str]:
    if deal.paid:
        return frozenset({WON})
    if deal.customer.story is Story.TEST or deal.number.endswith("-again"):
        return frozenset({INVALID})
    if deal.lead_id in books.refused:
        return frozenset({LOST})
    # Who never picks up is given up after three calls.
    return frozenset({"new", "working", *([LOST] if deal.customer.story is Story.SILENT else [])})


def calls_agree(day: Day) -> list[str]:
    """What tasks says was called is what customers have heard ringing."""
    said = Counter(task.lead_id for task in day.seen.tasks if task.called)
    leads = said.keys() | day.books.calls.keys()
    return [
        f"lead {lead}: {said[lead]} calls here, {day.books.calls[lead]} at the customer's"
        for lead in sorted(leads)
        if said[lead] != day.books.calls[lead]
    ]


def promised_links_came(day: Day) -> list[str]:
    """Who was promised the payment link has a message with it, or one that says why not (S4.8, S4.12)."""
    sent = {one.lead_id for one in day.seen.messages if "/pay/" in one.text and (one.held or one.state in SETTLED)}
    return [f"lead {lead} was promised the link and has no message with it" for lead in day.books.links - sent]


def the_team_heard_who_came(day: Day) -> list[str]:
    """S4.6: who checks in says so to the team."""
    came = sum((len(hours.changes) + 1) // 2 for hours in day.books.hours.values())
    heard = day.seen.arrivals
    return [] if came == heard else [f"{came} came to work, and the team heard of {heard}"]


def lateness_is_recorded(day: Day) -> list[str]:
    """S4.6: who came late stands in the list, and no other; a minute to or fro is the clock's."""
    came, said = day.books.late, day.seen.late
    return [
        f"{operator} came {came.get(operator, 0)} minutes late, and {said.get(operator, 0)} are recorded"
        for operator in sorted(came.keys() | said.keys())
        if abs(came.get(operator, 0) - said.get(operator, 0)) > 1
    ]


def none_left_before_the_next_came(day: Day) -> list[str]:
    """S4.6: a shift ends when the next one is here."""
    return [f"{operator} left before the next shift was here" for operator in sorted(day.books.early)]


def the_schedule_keeps_wishes_and_swaps(day: Day) -> list[str]:
    """S4.6: a shift is of who wished for it, or of who exchanged theirs for it."""
    wished, planned = day.books.rota, day.seen.rota
    return [
        f"shift {kind}: {operator} {'was to' if operator in wished.get(kind, ()) else 'was not to'} work it"
        for kind in sorted(wished.keys() | planned.keys())
        for operator in sorted(wished.get(kind, frozenset()) ^ planned.get(kind, frozenset()))
    ]


def every_task_was_known(day: Day) -> list[str]:
    """The managers knew what to do with each task they were given."""
    return [f"no manager knew what to do with a task of type {kind}" for kind in sorted(day.books.unknown)]


RULES: Sequence[Callable[[Day], list[str]]] = (
    nothing_is_lost,
    every_live_lead_has_a_next_step,
    only_those_on_shift_got_work,
    each_message_is_settled_once,
    payments_and_stages_agree,
    calls_agree,
    promised_links_came,
    the_team_heard_who_came,
    lateness_is_recorded,
    none_left_before_the_next_came,
    the_schedule_keeps_wishes_and_swaps,
    every_task_was_known,
)


def faults(day: Day) -> list[str]:
    """Return what does not balance, at most five lines a rule."""
    return [f"{rule.__name__}: {line}" for rule in RULES for line in rule(day)[:5]]
