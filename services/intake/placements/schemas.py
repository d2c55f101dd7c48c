"""Orders that people make, on the wire."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from libs.common.domain.code import Code
from libs.common.platform.http.wire import NOT_HIDDEN, Sum, Wire
from services.intake.contacts.schemas import Email

Title = Annotated[str, Field(min_length=1, max_length=500, pattern=r"\S")]


class OrderIn(Wire):
    """An order that a person makes for a customer (S4.8): it is here at once, and is made at the source's school.

    `title` is what is bought, `offer_code` the school's own code of it. It is of a lead that is not over and has no
    order; a lead that is over, or has one, leads to a new lead of its customer. What is known of them need not be
    said: `name` is needed of a new customer alone. The school knows people by their e-mail: without one on file it
    is needed.
    """

    desk: Code
    source: Code
    lead_id: UUID | None = None
    customer_id: UUID | None = None
    name: Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S"), NOT_HIDDEN] | None = None
    phone: Annotated[str, Field(min_length=1, max_length=64), NOT_HIDDEN] | None = None
    email: Email | None = None
    title: Title
    offer_code: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    amount: Sum
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "RUB"
