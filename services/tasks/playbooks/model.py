"""The language of playbooks, and a playbook that was read: one declaration for both (P.4).

A field says by its annotation how it is written (`values.py`); its class's docstring is the reference's text. The
reader (`grammar.py`), the JSON Schema for editors (`reference.py`) and docs/playbooks.md are made of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, TypeAlias

from pydantic import Field

from libs.common.contracts.shared import Mode, Stage, SubjectKind
from services.tasks.playbooks.conditions import Condition
from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.fields import FieldSpec, Questionnaire
from services.tasks.playbooks.keeps import ChargeSpec
from services.tasks.playbooks.lanes import Lane, Turn
from services.tasks.playbooks.messages import MessageSpec
from services.tasks.playbooks.sheets import CallSheet
from services.tasks.playbooks.source import Entries, Log, Node, Word
from services.tasks.playbooks.terms import (
    CLAIM,
    NOTHING,
    OWN,
    Ahead,
    Claim,
    Need,
    Result,
    Schedule,
    Text,
    Trigger,
    When,
)
from services.tasks.playbooks.values import (
    CODED,
    CODES,
    HIDDEN,
    JSON,
    LIST,
    Code,
    Declared,
    Duration,
    Flag,
    Number,
    Shape,
    choice,
    choices,
    coded,
    keyed,
    mapped,
    ref,
    refs,
    short,
)
from services.tasks.playbooks.verbs import (
    Defer,
    Rules,
    Steps,
)

#: The built-in playbook of tasks that people make by hand (S3.14): each is a process of its own.
FREE = "free"
#: The field that says of which category a contact is (S3.2).
CATEGORY = "category"
SHORTEST_RHYTHM = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class StatusSpec(Declared):
    """A status of the desk and its stage."""

    code: Annotated[str, HIDDEN]
    title: Text
    stage: Annotated[Stage, choice(Stage)]


@dataclass(frozen=True, slots=True)
class Requires(Declared):
    """The fields that an outcome requires (S1.7); the comment is always required (S0.2).

    `problems` are those that may be named; they make `problem` required unless it is said otherwise.
    `callback_forbidden_when`: no callback time may be given while this holds (S1.8). `call_made_by`: for some
    problems a call must, may or must not have been made, in the place of `call_made` (S1.9).
    """

    call_made: Annotated[Need, choice(Need)] = Need.OPTIONAL
    callback_at: Annotated[Need, choice(Need)] = Need.FORBIDDEN
    problem: Annotated[Need, choice(Need)] = Need.FORBIDDEN
    problems: Annotated[tuple[str, ...], refs("problem")] = ()
    callback_forbidden_when: Condition | None = None
    call_made_by: Annotated[Mapping[str, Annotated[Need, choice(Need)]], keyed("problem")] = field(
        default_factory=dict
    )

    def __post_init__(self) -> None:
        """Refuse a problem that nobody can name, and a condition on what may never be given."""
        if self.callback_forbidden_when is not None and self.callback_at is not Need.OPTIONAL:
            raise WrongPartError(
                "never_forbidden", "'callback_forbidden_when' belongs to an optional 'callback_at'"
            )
        if self.problem is not Need.FORBIDDEN and not self.problems:
            raise WrongPartError("no_problems", "which problems may be named? give 'problems'")

    def call_of(self, problem: str | None) -> Need:
        """Return whether a call must, may or must not have been made."""
        return self.call_made_by.get(problem or "", self.call_made)


def _requires(node: Node, log: Log) -> Node:
    found = mapped(node, log)
    if "problems" in found and "problem" not in found:
        return found.having("problem", Word.at("required", node.line, node.path))
    return found


@dataclass(frozen=True, slots=True)
class Outcome(Declared):
    """A possible outcome of a task. `fields` are filled in with it, and known to the process from then on.

    One that is left empty is not known any more, even if an earlier outcome had it.
    """

    code: Annotated[str, HIDDEN]
    title: Text
    result: Annotated[Result, choice(Result)]
    then: Steps
    requires: Annotated[Requires, Shape(_requires)] = Requires()
    fields: Annotated[Mapping[str, FieldSpec], coded("type")] = field(default_factory=dict)


def _nameable(inner: JSON) -> JSON:
    """Let editors know that a name may stand for an outcome; `expand.py` has put the outcome there."""
    name = ref("outcome").schema
    either = {"anyOf": [name, inner["additionalProperties"]]}
    return {"anyOf": [{"type": "array", "items": name}, {**inner, "additionalProperties": either}]}


NAMES = Shape(lambda node, _: node, _nameable)
Directory: TypeAlias = Annotated[Mapping[str, Text], CODES]


@dataclass(frozen=True, slots=True)
class Category(Declared):
    """A category of contacts, which decides by which outcomes a task may end (S3.2)."""

    code: Annotated[str, HIDDEN]
    title: Text
    outcomes: Annotated[tuple[str, ...], refs("outcome"), LIST]


@dataclass(frozen=True, slots=True)
class Twin(Declared):
    """A second type beside each type that names it: the same but for what is said here (S3.5).

    `{title}` in its title is that of the type. The twin of `call` is `call.deferred` if its code is `deferred`.
    """

    code: Annotated[str, HIDDEN]
    title: Text
    due: When | None = None
    offer: When | None = None
    lane: Annotated[str, ref("lane")] | None = None
    rank: Number | None = None
    important: Flag | None = None
    remind: Ahead | None = None
    mode: Annotated[Mode, choice(Mode)] | None = None


@dataclass(frozen=True, slots=True)
class TaskType(Declared):
    """A type of task: its role and pool, schedule and outcomes (S3.1).

    `outcomes` are those of this type; a name, in a list or as a value, stands for a shared one, and `by_category`
    for those of all categories: the field `category` then says which of them may end the task (S3.2). `twins` are
    further types like this one. `rank` orders the tasks of a lane, the smallest first. `prefer_owner`: the lead's
    owner gets it if they can. `remind`: how long before a task is due its operator is reminded, or the lead's owner
    while nobody has it; never of a time that was past when the task was opened.

    `on_assigned` and `on_taken` say what having the task does: the operator owns the lead, or the task is reserved
    for them for a time and goes back to its lane if no contact follows, or neither. `on_take` runs when it is
    taken, `on_first_contact` once, at the first call or message of its operator: a recorded contact, or an outcome
    with a call made (S4.3). A task with `on_first_contact` whose contact came in time is not overdue (S4.4).
    """

    code: Annotated[str, HIDDEN]
    title: Text
    role: Code
    pool: Code
    mode: Annotated[Mode, choice(Mode)]
    lane: Annotated[str, ref("lane")]
    due: When
    outcomes: Annotated[Mapping[str, Outcome], CODED, NAMES]
    offer: When | None = None
    twins: Annotated[tuple[str, ...], refs("twin")] = ()
    call_sheet: Annotated[str, ref("call_sheet")] | None = None
    rank: Number = 100
    important: Flag = False
    remind: Ahead = ()
    prefer_owner: Flag = True
    on_assigned: Annotated[Claim, CLAIM] = OWN
    on_taken: Annotated[Claim, CLAIM] = NOTHING
    on_take: Steps = ()
    on_first_contact: Steps = ()
    categories: Annotated[Mapping[str, tuple[str, ...]], HIDDEN] = field(default_factory=dict)
    twin_of: Annotated[str, HIDDEN] = ""

    @property
    def by_category(self) -> bool:
        """Whether the category decides by which outcomes a task of this type may end."""
        return bool(self.categories)

    @property
    def base(self) -> str:
        """The type whose twin this one is, or itself."""
        return self.twin_of or self.code

    def successor(self, step: Defer) -> str:
        """Return the type of the task that follows one of this type."""
        return twin_code(self.base, step.twin) if step.twin else step.to or self.code

    @property
    def beginnings(self) -> tuple[tuple[str, Steps], ...]:
        """The steps that run before its outcome, by their key."""
        return ("on_take", self.on_take), ("on_first_contact", self.on_first_contact)

    @property
    def schedule(self) -> Schedule:
        """The schedule of its tasks."""
        return Schedule(self.due, self.offer)


def twin_code(base: str, twin: str) -> str:
    """Return the code of a type's twin."""
    return f"{base}.{twin}"


