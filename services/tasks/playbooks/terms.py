"""The terms that the verbs and parts of a playbook are written in: titles, moments, schedules, addressees."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from enum import StrEnum
from typing import Annotated, TypeAlias

from pydantic import Field

from libs.common.contracts.shared import (
    SubjectKind,
)
from services.tasks.playbooks.faults import WrongPartError
from services.tasks.playbooks.source import Log, Node, Reference, Word
from services.tasks.playbooks.values import (
    DURATION_KIND,
    NUMBER,
    TIME_KIND,
    ClockTime,
    Declared,
    Duration,
    Flag,
    Kind,
    choice,
    listed,
    mapped,
    pair,
    short,
    word_of,
    wrong,
)


class Result(StrEnum):
    """The result of a task; the outcome determines it (S0.1)."""

    COMPLETED = "completed"
    FAILED = "failed"
    DEFERRED = "deferred"


class Need(StrEnum):
    """Whether an outcome requires a field, allows it or forbids it (S1.7)."""

    REQUIRED = "required"
    OPTIONAL = "optional"
    FORBIDDEN = "forbidden"


class Anchor(StrEnum):
    """The start of a moment, besides the date and moment fields of outcomes."""

    NOW = "now"
    RECEIVED = "received"
    CALLBACK = "callback_at"
    APPOINTMENT = "appointment"
    CONTACT = "contact"
    HELD_UNTIL = "held_until"
    REFUND_DUE = "refund_due"


class Day(StrEnum):
    """The day of a moment, seen from its start."""

    DAY_BEFORE = "day_before"
    SAME_DAY = "same_day"
    NEXT_DAY = "next_day"
    NEXT_WORKDAY = "next_workday"


class Zone(StrEnum):
    """Whose clock a time of day is read on."""

    DESK = "desk"
    CUSTOMER = "customer"


class Holder(StrEnum):
    """Which tasks a lane shows: unassigned ones, the caller's, or all."""

    NOBODY = "nobody"
    ME = "me"
    ANYONE = "anyone"


class Trigger(StrEnum):
    """The events that start rules of a playbook, besides outcomes and its timers."""

    STARTED = "started"
    LEAD_RECEIVED = "lead_received"
    LEAD_UPDATED = "lead_updated"
    NUMBER_CORRECTED = "number_corrected"
    ORDER_CHANGED = "order_changed"
    STATUS_CHANGED = "status_changed"
    STATUS_REFUSED = "status_refused"
    CONTACT_RECORDED = "contact_recorded"
    CUSTOMER_CHANGED = "customer_changed"
    WORK_WAITING = "work_waiting"
    TASK_ASSIGNED = "task_assigned"
    TASK_OVERDUE = "task_overdue"
    MESSAGE_SENT = "message_sent"
    MESSAGE_DELIVERED = "message_delivered"
    MESSAGE_READ = "message_read"
    MESSAGE_FAILED = "message_failed"
    APPOINTMENT_CHANGED = "appointment_changed"
    CHANGE_REFUSED = "change_refused"
    PARTNER_CHANGED = "partner_changed"
    SHIFT_STARTED = "shift_started"
    LEAD_MERGED = "lead_merged"
    PRICE_HELD = "price_held"
    PAYMENT_RECORDED = "payment_recorded"
    REFUND_CHANGED = "refund_changed"
    ACCESS_CHANGED = "access_changed"


#: The subjects whose own event it is; the other triggers are of the process itself.
ABOUT: Mapping[Trigger, frozenset[SubjectKind]] = {
    Trigger.LEAD_RECEIVED: frozenset({SubjectKind.LEAD}),
    Trigger.LEAD_UPDATED: frozenset({SubjectKind.LEAD}),
    Trigger.NUMBER_CORRECTED: frozenset({SubjectKind.LEAD}),
    Trigger.ORDER_CHANGED: frozenset({SubjectKind.LEAD}),
    Trigger.STATUS_CHANGED: frozenset({SubjectKind.LEAD}),
    Trigger.CONTACT_RECORDED: frozenset({SubjectKind.LEAD, SubjectKind.CUSTOMER}),
    Trigger.CUSTOMER_CHANGED: frozenset({SubjectKind.CUSTOMER}),
    Trigger.APPOINTMENT_CHANGED: frozenset({SubjectKind.LEAD}),
    Trigger.PARTNER_CHANGED: frozenset({SubjectKind.PARTNER}),
    Trigger.SHIFT_STARTED: frozenset({SubjectKind.STAFF}),
    Trigger.LEAD_MERGED: frozenset({SubjectKind.LEAD}),
    Trigger.PRICE_HELD: frozenset({SubjectKind.LEAD}),
    Trigger.PAYMENT_RECORDED: frozenset({SubjectKind.LEAD}),
    Trigger.REFUND_CHANGED: frozenset({SubjectKind.LEAD}),
    Trigger.ACCESS_CHANGED: frozenset({SubjectKind.LEAD}),
}


