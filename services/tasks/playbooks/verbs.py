"""The verbs of a playbook: what a step may say, and the rules that say when. `VERBS` is the list of all."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from services.tasks.playbooks.asks import (
    PINNED,
    AskAppointment,
    AskCustomer,
    AskOrder,
    Pin,
    Reschedule,
    Wake,
    Withdraw,
)
from services.tasks.playbooks.conditions import Condition
from services.tasks.playbooks.dealings import AskAccess, AskPayment, AskRefund, HoldPrice
from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.keeps import Charge, CountUp, LinkDocument
from services.tasks.playbooks.source import Entries, Items, Log, Node
from services.tasks.playbooks.terms import (
    ADDRESSEE,
    TITLE,
    Addressee,
    Ahead,
    Phase,
    Result,
    Schedule,
    Text,
    Title,
    When,
)
from services.tasks.playbooks.values import (
    HIDDEN,
    LIST,
    PART,
    Code,
    Declared,
    Flag,
    Kind,
    OneOf,
    Shape,
    choice,
    given,
    listed,
    ref,
    refs,
    short,
    wrapped,
    wrong,
)


def _closing(node: Node, log: Log) -> object:
    result = choice(Result).read(node, log)
    if result is Result.DEFERRED:
        wrong("closed_as_deferred", "a rule completes or fails a task; deferring needs a twin")
    return result


ClosingResult: TypeAlias = Annotated[Result, Kind(_closing, {"enum": ["completed", "failed"]})]


@dataclass(frozen=True, slots=True)
class Open(Declared):
    """Open a task, by the schedule of its type unless `due` is given; `for` whom it is, else for its role.

    `remind` takes the place of its type's reminders.
    """

    type: Annotated[str, ref("task_type")]
    due: When | None = None
    offer: When | None = None
    lane: Annotated[str, ref("lane")] | None = None
    important: Flag | None = None
    remind: Ahead | None = None
    addressee: Annotated[Addressee | str | None, ADDRESSEE, Field(alias="for")] = None

    def __post_init__(self) -> None:
        """Refuse an offer without a due time."""
        if self.offer is not None and self.due is None:
            raise WrongPartError("offer_without_due", "'offer' needs 'due' beside it")

    @property
    def schedule(self) -> Schedule | None:
        """The schedule of this task alone; None = its type's."""
        return None if self.due is None else Schedule(self.due, self.offer)


@dataclass(frozen=True, slots=True)
class Close(Declared):
    """Close open tasks by rule; no types = all. `reason` becomes the comment (S0.2).

    `outcome`: as which outcome tasks of the types that have it count (S3.8); its steps do not run. A type stands
    for its twins too.
    """

    result: ClosingResult
    reason: Text
    types: Annotated[tuple[str, ...], refs("task_type")] = ()
    outcome: Code | None = None


@dataclass(frozen=True, slots=True)
class Defer(Declared):
    """Close the current task and open its successor, at another time or for another person (S2.8, S3.5).

    The successor is of the same type unless `to` names another, or `twin` a twin of it; `for` whom it is, else for
    its role. `remind` takes the place of its type's reminders.
    """

    due: When
    offer: When | None = None
    to: Annotated[str, ref("task_type")] | None = None
    twin: Annotated[str, ref("twin")] | None = None
    lane: Annotated[str, ref("lane")] | None = None
    important: Flag | None = None
    remind: Ahead | None = None
    addressee: Annotated[Addressee | str | None, ADDRESSEE, Field(alias="for")] = None

    def __post_init__(self) -> None:
        """Refuse two successors."""
        if self.to is not None and self.twin is not None:
            raise WrongPartError("two_successors", "'to' and 'twin' name two successors of one task")

    @property
    def schedule(self) -> Schedule:
        """The successor's schedule."""
        return Schedule(self.due, self.offer)


@dataclass(frozen=True, slots=True)
class RetryAttempt(Declared):
    """Count an unsuccessful attempt: defer the task, or fail it when the policy is exhausted (S0.5)."""

    policy: Annotated[str, ref("attempts")]


@dataclass(frozen=True, slots=True)
class Status(Declared):
    """Request a status of the lead."""

    code: Annotated[str, ref("status")]
    reason: Text | None = None


@dataclass(frozen=True, slots=True)
class SendMessage(Declared):
    """Request a message to the customer."""

    message: Annotated[str, ref("message")]


@dataclass(frozen=True, slots=True)
class StartTimer(Declared):
    """Start or restart a timer."""

    timer: Annotated[str, ref("timer")]


@dataclass(frozen=True, slots=True)
class StopTimer(Declared):
    """Cancel a timer if it runs."""

    timer: Annotated[str, ref("timer")]


@dataclass(frozen=True, slots=True)
class Offer(Declared):
    """Let tasks of a type that wait for their time be given out at once; nothing when none waits (S4.4)."""

    type: Annotated[str, ref("task_type")]


@dataclass(frozen=True, slots=True)
class Start(Declared):
    """Start another playbook on the same subject; nothing when it runs there already."""

    playbook: Code


class Whom(StrEnum):
    """Who becomes the lead's owner."""

    ACTOR = "actor"
    NOBODY = "nobody"
    ORIGINAL = "original"


WHOM = choice(Whom)


@dataclass(frozen=True, slots=True)
class ChangeOwner(Declared):
    """Make the acting operator the lead's owner (`actor`), or remove the owner (`nobody`).

    `original`: for whom the operator of the task in hand stands in; nothing when that is not so.
    """

    whom: Annotated[Whom, WHOM]


