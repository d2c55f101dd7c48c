"""The price of an order in the customer's currency, by the rate of the day (S4.12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, Decimal

_SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€", "KZT": "₸", "BYN": "Br"}


@dataclass(frozen=True, slots=True)
class Rate:
    """What one unit of a currency costs in `base`, from a day on."""

    currency: str
    base: str
    day: date
    per_unit: Decimal

    def price(self, amount: Decimal) -> Decimal:
        """Return an amount of the base in this currency, rounded up to whole units."""
        return (amount / self.per_unit).quantize(Decimal(1), rounding=ROUND_CEILING)


#: What `price_in` adds to the placeholders of a message.
PRICED = ("price", "rate_date")


def priced(
    amount: Decimal | None, currency: str | None, wanted: object, rates: Mapping[str, Rate]
) -> dict[str, str]:
    """Return the placeholders of a price in the currency whose code is `wanted`, of any case.

    There are none without an amount, or without a rate of the day: the message is not sent then.
    """
    rate = rates.get(wanted.upper()) if isinstance(wanted, str) else None
    if amount is None or rate is None or rate.base != currency:
        return {}
    return {"price": money(rate.price(amount), rate.currency), "rate_date": f"{rate.day:%d.%m.%Y}"}


def money(amount: Decimal | None, currency: str | None) -> str:
    """Return `4 990 ₽`: digits grouped by a no-break space, kopecks only if not zero."""
    if amount is None or currency is None:
        return ""
    whole = amount == amount.to_integral_value()
    digits = f"{amount:,.0f}" if whole else f"{amount:,.2f}"
    return f"{digits.replace(',', chr(0xA0))}{chr(0xA0)}{_SIGNS.get(currency, currency)}"
