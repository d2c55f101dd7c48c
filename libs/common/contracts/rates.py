"""Events of currency rates: dated facts of intake, by which messages say a price in the customer's currency."""

from datetime import date
from decimal import Decimal
from typing import Annotated, ClassVar

from pydantic import Field, PlainSerializer

from libs.common.contracts.envelope import EventData
from libs.common.contracts.topics import Topic

PerUnit = Annotated[
    Decimal,
    PlainSerializer(lambda value: f"{value:f}", return_type=str),
    Field(gt=0, max_digits=18, decimal_places=9),
]


class RateChanged(EventData):
    """What one unit of a currency costs in `base` from `day` on is known, or was corrected. Key `rate:<currency>`.

    It is used until `holds_until`, that day included, unless a newer day's is known (S4.12). `official`: as the
    central bank has set it, for all desks (`ce_desk` is `*`); else one desk's own, which goes before it.
    """

    event_type: ClassVar[str] = "dozvon.rate.changed.v1"
    owner: ClassVar[str] = "intake"
    topic: ClassVar[Topic] = Topic.INTAKE

    currency: str = Field(pattern="^[A-Z]{3}$")
    base: str = Field(pattern="^[A-Z]{3}$")
    day: date
    holds_until: date
    per_unit: PerUnit
    official: bool


EVENTS = (RateChanged,)
