"""Playbooks, facts and a process of the engine for the tests of tasks."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from uuid import UUID, uuid4

from libs.common.contracts.shared import OrderStatus, Signal
from services.tasks.engine.effects import Effect
from services.tasks.engine.events import Event, LeadReceived, OrderChanged, OutcomeGiven, Taken, TimerFired
from services.tasks.engine.facts import Customer, Facts, Order, Subject
from services.tasks.engine.rules import resolve
from services.tasks.engine.state import Colleague, Desk, Operator, OperatorId, ProcessId, Staff, State, Task
from services.tasks.playbooks.grammar import Vocabulary, parse
from services.tasks.playbooks.model import Playbook

E = TypeVar("E")
LIBRARY = Path("services/tasks/playbooks/library")
VOCABULARY = Vocabulary(
    signals=frozenset(signal.value for signal in Signal),
    order_statuses=frozenset(status.value for status in OrderStatus),
    channels=frozenset({"whatsapp", "sms", "email"}),
)
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday, noon in Moscow
ANNA = Operator(OperatorId(UUID(int=1)), "Анна")
BORIS = Operator(OperatorId(UUID(int=2)), "Борис")
DESK = Desk("demo", "Демо", "Demo", "Europe/Moscow", ("ru", "en"))


def colleague(who: Operator, *roles: str) -> Colleague:
    """An operator of the desk who is on shift."""
    return Colleague(who, on_shift=True, roles=frozenset(roles or ("operator",)), desks=frozenset({DESK.code}))


STAFF: Staff = {who.id: colleague(who) for who in (ANNA, BORIS)}


TINY = """\
playbook: tiny
title: {ru: Кроха, en: Tiny}
fallback: call
statuses:
  new: {title: {ru: Новый, en: New}, stage: new}
lanes:
  new: {title: {ru: Новые, en: New}, priority: 1, holder: nobody}
task_types:
  call:
    title: {ru: Позвонить, en: Call}
    role: operator
    pool: main
    mode: push
    lane: new
    due: 5m
    outcomes:
      done:
        title: {ru: Сделано, en: Done}
        result: completed
        then:
          - end: true
"on":
  lead_received:
    - then:
        - status: new
        - open: call
"""


def library(code: str) -> Playbook:
    return parse((LIBRARY / f"{code}.yaml").read_text(encoding="utf-8"), VOCABULARY)


SCHOOL = library("school")
CALLBACK = library("callback")
FREE = library("free")


ORDER_ID = UUID(int=7)


def facts(*signals: str, order_status: str = "new", received_at: datetime = START) -> Facts:
    return Facts(
        subject=Subject.lead(uuid4()),
        customer_id=uuid4(),
        source_id=uuid4(),
        source="school",
        external_id="42",
        order=Order(ORDER_ID, "1042", order_status),
        signals=signals,
        language="ru",
        zone="Europe/Moscow",
        received_at=received_at,
        customer=Customer("Иван", "+79990000001"),
    )


def changed(
    status: str,
    amount: Decimal | None = None,
    currency: str | None = None,
    link: str | None = None,
    *,
    order_id: UUID = ORDER_ID,
) -> OrderChanged:
    """Return the change of an order; it is the one of `facts` unless another is named."""
    return OrderChanged(Order(order_id, "1042", status, amount=amount, currency=currency, payment_link=link))


def blank(playbook: Playbook, lead: Facts, desk: Desk = DESK) -> State:
    return State(ProcessId(uuid4()), desk, playbook.code, 1, lead)


@dataclass
class EngineProcess:
    """A process of the engine without a database; `wait` fires its timers."""

    playbook: Playbook
    state: State
    now: datetime = START
    effects: list[Effect] = field(default_factory=list)

    def on(self, event: Event) -> tuple[Effect, ...]:
        decision = resolve(self.state, event, self.playbook, self.now)
        self.state = decision.state
        self.effects.extend(decision.effects)
        return decision.effects

    def wait(self, delta: timedelta) -> None:
        """Advance the time; each timer fires when it is due."""
        end = self.now + delta
        while due := sorted((t for t in self.state.timers if t.at <= end), key=lambda timer: timer.at):
            self.now = max(self.now, due[0].at)
            self.on(TimerFired(due[0]))
        self.now = end

    @property
    def task(self) -> Task:
        (task,) = self.state.open_tasks
        return task

    def take(self, operator: Operator = ANNA) -> tuple[Effect, ...]:
        return self.on(Taken(self.task.id, operator))

    def outcome(
        self,
        code: str,
        operator: Operator = ANNA,
        comment: str = "поговорили",
        call_made: bool | None = None,
        callback_at: datetime | None = None,
        problem: str | None = None,
    ) -> tuple[Effect, ...]:
        return self.on(
            OutcomeGiven(
                self.task.id, code, comment, str(operator.id), operator, False, call_made, callback_at, problem
            )
        )

    def all(self, kind: type[E]) -> list[E]:
        return [effect for effect in self.effects if isinstance(effect, kind)]


def started(playbook: Playbook, *signals: str, order_status: str = "new") -> EngineProcess:
    """Return a process whose lead has just been received."""
    process = EngineProcess(playbook, blank(playbook, facts(*signals, order_status=order_status)))
    process.on(LeadReceived())
    return process