class Phase(StrEnum):
    """Whether a rule applies to live processes, to ended ones, or to both."""

    LIVE = "live"
    ENDED = "ended"
    ANY = "any"

    @property
    def covers(self) -> "frozenset[Phase]":
        """The phases of a process to which this one applies."""
        return frozenset({Phase.LIVE, Phase.ENDED} if self is Phase.ANY else {self})


@dataclass(frozen=True, slots=True)
class Title:
    """A text in both languages."""

    ru: str
    en: str

    def of(self, language: str) -> str:
        """Return the English text for `en`, else the Russian one."""
        return self.en if language == "en" else self.ru


def _title(node: Node, log: Log) -> Title:
    found = {"ru": "", "en": ""}
    for key, text in mapped(node, log).items():
        if key not in found:
            log.fault(text, "unknown_key", f"unknown key {key!r}")
        elif isinstance(text, Word) and text.strip():
            found[key] = str(text)
        else:
            log.fault(text, "not_a_word", f"{text.path} must be a single non-empty value")
            found[key] = "?"
    for language, said in found.items():
        if not said:
            log.fault(node, "missing_title", f"{node.path} has no {language} text")
    return Title(**found)


TITLE = Kind(
    _title,
    {
        "description": "a text in both languages",
        "type": "object",
        "properties": {"ru": {"type": "string"}, "en": {"type": "string"}},
        "required": ["ru", "en"],
        "additionalProperties": False,
    },
)
Text: TypeAlias = Annotated[Title, TITLE]


def _anchor(node: Node, log: Log) -> Anchor | str:
    word = word_of(node)
    if word in {anchor.value for anchor in Anchor}:
        return Anchor(word)
    log.references.append(Reference("moment", word))
    return str(word)


_ANCHORS = ", ".join(f"`{anchor.value}`" for anchor in Anchor)
ANCHOR = Kind(_anchor, {"type": "string", "description": f"{_ANCHORS}, or a date or moment field of an outcome"})


@dataclass(frozen=True, slots=True)
class Moment(Declared):
    """A time: `after` or `before` its start, in clock or working hours, or `at` a time of a day seen from it.

    It starts `from` now, the lead's arrival, the callback's time, the appointment's, the time of the contact that
    was recorded, the time until which the price is held, the beginning of the last day to pay a refund, or a date
    or moment field of an outcome; from now where that is not known. `at` is read on the
    desk's clock unless `zone` says the customer's. `not_after` is the latest time of the customer's local day
    (S1.8). `open_hours` moves it into the desk's next open hours, and `not_past` never lets it lie before now. A
    bare duration is `after` now.
    """

    anchor: Annotated[Anchor | str, ANCHOR, Field(alias="from")] = Anchor.NOW
    after: Duration = timedelta(0)
    before: Duration = timedelta(0)
    working: Flag = False
    day: Annotated[Day, choice(Day)] | None = None
    at: ClockTime | None = None
    zone: Annotated[Zone, choice(Zone)] = Zone.DESK
    not_after: ClockTime | None = None
    open_hours: Flag = False
    not_past: Flag = False

    def __post_init__(self) -> None:
        """Refuse half a day, and two moments in one."""
        if (self.day is None) != (self.at is None):
            raise WrongPartError("half_a_day", "'day' and 'at' stand together or not at all")
        if self.day is not None and (self.after or self.before or self.working):
            raise WrongPartError(
                "two_moments", "'day' fixes the moment: no 'after', 'before' or 'working' beside it"
            )
        if self.before and (self.after or self.working):
            raise WrongPartError("two_moments", "'before' stands alone: no 'after' or 'working' beside it")