@dataclass(frozen=True, slots=True)
class AttemptPolicy(Declared):
    """When, how often and in which lane to retry; the last delay repeats. No limit = without end (S1.8).

    `each` runs after every attempt but the last, `exhausted` after the last one.
    """

    code: Annotated[str, HIDDEN]
    delays: Annotated[tuple[Annotated[Schedule, short("due")], ...], LIST]
    limit: Number | None = None
    lane: Annotated[str, ref("lane")] | None = None
    each: Steps = ()
    exhausted: Steps = ()

    def __post_init__(self) -> None:
        """Refuse a policy that never retries, or does not say how it ends."""
        if not self.delays:
            raise WrongPartError("no_delays", "at least one delay is needed")
        if self.limit == 0:
            raise WrongPartError("no_attempts", "the limit is at least 1")
        if (self.limit is None) != (self.exhausted == ()):
            raise WrongPartError("limit_and_exhausted", "'limit' and 'exhausted' stand together or not at all")


@dataclass(frozen=True, slots=True)
class TimerSpec(Declared):
    """A timer of the playbook and its rules. With `every` it is set anew each time, so long after it was due.

    After a gap it runs once and keeps its rhythm; it ends with its process, or by `cancel_timer`.
    """

    code: Annotated[str, HIDDEN]
    at: When
    rules: Annotated[Rules, Field(alias="then")]
    every: Duration | None = None

    def __post_init__(self) -> None:
        """Refuse a rhythm without a pause."""
        if self.every is not None and self.every < SHORTEST_RHYTHM:
            raise WrongPartError("no_time", "'every' is a minute at least")


