"""What is known of an order: which fields have a value, and the sum of its lines."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

NUMBER = "number:"  # before the number of an order that is known by it, where that is the id of another
#: The fields with a value of their own, in the order in which `filled` names them; `items` come last.
FILLED_COLUMNS = ("external_number", "amount", "paid", "payment_link", "remarks")


def filled_of(values: Mapping[str, object], items: Sequence[object]) -> tuple[str, ...]:
    """Return the codes of the fields that have a value."""
    filled = tuple(name for name in FILLED_COLUMNS if values[name] is not None)
    return (*filled, "items") if items else filled


def goods_of(lines: Sequence[tuple[Decimal | None, int]]) -> Decimal | None:
    """Return the sum of (price, quantity); None unless each line has a price."""
    sums = [price * quantity for price, quantity in lines if price is not None]
    return sum(sums, Decimal(0)) if sums and len(sums) == len(lines) else None
