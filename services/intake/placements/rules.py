"""Orders that people make: their numbers, and what an order needs before a school can have it. Pure."""

import secrets
from collections.abc import Mapping

from services.intake.formats.getcourse_api import Placing
from services.intake.formats.getcourse_events import OURS

_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
_LENGTH = 12
_NO_EMAIL, _NO_NUMBER, _NO_TITLE = "no_email", "no_number", "no_title"


def new_number() -> str:
    """Return a number for an order that we make: nobody else gives it, and who knows one knows no other."""
    return "dz-" + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))


def placing_of(order: Mapping[str, object]) -> Placing | str:
    """Return an order's row as a school is told it, or the code of what it lacks.

    One that we made is known by our number, any other by the school's own.
    """
    external_id, number = str(order["external_id"]), order["external_number"]
    own = external_id if OURS.fullmatch(external_id) else number
    items, email = order["items"], order["email"]
    first = items[0] if isinstance(items, list) and items else None
    if not isinstance(email, str):
        return _NO_EMAIL
    if not isinstance(own, str):
        return _NO_NUMBER
    if not isinstance(first, Mapping):
        return _NO_TITLE
    return Placing(
        number=own,
        email=email,
        title=", ".join(str(item["title"]) for item in items if isinstance(item, Mapping))
        if isinstance(items, list)
        else "",
        phone=_text(order["phone"]),
        name=_text(order["name"]),
        offer_code=_text(first.get("code")),
        amount=order["amount"],  # type: ignore[arg-type]  # a numeric column
        currency=str(order["currency"]),
    )


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
