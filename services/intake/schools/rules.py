"""The check of a school's orders: when it asks, what an answer leads to, and what of a row is news. Pure.

A round is two lists: the orders made since the last one, and those whose status changed. An early round is the
first list alone: orders came without a phone (S4.1).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias, assert_never
from zoneinfo import ZoneInfo

from libs.common.contracts.shared import OrderStatus
from services.intake.formats.rules import ParsedOrder
from services.intake.orders.rules import NUMBER

BETWEEN, AT_MOST = timedelta(seconds=60), timedelta(minutes=5)  # questions for one list; more and more seldom
EARLY = timedelta(minutes=10)  # between two rounds for the sake of phones
OVERLAP = timedelta(hours=1)  # of two rounds
AT_FIRST = timedelta(days=1)  # how far back the first round looks
LATER = timedelta(minutes=3)  # after an answer that is none
MUCH_LATER = timedelta(minutes=15)  # after the school's own refusal to be asked so often
PATIENCE = 10  # questions for one list before it is begun anew
UNREAD = 5  # answers in a row that are none, before the list is begun anew
WINDOW, LEAST = 8, 2  # days that one list spans at most; of a list that is too long fewer are asked for
NEW = timedelta(minutes=30)  # for how long an order without a phone hurries the check
_SLOW = "export_slow"
TOO_LONG = "too_long"
NOT_READY, RATE = "909", "903"  # codes of the school


@dataclass(frozen=True, slots=True)
class Started:
    """An export was begun."""

    export_id: int


@dataclass(frozen=True, slots=True)
class Exported:
    """A list that is ready: each row by the names that the format reads."""

    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class Failed:
    """No list: the school's own code, or ours for what is no answer."""

    code: str


Listed: TypeAlias = Started | Exported | Failed


class Step(StrEnum):
    """The lists of a round, by the time that they go by."""

    CREATED = "created_at"
    CHANGED = "status_changed_at"


@dataclass(frozen=True, slots=True)
class Check:
    """How far the check of a school has come; all times are business time.

    `checked_at`: what the school had said by then is known. `round_at`, `began_at`: when the round and its present
    list began; `asked`: how often the list was asked for, `early`: the round is one for phones. `window`: how many
    days a list spans at most.
    """

    checked_at: datetime
    next_at: datetime
    step: Step = Step.CREATED
    early: bool = False
    looked_at: datetime | None = None
    round_at: datetime | None = None
    began_at: datetime | None = None
    export_id: int | None = None
    asked: int = 0
    window: int = WINDOW
    failing_since: datetime | None = None

    @classmethod
    def first(cls, now: datetime) -> "Check":
        """Return the check of a school that was never asked."""
        return cls(now - AT_FIRST, now)

    @classmethod
    def read(cls, cursor: Mapping[str, object]) -> "Check":
        """Return a check as it is kept. Raises ValueError for what is none."""
        times = {
            name: None if cursor.get(name) is None else datetime.fromisoformat(str(cursor[name]))
            for name in ("checked_at", "next_at", "looked_at", "round_at", "began_at", "failing_since")
        }
        export_id, checked_at, next_at = cursor.get("export_id"), times.pop("checked_at"), times.pop("next_at")
        if checked_at is None or next_at is None:
            raise ValueError("a check has no times")
        return cls(
            checked_at=checked_at, next_at=next_at, step=Step(str(cursor.get("step", Step.CREATED))),
            early=bool(cursor.get("early")), export_id=None if export_id is None else int(str(export_id)),
            asked=int(str(cursor.get("asked", 0))), window=int(str(cursor.get("window", WINDOW))), **times,
        )  # fmt: skip

    def kept(self) -> dict[str, object]:
        """Return the check as it is kept."""
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: each.isoformat() if isinstance(each, datetime) else each for name, each in values.items()}

    def days(self, zone: ZoneInfo) -> tuple[date, date]:
        """Return the days of the present list, in the school's zone: its filters know no hours."""
        since = (self.checked_at - OVERLAP).astimezone(zone).date()
        until = self.next_at.astimezone(zone).date() + timedelta(days=1)
        return since, min(until, since + timedelta(days=self.window))

    def reached(self, began: datetime) -> datetime:
        """Return by when all is known that the lists of a round name, in any zone."""
        return min(began, self.checked_at - OVERLAP + timedelta(days=self.window - 1))

    def resumed(self, now: datetime) -> "Check":
        """Return the check with its present list begun anew, now."""
        return replace(self, next_at=now, export_id=None, began_at=None, asked=0, failing_since=None)


