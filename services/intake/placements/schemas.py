"""Orders that people make, on the wire."""

from typing import Annotated

from pydantic import Field

from libs.common.domain.code import Code
from libs.common.platform.http.wire import Sum, Wire
from services.intake.contacts.schemas import Email

Title = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class OrderIn(Wire):
    """An order that a person makes for a customer (S4.8): it is here at once, and is made at the source's school.

    `title` is what is bought, `offer_code` the school's own code of it.
    """

    desk: Code
    source: Code
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
    phone: Annotated[str | None, Field(min_length=1, max_length=64)] = None
    email: Email
    title: Title
    offer_code: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    amount: Sum
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "RUB"
