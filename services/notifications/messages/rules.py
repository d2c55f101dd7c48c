"""The state of a message and the rung that it is on, in any order of what becomes known of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from libs.common.contracts.shared import MessageProgress
from services.notifications.ladders.rules import OF_ALL_CHANNELS, Passed, Rung, Stop, end_of, next_rung, reasons


class MessageState(StrEnum):
    """States in the order of their rank: a message only moves to a higher one.

    `failed` outranks `sent` and yields to `delivered`: providers report out of order and skip steps, and a late
    receipt is proof of delivery. `unknown` yields to each later status except `accepted`: nothing would end an
    accepted message whose callback timeout is over.
    """

    PENDING = "pending"
    ACCEPTED = "accepted"
    UNKNOWN = "unknown"
    SENT = "sent"
    FAILED = "failed"
    DELIVERED = "delivered"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Fact:
    """What became known of a message; `code` and `detail` say why it failed."""

    state: MessageState
    code: str | None = None
    detail: str | None = None


_RANK = {state: rank for rank, state in enumerate(MessageState)}
_STEPS: Mapping[MessageState, tuple[MessageProgress, ...]] = {
    MessageState.PENDING: (),
    MessageState.UNKNOWN: (MessageProgress.FAILED,),
    MessageState.ACCEPTED: (MessageProgress.SENT,),
    MessageState.SENT: (MessageProgress.SENT,),
    MessageState.FAILED: (MessageProgress.FAILED,),
    MessageState.DELIVERED: (MessageProgress.SENT, MessageProgress.DELIVERED),
    MessageState.READ: (MessageProgress.SENT, MessageProgress.DELIVERED, MessageProgress.READ),
}


def advance(
    state: MessageState, fact: MessageState, published: Collection[MessageProgress]
) -> tuple[MessageState, tuple[MessageProgress, ...]]:
    """Return the state after a provider's report `fact`, and the steps to publish now.

    The order of the reports does not change the final state.
    """
    if _RANK[fact] <= _RANK[state]:
        return state, ()
    return fact, tuple(step for step in _STEPS[fact] if step not in published)


_ALIVE = (MessageState.PENDING, MessageState.ACCEPTED, MessageState.SENT)
_ARRIVED = (MessageState.DELIVERED, MessageState.READ)


@dataclass(frozen=True, slots=True)
class Via:
    """The channel by which a step was made; `number` is its rung."""

    number: int
    kind: str
    provider: str


@dataclass(slots=True)
class Course:
    """How a message goes, while facts are applied to it: pure, and written once afterwards.

    `via` is the rung that it is on; none follows it once it is `withdrawn`. `steps` are to be published, `rung` is
    one that it has fallen to, and `arrived` says that nothing more of it is to be sent.
    """

    state: MessageState
    published: list[MessageProgress]
    via: Via
    deadline: datetime | None = None
    ahead: tuple[Rung, ...] = ()
    passed: tuple[Passed, ...] = ()
    code: str | None = None
    detail: str | None = None
    withdrawn: bool = False
    steps: list[tuple[MessageProgress, Via]] = field(default_factory=list)
    rung: Rung | None = None
    arrived: bool = False

    def learn(self, number: int, fact: Fact, left_out: Callable[[Rung], str | None], now: datetime) -> None:
        """Apply what became known of the rung `number`. `left_out` says why another rung cannot be tried."""
        if number != self.via.number:
            self._learn_late(number, fact)
        elif (
            fact.state is MessageState.FAILED
            and self.state in _ALIVE
            and MessageProgress.FAILED not in self.published
        ):
            self._fail(fact, left_out, now)
        else:
            self._move(fact, self.via)

    def _learn_late(self, number: int, fact: Fact) -> None:
        """Of a rung that is over, arrival alone counts."""
        over = next((one for one in self.passed if one.number == number), None)
        if over is not None and fact.state in _ARRIVED:
            self._move(fact, Via(number, over.kind, over.provider), MessageProgress.SENT)

    def _fail(self, fact: Fact, left_out: Callable[[Rung], str | None], now: datetime) -> None:
        """Go on by the next rung, or end."""
        late = self.deadline is not None and now >= self.deadline
        over = late or self.withdrawn or fact.code in OF_ALL_CHANNELS
        rung, ahead, passed = next_rung(() if over else self.ahead, left_out)
        failed = Passed(self.via.number, self.via.kind, self.via.provider, fact.code or "")
        self.passed = (*self.passed, failed, *passed)
        if rung is None:
            self._move(self._end(fact, late=late), self.via)
            return
        self.via, self.rung, self.ahead = Via(rung.number, rung.kind, rung.provider), rung, ahead
        self.state = MessageState.PENDING
        self.published = [step for step in self.published if step is not MessageProgress.SENT]

    def _end(self, fact: Fact, *, late: bool) -> Fact:
        """Return why it ends when no rung is left, or none may follow."""
        if self.withdrawn and (self.ahead or fact.code == Stop.WITHDRAWN):
            return Fact(MessageState.FAILED, Stop.WITHDRAWN, reasons(self.passed))
        if fact.code in OF_ALL_CHANNELS:
            return Fact(MessageState.FAILED, fact.code, reasons(self.passed))
        return fact if late or len(self.passed) == 1 else Fact(MessageState.FAILED, *end_of(self.passed))

    def _move(self, fact: Fact, via: Via, *silent: MessageProgress) -> None:
        state, steps = advance(self.state, fact.state, [*self.published, *silent])
        if state is self.state:
            return
        self.state, self.code, self.detail = state, fact.code, fact.detail
        self.published.extend(steps)
        self.steps.extend((step, via) for step in steps)
        self.arrived = self.arrived or state in _ARRIVED
