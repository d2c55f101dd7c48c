"""Lines of an order as senders write them."""

from decimal import Decimal

from services.intake.formats.amounts import MAX_AMOUNT
from services.intake.formats.common import NAME
from services.intake.formats.rules import Json, ParsedItem
from services.intake.formats.values import Reader, read_quantity

MAX_ITEMS = 100


def items_of(fields: Reader) -> tuple[ParsedItem, ...]:
    """Return the lines of an order: a list of objects or titles, else the one product that is named."""
    lines = fields.value("items")
    if not isinstance(lines, list):
        single = {name: fields.value(name) for name in ("product", "quantity", "price")}
        lines = [{"title": single["product"], "sku": single["product"], **single}]
    if len(lines) > MAX_ITEMS:
        fields.note("items", "cut", f"{len(lines)} > {MAX_ITEMS}")
    read_lines = (item_of(fields, line) for line in lines[:MAX_ITEMS])
    return tuple(item for item in read_lines if item is not None)


def item_of(fields: Reader, line: Json) -> ParsedItem | None:
    """Return one line; None for one without a title."""
    if not isinstance(line, dict):
        line = {"title": line}
    code = fields.clean("items.sku", line.get("sku") or line.get("code"), NAME)
    title = fields.clean("items.title", line.get("title") or line.get("name"), 500) or code
    if title is None:
        return None
    given = line.get("quantity")
    quantity = 1 if given is None else read_quantity(given)
    if quantity is None:
        # The text of nested lists would be nested as deeply.
        given = given if isinstance(given, str | int | float | Decimal) else ""
        fields.note("items.quantity", "not_a_quantity", str(given))
    price = line.get("price")
    amount = fields.amount("items.price", price.get("amount") if isinstance(price, dict) else price)
    return ParsedItem(title, code, quantity or 1, amount)


def sum_of(items: tuple[ParsedItem, ...]) -> Decimal | None:
    """Return the sum of the lines, None when a price is missing."""
    prices = [item.price * item.quantity for item in items if item.price is not None]
    total = sum(prices, Decimal(0))
    return total if prices and len(prices) == len(items) and total < MAX_AMOUNT else None
