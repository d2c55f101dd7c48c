"""Imported payments on the wire."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, model_validator

from libs.common.domain.code import Code
from libs.common.domain.money import Money
from libs.common.platform.http.wire import Day, PositiveSum, Wire, WrongValueError
from services.intake.payment_imports.rules import MatchState

MAX_ROWS = 1000
MAX_CSV = 100_000  # characters

MAX_AMOUNT = Decimal(10) ** 10
_YEARS = range(2001, 2200)  # as lists are read


def _of_our_time(day: date) -> date:
    if day.year not in _YEARS:
        raise WrongValueError("это не день платежа", "no day of a payment")
    return day


Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class ImportedPaymentIn(Wire):
    """A payment of the list; `external_id`: by which it is known when it comes again."""

    paid_on: Annotated[Day, AfterValidator(_of_our_time)]
    name: Annotated[
        str, Field(min_length=1, max_length=200, pattern=r"\S", description="who paid, as the bank says")
    ]
    amount: PositiveSum
    currency: Currency = "RUB"
    external_id: Annotated[str | None, Field(min_length=1, max_length=200)] = None


class PaymentsIn(Wire):
    """A list of payments: `rows`, or the same as a table in `csv`, whose first line names the columns.

    A table's columns are date, name, amount, and if there are any currency and id, in Russian or English.
    """

    desk: Code
    rows: Annotated[list[ImportedPaymentIn], Field(min_length=1, max_length=MAX_ROWS)] | None = None
    csv: Annotated[str, Field(min_length=1, max_length=MAX_CSV)] | None = None
    currency: Annotated[Currency, Field(description="of what a table names none for")] = "RUB"

    @model_validator(mode="after")
    def _one_list(self) -> Self:
        if (self.rows is None) == (self.csv is None):
            raise WrongValueError("нужно одно из двух: rows или csv", "either rows or csv")
        return self


class PaymentsImported(BaseModel):
    """How many payments were matched, may be of several orders, are of none, or were decided in an earlier list."""

    proposed: int
    ambiguous: int
    unmatched: int
    known: int


class PaymentMatch(Wire):
    """The order that a payment is of; left out, the one that is proposed."""

    order_id: UUID | None = None


class ImportedPaymentView(BaseModel):
    """A payment that the school does not know, and its order: proposed, or confirmed by a person.

    `candidates`: orders that it may be of, when there are several.
    """

    id: UUID
    desk: str
    paid_on: date
    name: str
    amount: Money
    external_id: str | None
    state: MatchState
    order_id: UUID | None
    lead_id: UUID | None
    candidates: list[UUID]
    imported_at: datetime
    imported_by: str
    decided_at: datetime | None
    decided_by: str | None
    version: int
