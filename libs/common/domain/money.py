"""Money: exact decimals with their currency, rounded by the currency's own step (S1.4)."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

# Currency -> smallest amount that a customer is asked to pay; the desks sell in whole roubles.
_STEP = {
    "RUB": Decimal(1),
    "KZT": Decimal(1),
    "BYN": Decimal("0.01"),
    "USD": Decimal("0.01"),
    "EUR": Decimal("0.01"),
}
_DEFAULT_STEP = Decimal("0.01")

Amount = Annotated[Decimal, PlainSerializer(lambda value: f"{value:.2f}", return_type=str)]


class Money(BaseModel):
    """An amount on the wire: `{"amount": "743.00", "currency": "RUB"}`."""

    model_config = ConfigDict(frozen=True)

    amount: Amount = Field(max_digits=14, decimal_places=2)
    currency: str = Field(pattern="^[A-Z]{3}$")


def rounded(amount: Decimal, currency: str) -> Decimal:
    """Round half up to the currency's step: 742.50 RUB is 743 (S1.4)."""
    step = _STEP.get(currency, _DEFAULT_STEP)
    return (amount / step).quantize(Decimal(1), rounding=ROUND_HALF_UP) * step
