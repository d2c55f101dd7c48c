"""Reads of numbers: a report of some days by person, product, source, day or month; what people are paid."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from libs.common.platform.auth.principal import Principal
from libs.common.platform.db import Connection
from libs.common.platform.http.language import Text
from libs.common.platform.http.problems import Fault, Problem
from services.tasks.context import Context
from services.tasks.errors import NoOperatorError, NotFoundError
from services.tasks.numbers.pay import PayPart, cut, pay_of
from services.tasks.numbers.periods import Period
from services.tasks.numbers.rules import NOBODY, Measures
from services.tasks.numbers.schemas import (
    By,
    ConversionReport,
    MyNumbers,
    Numbers,
    NumbersRowOut,
    PayReport,
    PayRow,
    PayStretch,
    PaySum,
    PayTablePart,
    share,
)
from services.tasks.operators.queries import operator_of

MOST_DAYS = 732
MOST_DAYS_DAILY = 92
MOST_ROWS = 10_000

_DIMENSIONS: Mapping[By, str] = {
    By.PERSON: "operator_id",
    By.PRODUCT: "product",
    By.SOURCE: "source",
    By.DAY: "day",
    By.MONTH: "date_trunc('month', day)::date",
}
_NAMES: Mapping[By, str] = {By.PERSON: "operator_id", By.PRODUCT: "product", By.SOURCE: "source"}
_SUMS = ", ".join(f"sum({name})::bigint AS {name}" for name in Measures._fields)
# Of a year twelve months are read and the days at its ends; each leg is one stretch of the primary key.
_LEG = """
SELECT * FROM numbers WHERE desk = $1 AND span = '{span}' AND day BETWEEN ${first} AND ${last}
    AND ($8::uuid IS NULL OR operator_id = $8) AND ($9::text IS NULL OR product = $9)
    AND ($10::text IS NULL OR source = $10)
"""
_LEGS = " UNION ALL ".join(
    _LEG.format(span=span, first=first, last=first + 1) for span, first in (("month", 2), ("day", 4), ("day", 6))
)
ZONE = "SELECT zone FROM desk WHERE desk = $1"
OPERATOR_NAMES = "SELECT id, name FROM operator WHERE id = ANY($1::uuid[])"
PAY_TABLE = "SELECT version, parts FROM pay_table WHERE desk = $1"


@dataclass(frozen=True, slots=True)
class Asked:
    """Which numbers are asked for: of a desk, from a day to a day, both within."""

    desk: str
    day_from: date
    day_to: date
    by: Sequence[By] = (By.PERSON,)
    operator_id: UUID | None = None
    product: str | None = None
    source: str | None = None

    @property
    def daily(self) -> bool:
        return By.DAY in self.by


class Line(NamedTuple):
    """The sums of one row of a report, by its dimensions."""

    key: Mapping[By, object]
    sums: Measures


def statement(by: Sequence[By]) -> str:
    """Return the statement of a report, by its dimensions."""
    named = [f"{_DIMENSIONS[each]} AS by_{each}" for each in by]
    grouped = ", ".join(f"by_{each}" for each in by)
    head = ", ".join([*named, _SUMS])
    tail = f"GROUP BY {grouped} ORDER BY {grouped}" if by else ""
    return f"SELECT {head} FROM ({_LEGS}) AS n {tail} LIMIT {MOST_ROWS + 1}"  # noqa: S608 - columns of our own


async def lines(conn: Connection, asked: Asked) -> list[Line]:
    """Return the sums that are asked for; rows that count nothing are left out."""
    by = tuple(dict.fromkeys(asked.by))
    period = Period.of(asked.day_from, asked.day_to, daily=asked.daily)
    given = (*period.months, *period.head, *period.tail, asked.operator_id, asked.product, asked.source)
    rows = await conn.fetch(statement(by), asked.desk, *given)
    if len(rows) > MOST_ROWS:
        raise _fault("by", "too_many_rows", "строк слишком много", "there are too many rows")
    found = (
        Line({each: row[f"by_{each}"] for each in by}, Measures(*(row[name] or 0 for name in Measures._fields)))
        for row in rows
    )
    return [line for line in found if any(line.sums)]


async def report(ctx: Context, caller: Principal, asked: Asked) -> ConversionReport:
    """Return the numbers of a desk; operators get their own. Raises NotFoundError and NoOperatorError."""
    _check(asked)
    async with ctx.db.pool.acquire() as conn:
        asked = await _confined(conn, caller, asked)
        found = await lines(conn, asked)
        names = await _names(conn, (line.key.get(By.PERSON) for line in found))
    total = Measures()
    for line in found:
        total = total.plus(line.sums)
    rows = [_row(line, names) for line in found]
    return ConversionReport(
        desk=asked.desk, day_from=asked.day_from, day_to=asked.day_to, rows=rows, totals=Numbers.of(total)
    )


async def mine(ctx: Context, caller: Principal, desk: str) -> MyNumbers:
    """Return the caller's own numbers, as of now. Raises NotFoundError and NoOperatorError."""
    async with ctx.db.pool.acquire() as conn:
        me = await _own(conn, caller, desk)
        zone = await conn.fetchval(ZONE, desk)
        if zone is None:
            raise NotFoundError
        day = ctx.now().astimezone(ZoneInfo(zone)).date()
        days = day, day.replace(day=1)
        today, month = [await lines(conn, Asked(desk, first, day, (), me)) for first in days]
        paid = await _pay_rows(conn, Asked(desk, day.replace(day=1), day, (By.PERSON,), me))
    sums = [Numbers.of(found[0].sums if found else Measures()) for found in (today, month)]
    pay = [money for row in paid for money in row.pay]
    return MyNumbers(desk=desk, day=day, operator_id=me, today=sums[0], month=sums[1], pay=pay)


