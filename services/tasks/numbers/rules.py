"""What a lead counts for in the numbers of its desk (S4.7): pure, kept by the lead's first process.

The rule of attribution (docs/adr/0028):

- *Taken into work* is the first contact, not a click (S4.3): the earliest of a recorded call or message of an
  operator and an outcome with a call made, or by which a message goes to the customer. It counts for who made it,
  on its day in the desk's zone. A lead that was paid before is taken by nobody; a test (S0.7) counts nowhere.
- *Paid* is the stage won, whenever it comes: it counts for who took the lead, on the day when it was taken, so that
  conversion never passes 100 %; `wins` counts it on the day of the payment. Taken back, it counts no more.
- An owner who changes, or a stand-in, changes nothing: the taker stays. A contact that is heard of late and was
  earlier moves the lead to who made it; an outcome that is mended counts as the right one, for who called and when.
- What had ended before anything of it was counted, as before an update, counts as neither, nor does a contact
  behind that end; it counts once it goes on.
- The product is that of the order as it is now; a lead that moves to another one takes what it counts for with it.
- A lead that is merged into another counts no more while it was worked; what was done for it stays, and an undone
  merge gives it back.
- Calls, outcomes and answers count for who made them, on the day when they were made. An answer's time runs from
  the customer's first unanswered message to the reply, a written one or a call, by their own times.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from libs.common.contracts.shared import ContactKind, Direction, Signal, Stage
from libs.common.domain.frozen import replace
from services.tasks.engine.effects import Effect, Refuse, RequestMessage
from services.tasks.engine.events import ContactRecorded, Event, MergedAway, OutcomeGiven, Parted, TakenBack
from services.tasks.engine.kept import TakeBack
from services.tasks.engine.state import State
from services.tasks.playbooks.messages import Addressee

LONGEST = 7 * 86_400  # seconds that one answer counts for: what waits longer was not waiting for it
NOBODY = UUID(int=0)  # in the place of an operator: what was paid without an operator's work
_ENDS = frozenset({Stage.WON, Stage.LOST, Stage.INVALID})
_COUNTED = (ContactRecorded, OutcomeGiven, TakenBack, MergedAway, Parted)


class Cell(NamedTuple):
    """Where something counts: for whom, on which day of the desk's zone, of which product and source."""

    operator_id: UUID
    day: date
    product: str
    source: str


