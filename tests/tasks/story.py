"""Stories for property tests: random playbooks, and random events that mostly fit the state of a process."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, partial
from random import Random
from uuid import UUID

import yaml

from libs.common.contracts.shared import ContactKind, MessageProgress, Mode, Stage, SubjectKind
from services.tasks.engine.deeds import Deed, deed_of
from services.tasks.engine.effects import Effect, Refuse
from services.tasks.engine.events import (
    ContactRecorded,
    CustomerChanged,
    Event,
    Heard,
    LeadGiven,
    LeadReceived,
    LeadUpdated,
    Lent,
    Made,
    MessageMoved,
    OutcomeGiven,
    Proposed,
    Reassigned,
    Redistributed,
    Released,
    Returned,
    Started,
    StatusChanged,
    StatusRefused,
    Taken,
    TakenBack,
    TimerFired,
    Waiting,
)
from services.tasks.engine.facts import Customer, Facts, Subject
from services.tasks.engine.state import (
    Absence,
    Brief,
    MoveReason,
    Operator,
    State,
    Task,
    TaskId,
    Timer,
    TimerKind,
)
from services.tasks.playbooks.grammar import parse
from services.tasks.playbooks.model import Playbook
from services.tasks.playbooks.terms import Need, Trigger
from tests.tasks import asks
from tests.tasks.support import ANNA, BORIS, LIBRARY, STAFF, START, VOCABULARY, EngineProcess, blank, changed, facts

LACKING = 0.25  # share of processes without an order, and of those without a phone or an address
FITTING = 0.75  # share of events that fit the state; the others are arbitrary
PAUSES = [timedelta(0), timedelta(seconds=30), timedelta(minutes=20), timedelta(hours=5), timedelta(days=2)]
STATUSES = sorted(VOCABULARY.order_statuses)


@dataclass
class Step:
    """A decision in a story."""

    before: State
    event: Event
    now: datetime
    effects: tuple[Effect, ...]
    after: State


@dataclass
class Story:
    """A random sequence of events of one process."""

    dice: Random
    playbook: Playbook
    process: EngineProcess = field(init=False)
    known: Facts | None = None
    deed: Deed | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        known = self.known or self._facts()
        self.process = EngineProcess(self.playbook, blank(self.playbook, known))
        self.process.state.partner, self.process.state.staff = asks.partner(self.dice), STAFF

    def _facts(self) -> Facts:
        """Return what is known at the start: mostly an order and a customer."""
        signals = self.dice.sample(sorted(VOCABULARY.signals), self.dice.choice([0, 0, 0, 0, 1, 2]))
        status = self.dice.choice(["new", "new", "new", *STATUSES])
        known = facts(*signals, order_status=status)
        known = replace(known, subject=Subject(self.playbook.subject, known.subject.id))
        if self.playbook.subject is not SubjectKind.LEAD or self.dice.random() < LACKING:
            known = replace(known, order=None)
        if self.dice.random() > LACKING:
            known = replace(known, partner_id=asks.PARTNER.id)
        if self.dice.random() < LACKING:
            known = replace(known, customer=Customer(name=self.dice.choice([None, "Иван"])))
        return known

    def steps(self, count: int) -> Iterator[Step]:
        """Yield the decisions about the start and `count` random events."""
        yield self._step(self._start())
        for _ in range(count):
            event = self._fitting() if self.dice.random() < FITTING else self._any()
            yield self._step(event)

    def _start(self) -> Event:
        """Return how a process of the playbook may begin."""
        starts: dict[Trigger, list[Event]] = {
            Trigger.LEAD_RECEIVED: [
                LeadReceived(),
                LeadReceived(next(iter(self.playbook.statuses), "foreign"), Stage.NEW),
            ],
            Trigger.STARTED: [Started(), self._made()],
        }
        return self.dice.choice([event for trigger in self.playbook.triggers for event in starts.get(trigger, [])])

    def _made(self) -> Made:
        """Return a task that a person makes, for one or for a pool."""
        operator = self.dice.choice([None, ANNA])
        brief = Brief("Вернуть ключ", "x", self.dice.choice([None, "Он у охраны"]), None, operator is not None)
        return Made(brief, START + timedelta(days=1), self.dice.random() < 0.5, "operator", "main", operator)

    def _step(self, event: Event) -> Step:
        before = self.process.state
        effects = self.process.on(event)
        self._remember(event, before, effects)
        return Step(before, event, self.process.now, effects, self.process.state)

    def _remember(self, event: Event, before: State, effects: tuple[Effect, ...]) -> None:
        if isinstance(event, OutcomeGiven) and not isinstance(effects[0], Refuse):
            task = next(task for task in before.tasks if task.id == event.task_id)
            given = task, event.actor, event.outcome, self.process.now
            self.deed = deed_of(*given, before, self.process.state, effects)

    def _fitting(self) -> Event:
        """Return an event that fits the state now, or a report that may come at any time."""
        state = self.process.state
        moves: list[Callable[[], Event]] = [self._reported]
        if state.timers:
            moves += [self._timer] * 2
        if self.deed is not None:
            moves += [partial(self._taken_back, self.deed)]
        for task in state.open_tasks:
            moves += [partial(self._about, task)] * 4
        return self.dice.choice(moves)()

    def _taken_back(self, deed: Deed) -> TakenBack:
        self.deed, sent = None, self.dice.choice([frozenset(), frozenset(deed.messages)])
        return TakenBack(deed, "x", "не тот исход", sent, {ANNA.id: ANNA})

    def _about(self, task: Task) -> Event:
        if task.among and self.dice.random() < 0.7:
            return Waiting(task.id)
        if task.operator_id is not None and self.dice.random() < 0.25:
            return self._move(task.id)
        if task.operator_id is not None:
            begun = task.taken_at is not None or self.dice.random() < 0.3
            if task.contacted_id != task.operator_id and self.dice.random() < 0.2:
                return ContactRecorded(self.process.now, _holder(task))
            return self._outcome(task) if begun else Taken(task.id, _holder(task))
        if task.mode is not Mode.PUSH and self.dice.random() < 0.5:
            self.process.now = max(self.process.now, task.offer_from)
            return Taken(task.id, self._person())
        if task.offered_at is not None and self.dice.random() < 0.3:
            return Waiting(task.id)
        absence = self.dice.choice([*[None] * 9, *Absence])
        return Proposed(task.id, task.version, self._person(), self._id(), absence)

    def _outcome(self, task: Task) -> OutcomeGiven:
        outcome = self.dice.choice(list(self.playbook.task_types[task.type].outcomes.values()))
        needs, holder = outcome.requires, _holder(task)
        called = {Need.REQUIRED: True, Need.FORBIDDEN: None}.get(needs.call_made, self.dice.choice([True, None]))
        return OutcomeGiven(
            task_id=task.id,
            outcome=outcome.code,
            comment="поговорили",
            actor=str(holder.id),
            operator=holder,
            supervisor=False,
            call_made=called,
            callback_at=self.process.now + timedelta(hours=3) if needs.callback_at is Need.REQUIRED else None,
            problem=self.dice.choice(needs.problems) if needs.problem is Need.REQUIRED else None,
            fields=asks.filled(outcome, self.process.now),
        )

    def _timer(self) -> Event:
        """Fire the next timer, or sometimes any timer, at its due time."""
        timers = sorted(self.process.state.timers, key=lambda timer: timer.at)
        timer = timers[0] if self.dice.random() < 0.8 else self.dice.choice(timers)
        self.process.now = max(self.process.now, timer.at)
        return TimerFired(timer)

    def _reported(self) -> Event:
        state, status = self.process.state, self.dice.choice([*self.playbook.statuses, "foreign"])
        purpose = self.dice.choice([*self.playbook.messages, "?"])
        events: list[Event] = [
            LeadUpdated(self.dice.choice([Customer(), Customer(phone="+79990000001")]), "en", "Asia/Omsk"),
            CustomerChanged(Customer("Пётр")),
            self._contact(),
            Heard(self.dice.choice(list(Trigger)), self.dice.choice([None, *STATUSES])),
            changed(self.dice.choice(STATUSES)),
            StatusChanged(status, Stage.WORKING, self.dice.random() < 0.5),
            StatusRefused(state.status or status, status, "stale"),
            MessageMoved(self.dice.choice(list(MessageProgress)), purpose),
            *asks.reports(self.dice, state, self.process.now),
        ]
        return self.dice.choice(events)

    def _contact(self) -> ContactRecorded:
        at = self.process.now - self.dice.choice(PAUSES)
        return ContactRecorded(at, self.dice.choice([None, self._person()]), self.dice.choice([*ContactKind]))

    def _any(self) -> Event:
        """Return any event: about tasks that are open, were open or never existed."""
        self.process.now += self.dice.choice(PAUSES)
        state = self.process.state
        task_id = self.dice.choice([*(task.id for task in state.tasks), TaskId(UUID(int=99))])
        codes = [code for kind in self.playbook.task_types.values() for code in kind.outcomes]
        timers = [
            *state.timers,
            Timer("unknown", TimerKind.PLAYBOOK, START),
            Timer("due:x", TimerKind.DUE, START, task_id),
        ]
        return self.dice.choice(
            [
                LeadReceived(),
                Started(),
                self._made(),
                self._reported(),
                Proposed(task_id, self.dice.randint(0, 3), self._person(), self._id()),
                Waiting(task_id),
                Taken(task_id, self._person()),
                self._move(task_id),
                OutcomeGiven(
                    task_id=task_id,
                    outcome=self.dice.choice([*codes, "unknown"]),
                    comment=self.dice.choice(["да", " "]),
                    actor="x",
                    operator=self._person(),
                    supervisor=self.dice.random() < 0.5,
                    call_made=self.dice.choice([True, None]),
                    callback_at=self.dice.choice([None, START + timedelta(days=3)]),
                    problem=self.dice.choice([None, *self.playbook.problems]),
                ),
                TimerFired(self.dice.choice(timers)),
            ]
        )

    def _move(self, task_id: UUID) -> Event:
        """Return a move of a task or of the lead."""
        whose, untaken = self.dice.choice([None, None, self._person().id]), self.dice.random() < 0.5
        gone = frozenset({self._person().id} if self.dice.random() < 0.3 else ())
        later = self.process.now + self.dice.choice([timedelta(minutes=5), timedelta(hours=1)])
        roles = frozenset({self.dice.choice(["operator", "adviser"])})
        reason = self.dice.choice(list(MoveReason))
        moves: list[Event] = [
            Released(task_id, reason, "x", holder=whose, untaken=untaken, gone=gone),
            Reassigned(task_id, self._person(), "x", reason, holder=whose),
            Lent(task_id, self._person(), later, "x", holder=whose),
            Returned(task_id, "x", by=whose, gone=gone),
            LeadGiven(self._person(), roles, "x", reason),
            *[Redistributed(untaken, self._person(), task_id, self._person(), True, "x", reason, absent=whose)] * 2,
            Redistributed(untaken, None, self.dice.choice([None, task_id]), None, False, "x", reason),
        ]
        return self.dice.choice(moves)

    def _person(self) -> Operator:
        return self.dice.choice([ANNA, BORIS])

    def _id(self) -> UUID:
        return UUID(int=self.dice.getrandbits(128))


def _holder(task: Task) -> Operator:
    return ANNA if task.operator_id == ANNA.id else BORIS


@cache
def _shipped(code: str) -> str:
    """A shipped playbook as JSON, of which everybody makes a copy of their own."""
    return json.dumps(yaml.safe_load((LIBRARY / f"{code}.yaml").read_text(encoding="utf-8")))


@cache
def _parsed(text: str) -> Playbook:
    """Reading YAML takes longer than the story: whoever tells it again has it read."""
    return parse(text, VOCABULARY)


def varied(dice: Random) -> Playbook:
    """Return a shipped playbook with other delays, limits, modes and offers."""
    raw = json.loads(_shipped(dice.choice(["callback", "school"])))
    for kind in raw["task_types"].values():
        kind["mode"] = dice.choice(list(Mode)).value
        kind["due"] = dice.choice(["0m", "15m", "3d"])
        kind["offer"] = dice.choice(["0m", "10m", "4d"])
        kind["prefer_owner"] = dice.choice([True, False])
        kind["on_assigned"] = kind["on_taken"] = dice.choice(CLAIMS)
    for policy in raw["attempts"].values():
        policy["limit"] = dice.randint(1, 5)
        policy["delays"] = dice.choices(["1m", "2h", "1d"], k=dice.randint(1, 3))
    return _parsed(json.dumps(raw))


WORDS = {"ru": "Слова", "en": "Words"}
CLOSE = {"result": "completed", "reason": WORDS}
CLAIMS: list[object] = ["own", "nothing", {"reserve": "10m"}, {"reserve": "3h"}]
#: Steps after which something is open, or the process has ended.
LAST: list[list[object]] = [
    [{"open": "first"}],
    [{"open": "second"}],
    [{"open": "first"}, {"open": {"type": "second", "due": "1h", "important": True}}],
    [{"open": {"type": "first", "for": "actor"}}],
    [{"open": {"type": "second.twin", "for": "owner"}}],
    [{"open": {"type": "second", "for": "supervisor"}}],
    [{"close": {**CLOSE, "outcome": "done"}}, {"open": "second"}],
    [{"close": {**CLOSE, "types": ["first"]}}, {"open": "second"}],
    [{"choose": [{"when": {"owned": True}, "then": [{"open": "second"}], "else": [{"end": True}]}]}],
    [{"end": True}],
    [{"end": CLOSE}],
]
NEEDED, PEOPLE = "required", ("actor", "owner", "original")
#: Steps that may stand anywhere.
ANYWHERE: list[object] = [
    {"status": "one"}, {"status": "two"}, {"message": "hello"}, {"timer": "later"}, {"cancel_timer": "later"},
    {"owner": "actor"}, {"owner": "nobody"}, {"owner": "original"}, {"note": WORDS},
    *[{"offer": "first"}, {"offer": "second"}] * 3, {"start": "other"}, *asks.ANYWHERE,
]  # fmt: skip
TRIGGERS = [
    "lead_updated", "number_corrected", "order_changed", "status_changed", "status_refused", "work_waiting",
    "task_assigned", "task_overdue", "message_delivered", "message_failed", "contact_recorded", *asks.TRIGGERS,
]  # fmt: skip
RHYTHMS: list[dict[str, object]] = [{}, {"every": "3h"}]
LEADS_ALONE = {
    "lead_updated", "number_corrected", "order_changed", "status_changed", "appointment_changed",
    "payment_recorded", "refund_changed", "access_changed", "price_held",
}  # fmt: skip


def _outcome(result: str, then: list[object], **requires: object) -> dict[str, object]:
    return {"title": WORDS, "result": result, "requires": requires, "then": then, "fields": asks.FIELDS}


def _successor(dice: Random) -> dict[str, object]:
    return {"due": {"from": "callback_at"}, **dice.choice([{}, *({"for": who} for who in PEOPLE)])}


def small(dice: Random) -> Playbook:
    """Return a random playbook: two types, a timer, attempts, and rules of some triggers."""
    subject = dice.choice(["lead", "lead", "customer"])

    def steps(last: list[list[object]] | None = None) -> list[object]:
        return dice.choices(ANYWHERE, k=dice.randint(0, 2)) + (dice.choice(last) if last else [])

    def then(last: list[list[object]] | None = None) -> list[object]:
        return dice.choices(asks.asking(subject), k=dice.randint(0, 2)) + steps(last)

    def rule() -> dict[str, object]:
        otherwise: dict[str, object] = {"when": {"open": "second"}, "else": steps(LAST)}
        whens = [{}, *asks.WHENS, otherwise]
        return {"process": dice.choice(["live", "live", "any", "ended"]), **dice.choice(whens), "then": steps(LAST)}

    def kind() -> dict[str, object]:
        return {
            "title": WORDS, "role": "operator", "pool": "main", "lane": "new", "mode": dice.choice(list(Mode)),
            "twins": ["twin"], "on_take": steps(), "remind": dice.choice([[], "1m", ["1m", "1h"]]),
            "due": dice.choice(asks.dues(subject)), "offer": dice.choice(["0m", "10m", "4d"]),
            "on_assigned": dice.choice(CLAIMS), "on_taken": dice.choice(CLAIMS), "on_first_contact": steps(),
            "outcomes": {
                "done": _outcome("completed", then(LAST)),
                "both": _outcome("completed", [{"timer": "later"}, *LAST[2]]),
                "later": _outcome("deferred", [{"defer": _successor(dice)}, *steps()], callback_at=NEEDED),
                "twin": _outcome("deferred", [{"defer": {**_successor(dice), "twin": "twin"}}], callback_at=NEEDED),
                "again": _outcome("deferred", [{"attempt": "tries"}, *then()], problems=["busy"]),
            },
        }  # fmt: skip

    tries = {"limit": dice.randint(1, 3), "delays": ["1m", "2h"], "each": steps(), "exhausted": steps(LAST)}
    triggers = {code: [rule()] for code in dice.sample(TRIGGERS, 4)}
    listens = [code for code in triggers if code in LEADS_ALONE] if subject == "customer" else []
    begins = [*asks.arrival(subject), *asks.counted(subject), *steps(LAST[:3])]
    arrival: dict[str, object] = {"then": [{"message": "hello"}, *begins]}
    later = {**rule(), "process": "live"}
    raw = {
        "playbook": "small", "title": WORDS, "fallback": "first", "problems": {"busy": WORDS},
        "subject": subject, "listens": listens, **asks.kept(subject),
        "statuses": {code: {"title": WORDS, "stage": "working"} for code in ("one", "two")},
        "lanes": {"new": {"title": WORDS, "priority": 1, "holder": "nobody"}},
        "messages": {"hello": asks.message(dice, subject)},
        "attempts": {"tries": tries},
        "twins": {"twin": {"title": {"ru": "{title}", "en": "Twin of {title}"}}},
        "timers": {"later": {"at": dice.choice(["5m", "1d"]), **dice.choice(RHYTHMS), "then": [later]}},
        "task_types": {"first": kind(), "second": kind()},
        "on": {**triggers, "started": [arrival], **({"lead_received": [arrival]} if subject == "lead" else {})},
    }  # fmt: skip
    return _parsed(json.dumps(raw))