def _triggers(node: Node, log: Log) -> Node:
    known = {trigger.value for trigger in Trigger}
    found = Entries(node.line, node.path)
    for key, rules in mapped(node, log).items():
        if key in known:
            found[key] = rules
        else:
            log.fault(rules, "unknown_key", f"unknown trigger {key!r}: it is none of {', '.join(known)}")
    return found


@dataclass(frozen=True, slots=True)
class Playbook(Declared):
    """One version of a desk's process. `fallback` is the task opened when rules leave none open (S2.6).

    `outcomes` are shared: task types name them. `directories` are sets of problems with a name of their own, which
    stands for all of them where an outcome requires one (S3.5).

    `categories` decide by which outcomes tasks may end, `twins` are second types of tasks. `next`: the order of
    lanes by the time of day; the first part that holds counts, and without any the priorities of the lanes do.
    `counters` and `charges` are what steps count and charge, `questionnaires` what outcomes ask.

    `subject`: what its processes are about. `listens`: events of other subjects that they hear, those of a lead's
    customer or of a customer's leads. `starts_on`: events of its subject that start a process when none is live.
    """

    code: Annotated[Code, Field(alias="playbook")]
    title: Text
    statuses: Annotated[Mapping[str, StatusSpec], CODED]
    task_types: Annotated[Mapping[str, TaskType], CODED]
    triggers: Annotated[Mapping[Trigger, Rules], Shape(_triggers), Field(alias="on")]
    lanes: Annotated[Mapping[str, Lane], CODED]
    fallback: Annotated[str, ref("task_type")]
    problems: Annotated[Mapping[str, Text], CODES] = field(default_factory=dict)
    directories: Annotated[Mapping[str, Directory], CODES] = field(default_factory=dict)
    outcomes: Annotated[Mapping[str, Outcome], CODED] = field(default_factory=dict)
    attempts: Annotated[Mapping[str, AttemptPolicy], CODED] = field(default_factory=dict)
    messages: Annotated[Mapping[str, MessageSpec], CODED] = field(default_factory=dict)
    timers: Annotated[Mapping[str, TimerSpec], CODED] = field(default_factory=dict)
    twins: Annotated[Mapping[str, Twin], CODED] = field(default_factory=dict)
    categories: Annotated[Mapping[str, Category], CODED] = field(default_factory=dict)
    next: Annotated[tuple[Turn, ...], LIST] = ()
    call_sheets: Annotated[Mapping[str, CallSheet], CODED] = field(default_factory=dict)
    counters: Annotated[Mapping[str, Text], CODES] = field(default_factory=dict)
    charges: Annotated[Mapping[str, ChargeSpec], CODED] = field(default_factory=dict)
    questionnaires: Annotated[Mapping[str, Questionnaire], CODED] = field(default_factory=dict)

    def sheet_of(self, kind: str) -> CallSheet | None:
        """Return the call sheet of a type, if it has one."""
        code = self.task_types[kind].call_sheet
        return None if code is None else self.call_sheets[code]

    def field(self, name: str) -> FieldSpec | None:
        """Return the declaration of a field; all outcomes declare it with one type."""
        outcomes = (outcome for kind in self.task_types.values() for outcome in kind.outcomes.values())
        return next((outcome.fields[name] for outcome in outcomes if name in outcome.fields), None)

    subject: Annotated[SubjectKind, choice(SubjectKind)] = SubjectKind.LEAD
    listens: Annotated[frozenset[Trigger], choices(Trigger, "an event of `on`")] = frozenset()
    starts_on: Annotated[frozenset[Trigger], choices(Trigger, "an event of the subject")] = frozenset()
