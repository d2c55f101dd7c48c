"""What the Bank of Russia says of a day, and for how long a rate may be used (S4.12)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from libs.common.domain.workdays import DayKind, Holidays

OFFICIAL = "*"  # in the place of a desk
BASE = "RUB"
#: How many days a rate holds: the next one comes earlier, but for long holidays.
USUAL, LONGEST = timedelta(days=5), timedelta(days=12)
_WORKDAYS = 2  # in between without a newer rate
_RUSSIA = Holidays("RU")
_DAY = re.compile(r"<ValCurs\b[^>]*\bDate=\"(\d{2}\.\d{2}\.\d{4})\"")
_ONE = re.compile(r"<Valute\b[^>]*>(.*?)</Valute>", re.DOTALL)
_PART = re.compile(r"<(CharCode|Nominal|Value)>\s*([^<]*?)\s*</\1>")
_CODE = re.compile(r"[A-Z]{3}")
_MOST = Decimal(10) ** 9
_EXACT = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency costs in the base, from a day on; of a desk, or official."""

    desk: str
    currency: str
    day: date
    holds_until: date
    per_unit: Decimal

    @property
    def official(self) -> bool:
        return self.desk == OFFICIAL


@dataclass(frozen=True, slots=True)
class Daily:
    """The bank's answer: the day of which it is, which need not be the day asked for, and its rates."""

    day: date
    per_unit: Mapping[str, Decimal]

    @property
    def rates(self) -> tuple[Rate, ...]:
        until = holds_until(self.day)
        return tuple(Rate(OFFICIAL, code, self.day, until, value) for code, value in self.per_unit.items())


def read_daily(body: bytes) -> Daily | None:
    """Read a list of the bank in windows-1251, of any shape; None: it is none. Raises nothing.

    A currency whose nominal or value cannot be a rate is left out.
    """
    text = body.decode("cp1251", "replace")
    found = _DAY.search(text)
    if found is None:
        return None
    try:
        day = datetime.strptime(found[1], "%d.%m.%Y").date()  # noqa: DTZ007 - a day, not a moment
    except ValueError:
        return None
    rates: dict[str, Decimal] = {}
    for one in _ONE.finditer(text):
        parts = dict(_PART.findall(one[1]))
        value = _per_unit(parts)
        if value is not None and _CODE.fullmatch(parts.get("CharCode", "")):
            rates[parts["CharCode"]] = value
    return Daily(day, rates) if rates else None


def _per_unit(parts: Mapping[str, str]) -> Decimal | None:
    try:
        nominal, value = (Decimal(parts.get(name, "").replace(",", ".")) for name in ("Nominal", "Value"))
    except InvalidOperation:
        return None
    if not (nominal.is_finite() and value.is_finite() and nominal > 0 and value > 0):
        return None
    one = (value / nominal).quantize(_EXACT)
    return one if 0 < one < _MOST else None


def holds_until(day: date) -> date:
    """Return the last day on which a rate may be used: five days on, or longer while the bank has holidays."""
    last, workdays = day, 0
    while workdays < _WORKDAYS and last - day < LONGEST:
        last += timedelta(days=1)
        workdays += works(last)
    return max(last, day + USUAL)


def works(day: date) -> bool:
    """Return whether the bank works on a day, by the calendar of Russia."""
    known = _RUSSIA.of(day)
    return day.isoweekday() <= 5 if known is None else known.kind is DayKind.WORK
