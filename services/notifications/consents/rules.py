"""Whether a customer may be written to. Data in, decision out."""

from collections.abc import Collection
from dataclasses import dataclass

from libs.common.contracts.shared import Purpose
from services.notifications.ladders.rules import Stop


@dataclass(frozen=True, slots=True)
class Consent:
    """For what a customer is not written to; `listed`: for nothing at all."""

    closed: Collection[str] = ()
    listed: bool = False

    def refusal(self, *, marketing: bool) -> Stop | None:
        """Return why a message does not go to them by any channel."""
        if self.listed:
            return Stop.BLACK_LISTED
        purpose = Purpose.MARKETING if marketing else Purpose.TRANSACTIONAL
        return Stop.CONSENT_WITHDRAWN if purpose in self.closed else None


#: Of who never withdrew anything.
OPEN = Consent()
