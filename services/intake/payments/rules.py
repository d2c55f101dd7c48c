"""What payments make of an order. Data in, decision out: a refusal never raises (S4.9, S4.10)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from re import compile as pattern

from libs.common.contracts.shared import OrderStatus, PaymentKind, PaymentStatus
from services.intake.changes.rules import Problem, Problems, read_amount
from services.intake.formats.rules import BEFORE_PAID

MAX_TYPE = 100  # characters
_CURRENCY = pattern(r"[A-Z]{3}")
#: Orders whose payment is not waited for any more; a payment completes them all the same.
CLOSED = frozenset({OrderStatus.CANCELLED, OrderStatus.FALSE, OrderStatus.REFUSED, OrderStatus.INVALID})


class Step(StrEnum):
    """What tasks may ask of an order's payments."""

    RECORD = "record"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Entry:
    """A payment as it is entered. `amount` None: what the order lacks; `currency` None: the order's.

    `type` is how it was paid. `paid_at` None: now. `reference`: its number where it comes from.
    """

    type: str
    amount: Decimal | None = None
    currency: str | None = None
    paid_at: datetime | None = None
    reference: str | None = None


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment that is on record."""

    kind: PaymentKind
    status: PaymentStatus
    amount: Decimal
    reported: bool = False

    @property
    def stands(self) -> bool:
        return self.status is PaymentStatus.RECEIVED


@dataclass(frozen=True, slots=True)
class Balance:
    """What the payments of an order that stand amount to; `cost` None: it is not known."""

    cost: Decimal | None
    manual: Decimal
    automatic: Decimal

    @property
    def received(self) -> Decimal:
        return self.manual + self.automatic

    @property
    def lacks(self) -> Decimal | None:
        """What is still to be paid; None: not known."""
        return None if self.cost is None else max(self.cost - self.received, Decimal(0))

    @property
    def fully_paid(self) -> bool:
        return self.cost is not None and self.received > 0 and self.received >= self.cost

    @property
    def doubled(self) -> bool:
        """Whether a manual and an automatic payment stand that exceed the cost (S4.10)."""
        return self.manual > 0 and self.automatic > 0 and (self.cost is None or self.received > self.cost)


@dataclass(frozen=True, slots=True)
class Standing:
    """The status of an order, and the one that it had before payments on record changed it."""

    status: OrderStatus
    unpaid: OrderStatus | None


def balance_of(cost: Decimal | None, payments: Iterable[Paid]) -> Balance:
    """Return what payments amount to."""
    sums = dict.fromkeys(PaymentKind, Decimal(0))
    for each in payments:
        sums[each.kind] += each.amount if each.stands else 0
    return Balance(cost, sums[PaymentKind.MANUAL], sums[PaymentKind.AUTOMATIC])


def news_of(said: Decimal, payments: Iterable[Paid]) -> Decimal:
    """Return which part of the sum that a source says was paid is not on record yet; nought or less: none.

    What the source knows from us is in what it says, also while it is deleted here alone.
    """
    known = (each.amount for each in payments if each.kind is PaymentKind.AUTOMATIC or each.reported)
    return said - sum(known, Decimal(0))


def standing_after(before: Standing, balance: Balance) -> Standing:
    """Return an order's status by its payments; without a manual one it is the source's own affair.

    A manual payment that goes gives the order back the status that it had.
    """
    if balance.manual == 0 and before.unpaid is None:
        return before
    had = before.unpaid or before.status
    if balance.fully_paid:
        waits = before.unpaid is not None or had in BEFORE_PAID | CLOSED
        return Standing(OrderStatus.PAID, had) if waits else before
    if balance.manual > 0 and had in BEFORE_PAID:
        return Standing(OrderStatus.PART_PAID, had)
    return Standing(had, None)


def entry_problems(entry: Entry, currency: str, balance: Balance) -> Problems:
    """Return everything that is wrong with a payment of an order in a currency."""
    problems = []
    if not entry.type.strip() or len(entry.type) > MAX_TYPE:
        problems.append(Problem("type", "missing" if not entry.type.strip() else "too_long"))
    if entry.currency is not None and not _CURRENCY.fullmatch(entry.currency):
        problems.append(Problem("currency", "unknown_currency"))
    elif entry.currency not in (None, currency):
        problems.append(Problem("currency", "other_currency"))
    if entry.amount is None and balance.lacks is None:
        problems.append(Problem("amount", "missing"))
    if entry.amount is not None and entry.amount <= 0:
        problems.append(Problem("amount", "not_an_amount"))
    return tuple(problems)


def read_entry(values: Mapping[str, str]) -> tuple[Entry, Problems]:
    """Return the payment that tasks asks to record, and everything that is wrong with its form."""
    known = {"step", "type", "amount", "currency"}
    problems = [Problem(name, "unknown_field") for name in sorted(values.keys() - known)]
    amount = read_amount(values["amount"]) if values.get("amount") else None
    if values.get("amount") and not amount:
        problems.append(Problem("amount", "not_an_amount"))
    return Entry(values.get("type", ""), amount, values.get("currency")), tuple(problems)
