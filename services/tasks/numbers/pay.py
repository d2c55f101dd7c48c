"""What people are paid by their conversion (S4.7): tiers are data, and each part of a table holds from a day on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from libs.common.domain.money import rounded
from services.tasks.numbers.periods import Stretch


@dataclass(frozen=True, slots=True)
class Tier:
    """From a conversion on (a share, 0 to 1) a sum for the time, and one for each paid order."""

    from_conversion: Decimal
    fixed: Decimal = Decimal(0)
    per_paid: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class PayPart:
    """The tiers that hold from a day until the next part begins, the lowest first."""

    from_day: date
    currency: str
    tiers: tuple[Tier, ...]

    def tier(self, paid: int, taken: int) -> Tier | None:
        """Return the highest tier that a conversion reaches; None: it reaches none, or nothing was taken."""
        reached = [each for each in self.tiers if taken and paid >= each.from_conversion * taken]
        return max(reached, key=lambda each: each.from_conversion, default=None)


def pay_of(part: PayPart, tier: Tier | None, paid: int) -> Decimal:
    """Return what a tier gives, rounded by the currency."""
    return Decimal(0) if tier is None else rounded(tier.fixed + tier.per_paid * paid, part.currency)


def cut(parts: Sequence[PayPart], first: date, last: date) -> Iterator[tuple[Stretch, PayPart]]:
    """Yield the parts that hold within some days, and when; before the first part nothing is paid."""
    ordered = sorted(parts, key=lambda part: part.from_day)
    for number, part in enumerate(ordered):
        after = ordered[number + 1].from_day - timedelta(days=1) if number + 1 < len(ordered) else last
        begins, ends = max(first, part.from_day), min(last, after)
        if begins <= ends:
            yield Stretch(begins, ends), part