def begun(check: Check, now: datetime, *, lacking: bool) -> Check | None:
    """Return the check as it asks now, None when it is too soon. `lacking`: new orders have no phone."""
    if check.export_id is not None or check.round_at is not None:
        return check if now >= check.next_at else None
    if now >= check.next_at:
        return replace(check, round_at=now, next_at=now, step=Step.CREATED, early=False)
    if lacking and now >= max(check.looked_at or check.checked_at, check.checked_at) + EARLY:
        return replace(check, round_at=now, next_at=now, step=Step.CREATED, early=True)
    return None


def answered(check: Check, listed: Listed, now: datetime, every: timedelta) -> tuple[Check, str]:
    """Return the check after an answer, and why nothing was learnt from it.

    `every`: from round to round. What fails is tried again; what the school knows no more is begun anew.
    """
    match listed:
        case Started(export_id):
            return replace(check, export_id=export_id, began_at=now, next_at=now + BETWEEN, asked=0), ""
        case Exported():
            return _listed(check, now, every), ""
        case Failed(code):
            return _failed(check, code, now)
        case _:
            assert_never(listed)


def _listed(check: Check, now: datetime, every: timedelta) -> Check:
    done = replace(check, export_id=None, began_at=None, asked=0, failing_since=None)
    began = check.round_at or now
    if check.step is Step.CREATED:
        done = replace(done, looked_at=began)
        if not check.early:
            return replace(done, step=Step.CHANGED, next_at=now)
        return replace(done, round_at=None, early=False, next_at=check.checked_at + every)
    reached = check.reached(began)
    window = WINDOW if reached == began else check.window
    return replace(done, round_at=None, step=Step.CREATED, checked_at=reached, next_at=began + every, window=window)


def _failed(check: Check, code: str, now: datetime) -> tuple[Check, str]:
    asked, running = check.asked + 1, check.export_id is not None
    if running and code == NOT_READY and asked < PATIENCE:
        return replace(check, asked=asked, next_at=now + min(BETWEEN * 2 ** (asked // 2), AT_MOST)), ""
    too_long = running and code == TOO_LONG
    over = running and (asked >= UNREAD or code == NOT_READY or too_long)
    pause = MUCH_LATER if code == RATE else BETWEEN if code == NOT_READY else LATER
    after = replace(
        check, asked=0 if over else asked, export_id=None if over else check.export_id, next_at=now + pause,
        failing_since=check.failing_since or now,
        window=max(check.window // 2, LEAST) if too_long else check.window,
    )  # fmt: skip
    return after, _SLOW if code == NOT_READY else code


@dataclass(frozen=True, slots=True)
class Mirrored:
    """An order as we have it.

    `said`: the status that its source said last, `edited`: people changed its fields, `numbered`: it has a number.
    """

    status: OrderStatus
    amount: Decimal | None
    paid: Decimal | None
    phone: str | None
    heard_at: datetime
    said: OrderStatus
    edited: bool
    numbered: bool = True


def known_already(order: ParsedOrder, mirrored: Mirrored) -> frozenset[str]:
    """Return the fields of a row that are no news: what we have, or what the source said before people changed it.

    A list has no time of a change, so only what differs from the source's last word is newer than ours (S4.1). Sums
    that people have changed stay, and less than was paid here is news with another status alone (S4.9).
    """
    old: set[str] = set()
    if order.status in (None, mirrored.status, mirrored.said):
        old.add("status")
    if order.amount is None or order.amount == mirrored.amount or mirrored.edited:
        old.add("amount")
    less = (order.paid or Decimal(0)) < (mirrored.paid or Decimal(0))
    if order.paid is None or order.paid == (mirrored.paid or Decimal(0)) or (less and "status" in old):
        old.add("paid")
    if order.phone is None or mirrored.phone is not None:
        old.add("phone")
    return frozenset(old)


def is_forgotten(order: ParsedOrder, gone: Mapping[str, Collection[OrderStatus]]) -> bool:
    """Return whether a row is of a customer who is erased, and says nothing that was not said before (P.7)."""
    statuses = gone.get(order.external_id or "", gone.get(f"{NUMBER}{order.external_number}"))
    return statuses is not None and (order.status is None or order.status in statuses)


def is_news(order: ParsedOrder, mirrored: Mirrored, began_at: datetime) -> bool:
    """Return whether a row says something new; what was heard of it since the list began is newer than the list."""
    number = order.external_number is not None and not (mirrored.numbered or mirrored.edited)
    said = number or known_already(order, mirrored) != frozenset({"status", "amount", "paid", "phone"})
    return said and mirrored.heard_at < began_at
