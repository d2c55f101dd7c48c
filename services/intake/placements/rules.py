"""Orders that people make: their numbers, and what an order needs before a school can have it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

#: Numbers that we give to orders made by hand (S4.8): such an order is known by its number, not by the id that the
#: school gives it, which is not known before its webhook may be here.
OURS = re.compile(r"dz-[a-z0-9]{12}")
_NO_EMAIL, _NO_NUMBER, _NO_TITLE = "no_email", "no_number", "no_title"
#: The school made an order of several products: what is said of it names one, and would make it the only one.
SEVERAL = "several_items"
_BETWEEN = ",;\n"  # products that are named in one line


@dataclass(frozen=True, slots=True)
class Placing:
    """An order as it is made or completed at the school; `number` is ours. None: it stays as it is."""

    number: str
    email: str
    title: str
    phone: str | None = None
    name: str | None = None
    offer_code: str | None = None
    amount: Decimal | None = None
    currency: str = "RUB"


def placing_of(order: Mapping[str, object]) -> Placing | str:
    """Return an order's row as a school is given it, or the code of why it cannot be.

    One that we made is known by our number, any other by the school's own: of that, and of its person, nothing is
    said anew.
    """
    external_id, number = str(order["external_id"]), order["external_number"]
    is_ours = OURS.fullmatch(external_id) is not None
    own = external_id if is_ours else number
    items, email = order["items"], order["email"]
    products = [item for item in items if isinstance(item, Mapping)] if isinstance(items, list) else []
    if not isinstance(email, str):
        return _NO_EMAIL
    if not isinstance(own, str):
        return _NO_NUMBER
    if not products:
        return _NO_TITLE
    titles, code = [str(item["title"]) for item in products], _text(products[0].get("code"))
    if not is_ours and (len(titles) > 1 or (code is None and any(mark in titles[0] for mark in _BETWEEN))):
        return SEVERAL
    return Placing(
        number=own,
        email=email,
        title=", ".join(titles),
        phone=_text(order["phone"]) if is_ours else None,
        name=_text(order["name"]) if is_ours else None,
        offer_code=code,
        amount=order["amount"],  # type: ignore[arg-type]  # a numeric column
        currency=str(order["currency"]),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