class Measures(NamedTuple):
    """What is counted. `kept` and `late`: the first contact came by the task's due time, or after it (S4.4).

    `lost` and `invalid` are of the taken ones, as they are now; `wins` are payments by their day, `alone` those
    without an operator's work. `answer_seconds` is the sum of the waiting times of `answers`.
    """

    taken: int = 0
    kept: int = 0
    late: int = 0
    paid: int = 0
    lost: int = 0
    invalid: int = 0
    wins: int = 0
    alone: int = 0
    calls: int = 0
    attempts: int = 0
    answers: int = 0
    answer_seconds: int = 0

    def plus(self, other: "Measures") -> "Measures":
        return Measures(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def less(self, other: "Measures") -> "Measures":
        return Measures(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


NONE = Measures()
Counted = Mapping[Cell, Measures]


@dataclass(frozen=True, slots=True, order=True)
class Contact:
    """An operator's contact with the customer; `kept`: by the due time of the task, None if there was no task."""

    at: datetime
    by: UUID
    day: date = field(compare=False)
    kept: bool | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """The last reply; `counted`: some message waited for it."""

    at: datetime
    by: UUID
    counted: bool


@dataclass(frozen=True, slots=True)
class Deeds:
    """What one person answered the lead's customer on one day."""

    by: UUID
    day: date
    answers: int = 0
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """What a lead counts for. `outcomes` are those with a contact, by task, `mended` those that were taken back;
    `calls` are recorded ones by their ids, each of which may be reported again; `asked_at`: a message waits since.
    `ended_before`: the end came before anything was counted.
    """

    product: str = ""
    source: str = ""
    contact: Contact | None = None
    calls: Mapping[UUID, Contact] = field(default_factory=dict)
    outcomes: Mapping[UUID, Contact] = field(default_factory=dict)
    mended: Mapping[UUID, Contact] = field(default_factory=dict)
    end: Stage | None = None
    won_at: datetime | None = None
    won_day: date | None = None
    ended_before: bool = False
    merged: bool = False
    asked_at: datetime | None = None
    reply: Reply | None = None
    deeds: tuple[Deeds, ...] = ()

    @property
    def taken(self) -> Contact | None:
        """The first contact; None if the lead was paid before it, or nobody has made any."""
        if self.ended_before:
            return None
        made = *self.outcomes.values(), *self.calls.values(), *((self.contact,) if self.contact else ())
        found = min(made, default=None)
        before = found is not None and self.won_at is not None and self.won_at < found.at
        return None if before else found


def counted(figures: Figures | None) -> Counted:
    """Return what a lead counts for, by cell."""
    found: dict[Cell, Measures] = defaultdict(Measures)
    if figures is None:
        return found

    def add(by: UUID, day: date, measures: Measures) -> None:
        cell = Cell(by, day, figures.product, figures.source)
        found[cell] = found[cell].plus(measures)

    taken, won = figures.taken, figures.end is Stage.WON
    if taken is not None and not figures.merged:
        lost, invalid = figures.end is Stage.LOST, figures.end is Stage.INVALID
        add(taken.by, taken.day, Measures(1, taken.kept is True, taken.kept is False, won, lost, invalid))
    if won and not figures.merged and figures.won_day is not None:
        by = taken.by if taken else NOBODY
        add(by, figures.won_day, Measures(wins=1, alone=taken is None))
    for outcome in figures.outcomes.values():
        add(outcome.by, outcome.day, Measures(attempts=1))
    for call in figures.calls.values():
        add(call.by, call.day, Measures(calls=1))
    for did in figures.deeds:
        add(did.by, did.day, Measures(answers=did.answers, answer_seconds=did.seconds))
    return found


def difference(before: Figures | None, after: Figures | None) -> Counted:
    """Return what is to be added to the rollups when a lead counts for `after` instead of `before`."""
    old, new = counted(before), counted(after)
    changes = {cell: new.get(cell, NONE).less(old.get(cell, NONE)) for cell in {**old, **new}}
    return {cell: change for cell, change in changes.items() if any(change)}


def follow(
    known: Figures | None, event: Event, effects: Sequence[Effect], before: State, state: State, now: datetime
) -> Figures | None:
    """Return what a lead counts for after a decision; the same object if that changes nothing."""
    if known is None and state.stage not in _ENDS and not isinstance(event, _COUNTED):
        return None
    if not state.main or state.facts.lead_id is None or Signal.TEST_NUMBER in state.facts.signals:
        return known
    at_first = _at_first(before)
    figures = known or at_first
    match event:
        case ContactRecorded():
            figures = _contact(figures, event, before, now)
        case OutcomeGiven():
            figures = _outcome(figures, event, effects, before, now)
        case TakenBack():
            figures = _mended(figures, {effect.task_id for effect in effects if isinstance(effect, TakeBack)})
        case MergedAway(erased=erased):
            figures = replace(figures, merged=figures.merged or not erased)
        case Parted():
            figures = replace(figures, merged=False)
        case _:
            pass
    figures = _ended(figures, state, now)
    if known is None and figures == at_first:
        return None
    products = state.facts.products
    figures = replace(figures, product=products[0] if products else "", source=state.facts.source or "")
    return known if figures == known else figures


def _at_first(before: State) -> Figures:
    """Return what a lead counts for of which nothing is known: an end that it has already is not news."""
    end = before.stage if before.stage in _ENDS else None
    return Figures(end=end, ended_before=end is not None)


def _day(state: State, at: datetime) -> date:
    return at.astimezone(ZoneInfo(state.desk.zone)).date()


def _contact(figures: Figures, event: ContactRecorded, before: State, now: datetime) -> Figures:
    at = now if event.at is None else min(event.at, now)
    if event.operator is None:
        asks = event.kind is ContactKind.MESSAGE and event.direction is Direction.IN
        return _asked(figures, before, at) if asks else figures
    by = event.operator.id
    made = Contact(at, by, _day(before, at), _kept(before, by, at))
    if event.contact_id is not None and event.kind in (ContactKind.CALL_IN, ContactKind.CALL_OUT):
        if figures.calls.get(event.contact_id) == made:  # said again, as with its recording
            return figures
        figures = replace(figures, calls={**figures.calls, event.contact_id: made})
    else:
        figures = replace(figures, contact=made if figures.contact is None else min(figures.contact, made))
    return _replied(figures, before, by, at)


def _kept(before: State, by: UUID, at: datetime) -> bool | None:
    """Return whether a contact came by the due time of their task, else of the lead's first open one."""
    known = [task for task in before.open_tasks if task.opened_at <= at]
    due = [task.due_at for task in known if task.operator_id == by] or [task.due_at for task in known]
    return at <= min(due) if due else None


def _outcome(
    figures: Figures, event: OutcomeGiven, effects: Sequence[Effect], before: State, now: datetime
) -> Figures:
    task = before.open_task(event.task_id)
    refused = any(isinstance(effect, Refuse) for effect in effects)
    written = any(isinstance(each, RequestMessage) and each.spec.to is Addressee.CUSTOMER for each in effects)
    if not (event.call_made or written) or task is None or refused:
        return figures
    if (made := figures.mended.get(task.id)) is not None:
        return replace(figures, outcomes={**figures.outcomes, task.id: made})
    if event.operator is None:
        return figures
    by = event.operator.id
    made = Contact(now, by, _day(before, now), now <= task.due_at)
    return _replied(replace(figures, outcomes={**figures.outcomes, task.id: made}), before, by, now)


def _mended(figures: Figures, tasks: Collection[UUID]) -> Figures:
    """Let the outcomes of tasks count no more; another one of the same call counts as that call did."""
    gone = {task: made for task, made in figures.outcomes.items() if task in tasks}
    kept = {task: made for task, made in figures.outcomes.items() if task not in gone}
    return replace(figures, outcomes=kept, mended={**figures.mended, **gone}) if gone else figures


def _asked(figures: Figures, before: State, at: datetime) -> Figures:
    """The customer has written; a reply to it may have been heard of before."""
    reply = figures.reply
    if reply is not None and at <= reply.at:
        if reply.counted:
            return figures
        answered = replace(figures, reply=replace(reply, counted=True))
        return _answered(answered, before, reply.by, at, reply.at)
    return replace(figures, asked_at=at if figures.asked_at is None else min(figures.asked_at, at))


def _replied(figures: Figures, before: State, by: UUID, at: datetime) -> Figures:
    asked = figures.asked_at
    if asked is not None and asked <= at:
        answered = replace(figures, asked_at=None, reply=Reply(at, by, counted=True))
        return _answered(answered, before, by, asked, at)
    newer = figures.reply is None or figures.reply.at < at
    return replace(figures, reply=Reply(at, by, counted=False)) if newer else figures


def _answered(figures: Figures, before: State, by: UUID, asked: datetime, at: datetime) -> Figures:
    seconds = min(int((at - asked).total_seconds()), LONGEST)
    return _did(figures, Deeds(by, _day(before, at), answers=1, seconds=seconds))


def _did(figures: Figures, more: Deeds) -> Figures:
    so_far = next((each for each in figures.deeds if (each.by, each.day) == (more.by, more.day)), None)
    if so_far is None:
        return replace(figures, deeds=(*figures.deeds, more))
    summed = replace(
        so_far,
        answers=so_far.answers + more.answers,
        seconds=so_far.seconds + more.seconds,
    )
    return replace(figures, deeds=tuple(summed if each is so_far else each for each in figures.deeds))


def _ended(figures: Figures, state: State, now: datetime) -> Figures:
    """Follow the lead's stage: won is dated, and what is no longer won loses its date."""
    end = state.stage if state.stage in _ENDS else None
    if end is figures.end:
        return figures
    won = end is Stage.WON
    day = _day(state, now) if won else None
    return replace(figures, end=end, won_at=now if won else None, won_day=day, ended_before=False)
