"""Events that intake owns of what customers may be written to and called for (P.14). The key is `customer:<id>`."""

from typing import ClassVar
from uuid import UUID

from libs.common.contracts.intake import PartyEvent
from libs.common.contracts.shared import Purpose


class ConsentChanged(PartyEvent):
    """What a customer is not to be contacted for is another by now: they withdrew, consented again, were listed.

    `closed` are all purposes that are closed; `listed`: an identity of theirs is on the desk's black list, so
    nothing goes to them at all. Of customers who are merged it is said of each, under their own key.
    """

    event_type: ClassVar[str] = "dozvon.consent.changed.v1"

    customer_id: UUID
    closed: tuple[Purpose, ...] = ()
    listed: bool = False
    actor: str


EVENTS = (ConsentChanged,)
