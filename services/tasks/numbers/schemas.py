"""Numbers and pay tables on the wire."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from libs.common.platform.http.wire import Day, Share, Sum, Wire, WrongValueError
from services.tasks.numbers.pay import PayPart, Tier
from services.tasks.numbers.rules import Measures


class By(StrEnum):
    """What a report has a row for."""

    PERSON = "person"
    PRODUCT = "product"
    SOURCE = "source"
    DAY = "day"
    MONTH = "month"


class Numbers(BaseModel):
    """What is counted (S4.7): orders taken into work by first contact, of them paid, and what was done."""

    taken: int
    paid: int
    conversion: float | None
    kept: int
    late: int
    lost: int
    invalid: int
    wins: int
    alone: int
    calls: int
    attempts: int
    answers: int
    answer_seconds: float | None

    @classmethod
    def of(cls, sums: Measures) -> Self:
        return cls(
            **{name: getattr(sums, name) for name in Measures._fields if name != "answer_seconds"},
            conversion=share(sums.paid, sums.taken),
            answer_seconds=None if sums.answers == 0 else round(sums.answer_seconds / sums.answers, 1),
        )


def share(part: int, whole: int) -> float | None:
    """Return a share of 0 to 1 with four digits; None of nothing."""
    return None if whole == 0 else round(part / whole, 4)


class NumbersRowOut(Numbers):
    """The numbers of one person, product, source, day or month; null: it is not asked for, or nobody's."""

    operator_id: UUID | None = None
    operator_name: str | None = None
    product: str | None = None
    source: str | None = None
    day: date | None = None


class ConversionReport(BaseModel):
    """The numbers of a desk in a time, and their totals."""

    desk: str
    day_from: date
    day_to: date
    rows: list[NumbersRowOut]
    totals: Numbers


class PaySum(BaseModel):
    """A sum of money."""

    amount: str
    currency: str

    @classmethod
    def of(cls, amount: Decimal, currency: str) -> Self:
        return cls(amount=f"{amount:.2f}", currency=currency)


class MyNumbers(BaseModel):
    """The caller's own numbers of today, and of this month so far with what it pays."""

    desk: str
    day: date
    operator_id: UUID
    today: Numbers
    month: Numbers
    pay: list[PaySum]


class PayTier(Wire):
    """From a conversion on: a sum for the time, and one for each paid order."""

    from_conversion: Share
    fixed: Sum = Decimal(0)
    per_paid: Sum = Decimal(0)


class PayTablePart(Wire):
    """The tiers that hold from a day on."""

    from_day: Day
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    tiers: Annotated[tuple[PayTier, ...], Field(min_length=1, max_length=50)]

    @model_validator(mode="after")
    def _rising(self) -> Self:
        found = [tier.from_conversion for tier in self.tiers]
        if sorted(set(found)) != found:
            raise WrongValueError("ступени должны идти по возрастанию", "the tiers must rise")
        return self

    def part(self) -> PayPart:
        tiers = (Tier(tier.from_conversion, tier.fixed, tier.per_paid) for tier in self.tiers)
        return PayPart(self.from_day, self.currency, tuple(tiers))


class PayTableIn(Wire):
    """What a desk pays by conversion: parts, each from its day until that of the next."""

    parts: Annotated[tuple[PayTablePart, ...], Field(max_length=200)]

    @model_validator(mode="after")
    def _dated(self) -> Self:
        found = [part.from_day for part in self.parts]
        if sorted(set(found)) != found:
            raise WrongValueError("дни начала должны идти по возрастанию", "the first days must rise")
        return self


class PayTierOut(BaseModel):
    """From a conversion on: a sum for the time, and one for each paid order."""

    from_conversion: float
    fixed: str
    per_paid: str


class PayTablePartOut(BaseModel):
    """The tiers that hold from a day on."""

    from_day: Day
    currency: str
    tiers: list[PayTierOut]

    @classmethod
    def of(cls, part: PayPart) -> Self:
        tiers = [
            PayTierOut(
                from_conversion=float(tier.from_conversion),
                fixed=f"{tier.fixed:.2f}",
                per_paid=f"{tier.per_paid:.2f}",
            )
            for tier in part.tiers
        ]
        return cls(from_day=part.from_day, currency=part.currency, tiers=tiers)


class PayTableOut(BaseModel):
    """The pay table of a desk; version 0: it has none yet."""

    desk: str
    version: int
    parts: list[PayTablePartOut]


class PayStretch(BaseModel):
    """One person's conversion while one part of the table holds, the tier that it reaches, and what that pays."""

    day_from: date
    day_to: date
    taken: int
    paid: int
    conversion: float | None
    tier_from: float | None
    pay: PaySum


class PayRow(BaseModel):
    """What one person is paid, by currency, and for what."""

    operator_id: UUID
    operator_name: str | None
    taken: int
    paid: int
    conversion: float | None
    pay: list[PaySum]
    stretches: list[PayStretch]


class PayReport(BaseModel):
    """What people are paid for some days, by the pay table of their desk."""

    desk: str
    day_from: date
    day_to: date
    rows: list[PayRow]
    totals: list[PaySum]