When: TypeAlias = Annotated[Moment, short("after")]


@dataclass(frozen=True, slots=True)
class Schedule(Declared):
    """When a task is due, and from when it may be offered (S4.4); no offer = at once. A bare duration is `due`."""

    due: When
    offer: When | None = None


def _ahead(node: Node, log: Log) -> tuple[object, ...]:
    found = tuple(DURATION_KIND.read(item, log) for item in listed(node, log))
    if timedelta(0) in found:
        wrong("no_time", "a reminder comes some time before the task is due")
    return found


AHEAD = Kind(
    _ahead,
    {
        "anyOf": [DURATION_KIND.schema, {"type": "array", "items": DURATION_KIND.schema}],
        "description": "how long before it is due, or a list of such times",
    },
)
Ahead: TypeAlias = Annotated[tuple[timedelta, ...], AHEAD]

WINDOW = pair(TIME_KIND, "not_a_window", "a window has two times of day, such as [02:00, 12:00]", ascending=False)


def covers(window: tuple[time, time], at: time) -> bool:
    """Return whether a time of day lies within a window, its first end included; it may cross midnight (S4.5)."""
    opens, closes = window
    return opens <= at < closes if opens <= closes else at >= opens or at < closes


_RANGE = "a range has two ends in ascending order, such as [20m, 40m]"
DurationRange: TypeAlias = Annotated[
    tuple[timedelta, timedelta], pair(DURATION_KIND, "not_a_range", _RANGE, ascending=True)
]
NumberRange: TypeAlias = Annotated[tuple[int, int], pair(NUMBER, "not_a_range", _RANGE, ascending=True)]


#: The role of those who run a desk.
SUPERVISOR = "supervisor"


class Addressee(StrEnum):
    """To whom a task is given as soon as it is opened, besides a person that a field names.

    The supervisors of its pool all see it, and the first who takes it has it. `original`: for whom the operator of
    the task in hand stands in.
    """

    ACTOR = "actor"
    OWNER = "owner"
    CONSULTANT = "consultant"
    SUPERVISOR = "supervisor"
    ORIGINAL = "original"


def _addressee(node: Node, log: Log) -> Addressee | str:
    word = word_of(node)
    if word in {each.value for each in Addressee}:
        return Addressee(word)
    log.references.append(Reference("field", word))
    return str(word)


ADDRESSEE = Kind(
    _addressee,
    {
        "type": "string",
        "description": "`actor`, `owner`, `original`, `consultant`, `supervisor`, or a person field of the outcome",
    },
)


@dataclass(frozen=True, slots=True)
class Claim:
    """What having a task does to the lead: it is owned, or the task is reserved for a time, or neither."""

    owns: bool = False
    reserve: timedelta | None = None


OWN, NOTHING = Claim(owns=True), Claim()


def _claim(node: Node, log: Log) -> Claim:
    if isinstance(node, Word):
        if node in ("own", "nothing"):
            return OWN if node == "own" else NOTHING
        wrong("unknown_value", f"{str(node)!r} is none of own, nothing, or a mapping such as {{reserve: 20m}}")
    found = mapped(node, log)
    for key, value in found.items():
        if key != "reserve":
            log.fault(value, "unknown_key", f"unknown key {key!r}")
    if "reserve" not in found:
        wrong("missing_key", f"{node.path} has no 'reserve'")
    reserve = DURATION_KIND.read(found["reserve"], log)
    if not isinstance(reserve, timedelta) or not reserve:
        wrong("no_time", "a reservation lasts some time")
    return Claim(reserve=reserve)


CLAIM = Kind(
    _claim,
    {
        "description": "`own`, `nothing`, or `{reserve: 20m}`",
        "anyOf": [
            {"enum": ["own", "nothing"]},
            {
                "type": "object",
                "properties": {"reserve": DURATION_KIND.schema},
                "required": ["reserve"],
                "additionalProperties": False,
            },
        ],
    },
)