@dataclass(frozen=True, slots=True)
class Note(Declared):
    """Add a note to the timeline."""

    text: Text


ENDED = Title("Процесс завершён", "The process has ended")


@dataclass(frozen=True, slots=True)
class End(Declared):
    """End the process; its open tasks are closed by rule. `true` = failed, with a general reason."""

    result: ClosingResult = Result.FAILED
    reason: Text = ENDED


def _end(node: Node, log: Log) -> Node:
    if isinstance(node, Entries):
        for key in {"result", "reason"} - node.keys():
            log.fault(node, "missing_key", f"{node.path} has no {key!r}")
        return node
    if node != "true":
        log.fault(node, "end_false", "'end' is true, or a mapping of result and reason")
    return Entries(node.line, node.path)


def _rules(phase: str) -> Shape:
    """Return the shape of a list of rules; each gets its name, and `phase` where it says none."""

    def rewrite(node: Node, log: Log) -> Node:
        found = Items(node.line, node.path)
        found += [_named(item, log, phase) if isinstance(item, Entries) else item for item in listed(node, log)]
        return found

    return Shape(rewrite)


def _named(rule: Entries, log: Log, phase: str) -> Entries:
    named = given(rule, log, name=_rule_name(rule.path), path=rule.path)
    return named if "process" in named else given(named, log, process=phase)


def _rule_name(path: str) -> str:
    """Return a rule's name, such as `on.lead_received.2`: it counts from 1, and stands in timelines."""
    *parents, place = path.lstrip("/").split("/")
    if parents[0] == "timers" and len(parents) == 3:
        parents = parents[:2]
    return ".".join([*parents, str(int(place) + 1)])


@dataclass(frozen=True, slots=True)
class Choose(Declared):
    """Run the first rule whose condition holds."""

    # The rule around a choice has already checked the phase.
    rules: "Annotated[tuple[Rule, ...], _rules('any')]"


Step: TypeAlias = (
    Open
    | Close
    | Defer
    | RetryAttempt
    | Status
    | SendMessage
    | StartTimer
    | StopTimer
    | Offer
    | Start
    | ChangeOwner
    | Note
    | End
    | Choose
    | AskOrder
    | AskCustomer
    | Pin
    | AskAppointment
    | Withdraw
    | Reschedule
    | Wake
    | CountUp
    | Charge
    | LinkDocument
    | AskPayment
    | AskRefund
    | AskAccess
    | HoldPrice
)
VERBS: Mapping[str, object] = {
    "open": Annotated[Open, short("type")],
    "close": Close,
    "defer": Defer,
    "attempt": Annotated[RetryAttempt, short("policy")],
    "status": Annotated[Status, short("code")],
    "message": Annotated[SendMessage, short("message")],
    "timer": Annotated[StartTimer, short("timer")],
    "cancel_timer": Annotated[StopTimer, short("timer")],
    "offer": Annotated[Offer, short("type")],
    "start": Annotated[Start, short("playbook")],
    "owner": Annotated[ChangeOwner, wrapped("whom", WHOM.schema)],
    "note": Annotated[Note, wrapped("text", TITLE.schema)],
    "end": Annotated[End, Shape(_end, lambda inner: {"anyOf": [{"const": True}, inner]})],
    "choose": Annotated[Choose, wrapped("rules", {"type": "array", "items": {PART: "Rule"}})],
    "order": Annotated[AskOrder, short("status")],
    "customer": AskCustomer,
    "pin": Annotated[Pin, wrapped("text", PINNED.schema)],
    "appointment": Annotated[AskAppointment, short("is")],
    "withdraw": Annotated[Withdraw, short("message")],
    "move": Annotated[Reschedule, wrapped("types", refs("task_type").schema)],
    "wake": Annotated[Wake, wrapped("types", refs("task_type").schema)],
    "count": Annotated[CountUp, short("counter")],
    "charge": Annotated[Charge, short("charge")],
    "document": Annotated[LinkDocument, short("field")],
    "payment": Annotated[AskPayment, short("is")],
    "refund": Annotated[AskRefund, short("is")],
    "access": Annotated[AskAccess, short("to")],
    "hold": Annotated[HoldPrice, short("until")],
}
_STEP = OneOf(lambda: VERBS, "unknown_step", "a step is one of {}")
Steps: TypeAlias = Annotated[tuple[Annotated[Step, _STEP], ...], LIST]


@dataclass(frozen=True, slots=True)
class Rule(Declared):
    """Steps under a condition, for processes that are live (unless said), ended or any. `else` runs if it fails."""

    name: Annotated[str, HIDDEN]
    path: Annotated[str, HIDDEN]
    then: Steps
    when: Condition | None = None
    otherwise: Annotated[Steps | None, Field(alias="else")] = None
    phase: Annotated[Phase, choice(Phase), Field(alias="process")] = Phase.LIVE

    def __post_init__(self) -> None:
        """Refuse an `else` without `when`."""
        if self.otherwise is not None and self.when is None:
            raise WrongPartError("else_without_when", "'else' needs 'when' beside it")

    @property
    def is_final(self) -> bool:
        """Whether the rules after this one are never tried."""
        return self.when is None or self.otherwise is not None


Rules: TypeAlias = Annotated[tuple[Rule, ...], _rules("live")]