async def pay(ctx: Context, caller: Principal, asked: Asked) -> PayReport:
    """Return what people are paid for some days; operators see their own. Raises as `report` does."""
    _check(asked)
    async with ctx.db.pool.acquire() as conn:
        asked = await _confined(conn, caller, asked)
        rows = await _pay_rows(conn, asked)
    totals = _sums(money for row in rows for money in row.pay)
    return PayReport(desk=asked.desk, day_from=asked.day_from, day_to=asked.day_to, rows=rows, totals=totals)


async def pay_parts(conn: Connection, desk: str) -> tuple[int, list[PayPart]]:
    """Return version and parts of a desk's pay table; version 0: it has none."""
    row = await conn.fetchrow(PAY_TABLE, desk)
    if row is None:
        return 0, []
    return row["version"], [PayTablePart.model_validate(part).part() for part in row["parts"]]


async def _pay_rows(conn: Connection, asked: Asked) -> list[PayRow]:
    """Return a row of each person who has taken anything, by the parts of the table that hold meanwhile."""
    _, parts = await pay_parts(conn, asked.desk)
    found: dict[UUID, list[PayStretch]] = defaultdict(list)
    for stretch, part in cut(parts, asked.day_from, asked.day_to):
        within = Asked(asked.desk, *stretch, (By.PERSON,), asked.operator_id)
        for line in await lines(conn, within):
            who, sums = line.key[By.PERSON], line.sums
            if isinstance(who, UUID) and who != NOBODY and sums.taken:
                tier = part.tier(sums.paid, sums.taken)
                one = PayStretch(
                    day_from=stretch.first,
                    day_to=stretch.last,
                    taken=sums.taken,
                    paid=sums.paid,
                    conversion=share(sums.paid, sums.taken),
                    tier_from=None if tier is None else float(tier.from_conversion),
                    pay=PaySum.of(pay_of(part, tier, sums.paid), part.currency),
                )
                found[who].append(one)
    names = await _names(conn, found)
    return [_pay_row(who, names, stretches) for who, stretches in sorted(found.items())]


def _pay_row(who: UUID, names: Mapping[UUID, str], stretches: list[PayStretch]) -> PayRow:
    taken, paid = sum(each.taken for each in stretches), sum(each.paid for each in stretches)
    return PayRow(
        operator_id=who,
        operator_name=names.get(who),
        taken=taken,
        paid=paid,
        conversion=share(paid, taken),
        pay=_sums(each.pay for each in stretches),
        stretches=stretches,
    )


def _sums(found: Iterable[PaySum]) -> list[PaySum]:
    sums: dict[str, Decimal] = defaultdict(Decimal)
    for money in found:
        sums[money.currency] += Decimal(money.amount)
    return [PaySum.of(amount, currency) for currency, amount in sorted(sums.items())]


async def _confined(conn: Connection, caller: Principal, asked: Asked) -> Asked:
    """Return what a caller may see of what they ask for: operators their own numbers alone (P.6)."""
    if not caller.may_see(asked.desk) or await conn.fetchval(ZONE, asked.desk) is None:
        raise NotFoundError
    if caller.sees_whole_desks:
        return asked
    me = await _own(conn, caller, asked.desk)
    if asked.operator_id not in (None, me):
        raise NotFoundError
    return Asked(asked.desk, asked.day_from, asked.day_to, asked.by, me, asked.product, asked.source)


async def _own(conn: Connection, caller: Principal, desk: str) -> UUID:
    if not caller.may_see(desk):
        raise NotFoundError
    profile = await operator_of(conn, caller.sub)
    if profile is None:
        raise NoOperatorError
    return profile.id


async def _names(conn: Connection, who: Iterable[object]) -> Mapping[UUID, str]:
    ids = [one for one in who if isinstance(one, UUID)]
    rows = await conn.fetch(OPERATOR_NAMES, ids) if ids else []
    return {row["id"]: row["name"] for row in rows}


def _row(line: Line, names: Mapping[UUID, str]) -> NumbersRowOut:
    known: dict[str, object] = {name: line.key[by] for by, name in _NAMES.items() if by in line.key}
    if (day := line.key.get(By.DAY, line.key.get(By.MONTH))) is not None:
        known["day"] = day
    who = known.get("operator_id")
    if who == NOBODY:
        known["operator_id"] = None
    elif isinstance(who, UUID):
        known["operator_name"] = names.get(who)
    return NumbersRowOut.model_validate({**Numbers.of(line.sums).model_dump(), **known})


def _check(asked: Asked) -> None:
    """Refuse a period that ends before it begins, or is too long. Raises Problem 422."""
    days = (asked.day_to - asked.day_from).days + 1
    if days < 1:
        raise _fault("day_to", "before_day_from", "раньше day_from", "is before day_from")
    most = MOST_DAYS_DAILY if asked.daily else MOST_DAYS
    if days > most:
        raise _fault("day_to", "period_too_long", f"не больше {most} дней", f"at most {most} days")


def _fault(name: str, code: str, ru: str, en: str) -> Problem:
    return Problem(422, "validation_failed", errors=[Fault(f"/{name}", code, Text(ru, en), "query")])
